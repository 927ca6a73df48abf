import { runtime } from "../runtime/running.ts";

/** Lines kept across runs. */
export const HISTORY_LIMIT = 1_000;

/**
 * The file of the lines typed at the prompt.
 *
 * @returns Undefined if the environment names no folder for it.
 */
export function historyPath(
  os: string,
  env: (name: string) => string | undefined,
): string | undefined {
  const under = (base: string | undefined, ...path: string[]): string | undefined =>
    base === undefined || base === "" ? undefined : [base, ...path, "pcp", "history"].join("/");
  if (os === "windows") return under(env("LOCALAPPDATA"));
  if (os === "darwin") return under(env("HOME"), "Library", "Application Support");
  // XDG base directory specification: relative paths are ignored.
  const state = env("XDG_STATE_HOME");
  return state?.startsWith("/") === true ? under(state) : under(env("HOME"), ".local", "state");
}

/** The history file. One that cannot be read is empty, one that cannot be written is left as it is. */
export class HistoryFile {
  readonly #path: string | undefined;
  #adding = Promise.resolve();

  /** @param path Undefined keeps no history. */
  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** The lines, oldest first. */
  async read(): Promise<string[]> {
    if (this.#path === undefined) return [];
    const { readFile } = await import("node:fs/promises");
    return readHistory(await readFile(this.#path, "utf8").catch(() => ""));
  }

  /** Appends a line, after those that are being appended. */
  add(line: string): Promise<void> {
    return this.#adding = this.#adding.then(() => this.#add(line));
  }

  async #add(line: string): Promise<void> {
    const path = this.#path;
    if (path === undefined) return;
    // Read again each time, so that several prompts keep each other's lines.
    const text = historyText(addToHistory(await this.read(), line));
    const temporary = `${path}.${runtime.pid}`;
    const files = await import("node:fs/promises");
    try {
      await files.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true, mode: 0o700 });
      await files.writeFile(temporary, text, { mode: 0o600 });
      await files.rename(temporary, path);
    } catch {
      await files.rm(temporary).catch(() => {
        // It was not created.
      });
    }
  }
}

/** The lines of a history file, oldest first, without those that cannot have been typed. */
export function readHistory(text: string): string[] {
  return text.split("\n").filter(isKept).slice(-HISTORY_LIMIT);
}

/** The history with one more line, which replaces an earlier copy of itself. */
export function addToHistory(lines: readonly string[], line: string): string[] {
  if (!isKept(line)) return [...lines];
  return [...lines.filter((other) => other !== line), line].slice(-HISTORY_LIMIT);
}

/** The text of a history file. */
export function historyText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

/** A leading blank keeps a line out of the history, as in shells. */
function isKept(line: string): boolean {
  return line.trim() !== "" && !line.startsWith(" ") && line.length <= MAX_LENGTH &&
    !/\p{Cc}/u.test(line);
}

const MAX_LENGTH = 1_000;
