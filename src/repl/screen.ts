import { ASCII, type BarStyle, BLOCKS } from "./lease_bar.ts";
import { cut, type Paint, paint, plain } from "./text.ts";
import type { Marks } from "./vscode.ts";

/** The streams and the size of a terminal. */
export interface ScreenParts {
  /** Writes to standard output. */
  readonly write: (text: string) => void;
  /** Writes to standard error, or to standard output while lines are edited. */
  readonly writeError: (text: string) => void;
  /** The current number of columns; Infinity where standard output is no terminal. */
  readonly columns: () => number;
  /** The current number of rows; without limit if missing. */
  readonly rows?: () => number;
  readonly widthOf: (text: string) => number;
  /** Whether block characters are shown. */
  readonly blocks?: boolean;
  /** Whether lines can be replaced in place. */
  readonly live: boolean;
  readonly colours: boolean;
  readonly marks: Marks;
}

/** The line being typed, which is erased while something is printed above it. */
export interface InputLine {
  /** Erases the line. */
  hide(): void;
  /** Draws the line again. */
  show(): void;
  /** Draws the line again for a new width of the terminal. */
  resized(): void;
}

/** Prints everything, so that output never mixes with live lines or with the line being typed. */
export class Screen {
  readonly paint: Paint;
  /** Whether live lines are shown: spinners and tables that are updated in place. */
  readonly isLive: boolean;
  readonly widthOf: (text: string) => number;
  readonly marks: Marks;
  /** The characters of bars. */
  readonly bar: BarStyle;
  /** Between two events. */
  readonly arrow: string;
  readonly #parts: ScreenParts;
  #live: readonly string[] = [];
  #drawnRows = 0;
  #busy = false;
  #inputLine: InputLine | undefined;

  constructor(parts: ScreenParts) {
    this.#parts = parts;
    this.paint = paint(parts.colours);
    this.isLive = parts.live;
    this.widthOf = parts.widthOf;
    this.marks = parts.marks;
    this.bar = parts.blocks === true ? BLOCKS : ASCII;
    this.arrow = parts.blocks === true ? "→" : ">";
  }

  /** The current number of columns. */
  get columns(): number {
    return this.#parts.columns();
  }

  /** The current number of rows. */
  get rows(): number {
    return this.#parts.rows?.() ?? Infinity;
  }

  /** Writes text as it is: the line being typed, and marks. */
  write(text: string): void {
    this.#parts.write(text);
  }

  /** Prints lines above the live lines and the line being typed. */
  print(...lines: readonly string[]): void {
    this.#around(() => this.#parts.write(lines.map((line) => `${line}\n`).join("")));
  }

  /** Prints lines to standard error. */
  error(...lines: readonly string[]): void {
    this.#around(() => this.#parts.writeError(lines.map((line) => `${line}\n`).join("")));
  }

  /**
   * Replaces the live lines, which stay below everything else; without lines it removes them.
   *
   * @param busy Whether the terminal shows progress.
   */
  live(lines: readonly string[] = [], busy = lines.length > 0): void {
    if (!this.isLive) return;
    const mark = busy === this.#busy ? "" : busy ? this.marks.busy : this.marks.idle;
    this.#busy = busy;
    this.#parts.write(this.#erase() + this.#draw(lines) + mark);
  }

  /** Sets the line that is being typed; undefined while there is none. */
  setInputLine(inputLine: InputLine | undefined): void {
    this.#inputLine = inputLine;
  }

  /** Draws what changes in place again, for a new width of the terminal. */
  resized(): void {
    this.#inputLine?.resized();
    if (this.#drawnRows === 0) return;
    this.#drawnRows = this.#rowsOf(this.#live);
    this.live(this.#live, this.#busy);
  }

  #around(write: () => void): void {
    const live = this.#live;
    const erased = this.#erase();
    if (erased !== "") this.#parts.write(erased);
    this.#inputLine?.hide();
    write();
    this.#inputLine?.show();
    if (live.length > 0) this.#parts.write(this.#draw(live));
  }

  /** Cuts each line to one row, so that the number of rows to erase is known. */
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

  /** The rows that lines take; a terminal that became narrower has wrapped them. */
  #rowsOf(lines: readonly string[]): number {
    const columns = Math.max(1, this.#parts.columns());
    return lines.reduce(
      (rows, line) => rows + Math.max(1, Math.ceil(this.widthOf(plain(line)) / columns)),
      0,
    );
  }
}
