/**
 * Text for a terminal. Text from the network or from the user passes {@linkcode printable} first, so that the terminal
 * executes no control sequence in it.
 *
 * @module
 */

import { printable, printableJson } from "../printable.ts";

export { printable, printableJson };

/** User input for a message: printable, in quotes, and at most {@linkcode MAX_QUOTED} characters long. */
export function quote(text: string): string {
  const safe = printable(text.slice(0, MAX_QUOTED + 1));
  return `"${safe.length > MAX_QUOTED ? `${safe.slice(0, MAX_QUOTED)}\u2026` : safe}"`;
}

/** Splits text into printable lines; keeps its colours. */
export function printableLines(text: string): string[] {
  return text.split("\n").map((line) =>
    line.split(COLOUR).map((part, index) => index % 2 === 1 ? part : printable(part)).join("")
  );
}

/** Text without its colours. */
export function plain(text: string): string {
  return text.replace(COLOUR, "");
}

/** Cuts text to a number of columns and ends it with an ellipsis. Colours take no columns. */
export function cut(text: string, columns: number, widthOf: (text: string) => number): string {
  if (columns === Infinity || widthOf(plain(text)) <= columns) return text;
  if (columns < 1) return "";
  let kept = "";
  let left = columns - 1;
  let isColoured = false;
  for (const part of text.split(COLOUR)) {
    if (part.startsWith(ESCAPE)) {
      kept += part;
      isColoured = true;
      continue;
    }
    for (const character of part) {
      const width = widthOf(character);
      if (width > left) return `${kept}\u2026${isColoured ? RESET : ""}`;
      kept += character;
      left -= width;
    }
  }
  return kept;
}

/** Pads text with blanks to a number of columns. */
export function pad(text: string, columns: number, widthOf: (text: string) => number): string {
  return text + " ".repeat(Math.max(0, columns - widthOf(plain(text))));
}

/** `203.0.113.5:6000`, `[2001:db8::1]:6000`; without the port for port 0, which is all ports (RFC 6887 section 11.1). */
export function endpoint(address: string, port: number): string {
  if (port === 0) return address;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** `3 s`, `1 h 5 min`: the two largest units. */
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

/** Joins words to lines of a maximum width in columns. */
export function wrap(
  words: readonly string[],
  gap: string,
  columns: number,
  widthOf = (text: string): number => text.length,
): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const line = lines.at(-1);
    const longer = `${line}${gap}${word}`;
    if (line === undefined || widthOf(longer) > columns) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

/** The time of day, with the date if it is not today. */
export function clockTime(time: Date, now: Date): string {
  const two = (number: number): string => String(number).padStart(2, "0");
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  if (time.toDateString() === now.toDateString()) return clock;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`;
}

type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Functions that colour text, or return it unchanged where colours are off. */
export type Paint =
  & Readonly<Record<Style, (text: string) => string>>
  & { readonly enabled: boolean };

/** Creates the functions that colour text. */
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

const ESCAPE = "\x1b";

const RESET = `${ESCAPE}[0m`;

const MAX_QUOTED = 60;

const COLOUR = new RegExp(`(${ESCAPE}\\[[0-9;]*m)`, "g");

const UNITS = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]] as const;
