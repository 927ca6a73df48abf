import type { Completer, Interface, ReadLineOptions } from "node:readline";
import { complete, type CompletionContext } from "./complete.ts";
import { HISTORY_LIMIT } from "./history.ts";
import type { Screen, Typing } from "./screen.ts";
import { printable } from "./text.ts";
import type { Marks } from "./vscode.ts";

/** What a prompt gets from outside. */
export interface PromptParts {
  /** `createInterface` of `node:readline`. */
  readonly createInterface: (options: ReadLineOptions) => Interface;
  /** Keys, as the terminal sends them. */
  readonly input: ReadLineOptions["input"];
  /** Makes the stream that the line editor draws on. */
  readonly makeOutput: (write: (text: string) => void) => NonNullable<ReadLineOptions["output"]>;
  readonly write: (text: string) => void;
  readonly screen: Screen;
  readonly marks: Marks;
  /** Oldest first. */
  readonly history: readonly string[];
  /** What stands in front of the line, as it is at the moment. */
  readonly label: () => string;
  readonly completion: CompletionContext;
  /** Ctrl-C while a command runs. */
  readonly onInterrupt: () => void;
}

/** A line that is typed with editing, history and completion, below news that keep coming. */
export class Prompt implements Typing {
  readonly #parts: PromptParts;
  readonly #editor: Interface;
  readonly #queue: string[] = [];
  #waiting: ((line: string | undefined) => void) | undefined;
  #muted = true;
  #closed = false;
  #interrupts = 0;

  constructor(parts: PromptParts) {
    this.#parts = parts;
    this.#editor = parts.createInterface({
      input: parts.input,
      output: parts.makeOutput((text) => {
        if (!this.#muted) parts.write(text);
      }),
      terminal: true,
      history: [...parts.history].reverse(),
      historySize: HISTORY_LIMIT,
      removeHistoryDuplicates: true,
      completer: this.#completer(),
    });
    this.#editor.on("line", (line) => this.#entered(line));
    this.#editor.on("close", () => this.close());
    this.#editor.on("SIGINT", () => this.#interrupted());
    // Ctrl-Z would stop the renewals of every mapping, so it does nothing.
    this.#editor.on("SIGTSTP", () => {});
    parts.input.on("keypress", (_text: string, key: { ctrl?: boolean; name?: string } = {}) => {
      if (key.ctrl !== true || key.name !== "c") this.#interrupts = 0;
    });
  }

  /** Asks for a line; undefined if there will be none any more. */
  async next(): Promise<string | undefined> {
    const { label, marks, screen, write } = this.#parts;
    const early = this.#queue.shift();
    if (early !== undefined) {
      // It was typed while a command was running: shown as if it had been typed now.
      write(`${marks.promptStart}${label()}${marks.promptEnd}${printable(early)}\n`);
      return early;
    }
    if (this.#closed) return undefined;
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#waiting = resolve;
    this.show();
    screen.typing(this);
    return await promise;
  }

  hide(): void {
    const { rows } = this.#editor.getCursorPos();
    this.#parts.write(`${this.#parts.marks.lineLeft}${rows > 0 ? `\x1b[${rows}A` : ""}\r\x1b[J`);
  }

  show(): void {
    const { label, marks, write } = this.#parts;
    const text = label();
    this.#editor.setPrompt(text);
    if (marks.promptStart !== "") write(`${marks.promptStart}${text}${marks.promptEnd}`);
    this.#drawnRows(0);
    this.#muted = false;
    // The terminal may have gone, before or with what was just written; a closed editor throws.
    if (!this.#closed) this.#editor.prompt(true);
  }

  /** Puts text into the line as a whole; much faster than key by key. */
  paste(text: string): void {
    if (this.#closed) return;
    this.#interrupts = 0;
    this.#editor.write(text);
    this.#drawnRows(this.#editor.getCursorPos().rows);
  }

  /** No line will be asked for any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.length = 0;
    if (this.#waiting === undefined) this.#parts.onInterrupt();
    else this.#settle(undefined, `\n${this.#parts.marks.finished()}`);
    this.#editor.close();
  }

  /**
   * Tells the editor on which row below the prompt the cursor is: it goes up by as many before it draws. Deno's does not
   * count what came in one piece, and none knows what was printed in between.
   */
  #drawnRows(rows: number): void {
    Object.assign(this.#editor, { prevRows: rows });
  }

  #entered(line: string): void {
    this.#interrupts = 0;
    if (this.#waiting === undefined) this.#queue.push(line);
    else this.#settle(line, "");
  }

  #interrupted(): void {
    const { marks, screen } = this.#parts;
    this.#interrupts++;
    this.#queue.length = 0;
    if (this.#interrupts > 1) return this.close();
    const isTyping = this.#waiting !== undefined;
    this.#muted = true;
    this.#wipe();
    if (!isTyping) return this.#parts.onInterrupt();
    screen.typing(undefined);
    this.#parts.write(`^C\n${marks.finished()}`);
    screen.print(screen.paint.dim("Ctrl-C again, or Ctrl-D, deletes every mapping and leaves"));
    this.show();
    screen.typing(this);
  }

  #settle(line: string | undefined, ending: string): void {
    const settle = this.#waiting;
    this.#waiting = undefined;
    this.#muted = true;
    this.#parts.screen.typing(undefined);
    this.#parts.write(ending);
    settle?.(line);
  }

  /** Empties the line by the editor's own keys. */
  #wipe(): void {
    this.#editor.write(null, { ctrl: true, name: "e" });
    this.#editor.write(null, { ctrl: true, name: "u" });
  }

  #completer(): Completer {
    const { completion } = this.#parts;
    const completer = (
      line: string,
      done: (error: Error | null, result: [string[], string]) => void,
    ): void => {
      complete(line, completion).then(
        ({ candidates, word }) => done(null, [[...candidates], word]),
        // Nothing to offer is no trouble.
        () => done(null, [[], ""]),
      );
    };
    return completer as unknown as Completer;
  }
}

/** `pcp 192.168.1.1 [2]> `: the server and the number of mappings. */
export function promptLabel(server: string | undefined, mappings: number, screen: Screen): string {
  const { paint } = screen;
  if (server === undefined) return `${paint.bold("pcp")}> `;
  return `${paint.bold("pcp")} ${paint.cyan(printable(server))} [${mappings}]> `;
}
