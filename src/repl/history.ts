/** Lines kept across runs. */
export const HISTORY_LIMIT = 1_000;

/** The file that keeps the lines typed at the prompt; undefined where nobody says where such files go. */
export function historyPath(
  os: string,
  env: (name: string) => string | undefined,
): string | undefined {
  const under = (base: string | undefined, ...path: string[]): string | undefined =>
    base === undefined || base === "" ? undefined : [base, ...path, "pcp", "history"].join("/");
  if (os === "windows") return under(env("LOCALAPPDATA"));
  if (os === "darwin") return under(env("HOME"), "Library", "Application Support");
  // XDG base directory specification: relative paths are to be ignored.
  const state = env("XDG_STATE_HOME");
  return state?.startsWith("/") === true ? under(state) : under(env("HOME"), ".local", "state");
}

/** The lines of a history file, oldest first; strange ones are left out. */
export function readHistory(text: string): string[] {
  return text.split("\n").filter(isWorthKeeping).slice(-HISTORY_LIMIT);
}

/** The history with one more line, as it is to stand in the file. An earlier copy of the line goes. */
export function addToHistory(lines: readonly string[], line: string): string[] {
  if (!isWorthKeeping(line)) return [...lines];
  return [...lines.filter((other) => other !== line), line].slice(-HISTORY_LIMIT);
}

/** The text of a history file. */
export function historyText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

/** Not blank, not told to be forgotten by a blank in front, harmless, and of a length that somebody typed. */
function isWorthKeeping(line: string): boolean {
  return line.trim() !== "" && !line.startsWith(" ") && line.length <= LONGEST &&
    !/\p{Cc}/u.test(line);
}

const LONGEST = 1_000;
