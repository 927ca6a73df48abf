/** The search for an earlier line, as Ctrl-R begins it in shells. */
export class HistorySearch {
  /** The line before the search, for Ctrl-G. */
  readonly before: string;
  /** Newest first. */
  readonly #lines: readonly string[];
  #query = "";
  /** The index of the line found; -1 before the first search. */
  #at = -1;

  constructor(lines: readonly string[], before: string) {
    this.#lines = lines;
    this.before = before;
  }

  /** The text that the line must have. */
  get query(): string {
    return this.#query;
  }

  /** The line found; undefined if none has the text. */
  get found(): string | undefined {
    return this.#query === "" ? this.before : this.#lines[this.#at];
  }

  /** Searches for a longer text, from the line found on. */
  add(text: string): void {
    this.#query += text;
    this.#find(Math.max(this.#at, 0));
  }

  /** Searches for a text without its last character, from the newest line on. */
  remove(): void {
    this.#query = [...this.#query].slice(0, -1).join("");
    this.#find(0);
  }

  /** Searches for an older line; the one found stays if there is none. */
  older(): void {
    const at = this.#at;
    this.#find(at + 1);
    if (this.#lines[this.#at] === undefined) this.#at = at;
  }

  #find(from: number): void {
    if (this.#query === "") this.#at = -1;
    else {
      const index = this.#lines.findIndex((line, at) => at >= from && line.includes(this.#query));
      this.#at = index < 0 ? this.#lines.length : index;
    }
  }
}
