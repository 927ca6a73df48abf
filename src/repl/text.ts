/**
 * Text that goes to a terminal. What comes from the network or from the user passes {@linkcode printable} first, so that no
 * byte of theirs is obeyed by the terminal.
 *
 * @module
 */

/** One line: control characters, line separators and the marks that reorder text become visible escapes. */
export function printable(text: string): string {
  // Control characters, line separators, and what turns the direction of writing.
  return text.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, escape);
}

/** What somebody typed, for a message: harmless, in quotes, and no longer than a line takes. */
export function quote(text: string): string {
  const safe = printable(text.slice(0, QUOTED + 1));
  return `"${safe.length > QUOTED ? `${safe.slice(0, QUOTED)}\u2026` : safe}"`;
}

/** Several lines, which may have colours of their own; everything else that a terminal would obey becomes visible. */
export function printableLines(text: string): string[] {
  return text.split("\n").map((line) =>
    line.split(COLOUR).map((part, index) => index % 2 === 1 ? part : printable(part)).join("")
  );
}

/** Text without its colours. */
export function plain(text: string): string {
  return text.replace(COLOUR, "");
}

/** Cuts text to so many columns, with an ellipsis where something is missing. Colours take no columns. */
export function cut(text: string, columns: number, widthOf: (text: string) => number): string {
  if (columns === Infinity || widthOf(plain(text)) <= columns) return text;
  if (columns < 1) return "";
  let kept = "";
  let left = columns - 1;
  let colourful = false;
  for (const part of text.split(COLOUR)) {
    if (part.startsWith(ESCAPE)) {
      kept += part;
      colourful = true;
      continue;
    }
    for (const character of part) {
      const width = widthOf(character);
      if (width > left) return `${kept}\u2026${colourful ? RESET : ""}`;
      kept += character;
      left -= width;
    }
  }
  return kept;
}

/** Fills up with blanks to so many columns. */
export function pad(text: string, columns: number, widthOf: (text: string) => number): string {
  return text + " ".repeat(Math.max(0, columns - widthOf(plain(text))));
}

/** `203.0.113.5:6000`, `[2001:db8::1]:6000`; without a port for a mapping of all ports. */
export function endpoint(address: string, port: number): string {
  if (port === 0) return address;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** `3 s`, `1 h 5 min`; the two largest units. */
export function duration(seconds: number): string {
  let rest = Math.max(0, Math.round(seconds));
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0 && parts.length < 2) parts.push(`${count} ${unit}`);
    else if (parts.length > 0) break;
  }
  return parts.join(" ") || "0 s";
}

/** The time of day, with the date if it is not today. */
export function clockTime(time: Date, now: Date): string {
  const two = (number: number): string => String(number).padStart(2, "0");
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  if (time.toDateString() === now.toDateString()) return clock;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`;
}

/** The colours in use; all of them leave the text alone where there are none. */
export interface Paint {
  readonly enabled: boolean;
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

/** Colours, or none. */
export function paint(enabled: boolean): Paint {
  const colour = (code: number) => (text: string): string =>
    enabled && text !== "" ? `${ESCAPE}[${code}m${text}${RESET}` : text;
  return {
    enabled,
    bold: colour(1),
    dim: colour(2),
    red: colour(31),
    green: colour(32),
    yellow: colour(33),
    cyan: colour(36),
  };
}

/** What begins every control sequence. */
export const ESCAPE = "\x1b";

const RESET = `${ESCAPE}[0m`;

/** Characters that a message repeats at most. */
const QUOTED = 60;

const COLOUR = new RegExp(`(${ESCAPE}\\[[0-9;]*m)`, "g");

const UNITS = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]] as const;

function escape(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}
