import { cut, type Paint, paint, plain } from "./text.ts";
import type { Marks } from "./vscode.ts";

/** What a screen is made of. */
export interface ScreenParts {
  /** Writes to standard output. */
  readonly write: (text: string) => void;
  /** Writes to standard error; where both are one terminal, the same. */
  readonly writeError: (text: string) => void;
  /** How many columns there are now; Infinity where standard output is no terminal. */
  readonly columns: () => number;
  readonly widthOf: (text: string) => number;
  /** Whether lines can be replaced. */
  readonly live: boolean;
  readonly colours: boolean;
  readonly marks: Marks;
}

/** The line being typed: goes out of the way while something is printed above it. */
export interface Typing {
  /** Takes the line off the terminal. */
  hide(): void;
  /** Puts it back. */
  show(): void;
}

/** Everything that is printed goes through here, so that nothing is written into the middle of something else. */
export class Screen {
  readonly paint: Paint;
  /** Whether lines can be replaced, so that spinners and tables can be kept current. */
  readonly isLive: boolean;
  readonly widthOf: (text: string) => number;
  readonly #parts: ScreenParts;
  #live: readonly string[] = [];
  #drawnRows = 0;
  #busy = false;
  #typing: Typing | undefined;

  constructor(parts: ScreenParts) {
    this.#parts = parts;
    this.paint = paint(parts.colours);
    this.isLive = parts.live;
    this.widthOf = parts.widthOf;
  }

  /** How many columns fit. */
  get columns(): number {
    return this.#parts.columns();
  }

  /** Prints lines: above the live ones, and above the line being typed. */
  print(...lines: readonly string[]): void {
    this.#around(() => this.#parts.write(lines.map((line) => `${line}\n`).join("")));
  }

  /** Prints a line of trouble. */
  error(...lines: readonly string[]): void {
    this.#around(() => this.#parts.writeError(lines.map((line) => `${line}\n`).join("")));
  }

  /** Shows lines that stay below everything else and change in place; none takes them away. */
  live(lines: readonly string[] = []): void {
    if (!this.isLive) return;
    const busy = lines.length > 0;
    const mark = busy === this.#busy ? "" : busy ? this.#parts.marks.busy : this.#parts.marks.idle;
    this.#busy = busy;
    this.#parts.write(this.#erase() + this.#draw(lines) + mark);
  }

  /** Tells which line is being typed; undefined while none is. */
  typing(typing: Typing | undefined): void {
    this.#typing = typing;
  }

  /** The terminal has another width: what was drawn may take other rows now. */
  resized(): void {
    if (this.#drawnRows === 0) return;
    this.#drawnRows = this.#rowsOf(this.#live);
    this.live(this.#live);
  }

  #around(write: () => void): void {
    const live = this.#live;
    const erased = this.#erase();
    if (erased !== "") this.#parts.write(erased);
    this.#typing?.hide();
    write();
    this.#typing?.show();
    if (live.length > 0) this.#parts.write(this.#draw(live));
  }

  /** Cut to one row each, so that it is known how many there are to erase. */
  #draw(lines: readonly string[]): string {
    this.#live = lines;
    const columns = this.#parts.columns();
    const fitting = lines.map((line) => cut(line, columns - 1, this.widthOf));
    this.#drawnRows = fitting.length;
    return fitting.map((line) => `${line}\n`).join("");
  }

  #erase(): string {
    const rows = this.#drawnRows;
    this.#drawnRows = 0;
    this.#live = [];
    return rows === 0 ? "" : `\x1b[${rows}A\r\x1b[J`;
  }

  /** A narrower terminal wraps what was drawn before. */
  #rowsOf(lines: readonly string[]): number {
    const columns = Math.max(1, this.#parts.columns());
    return lines.reduce(
      (rows, line) => rows + Math.max(1, Math.ceil(this.widthOf(plain(line)) / columns)),
      0,
    );
  }
}
