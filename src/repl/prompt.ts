import type { Completer, Interface, ReadLineOptions } from "node:readline";
import { complete, type CompletionContext } from "./complete.ts";
import { HISTORY_LIMIT } from "./history.ts";
import type { ReplClient } from "./repl_client.ts";
import type { InputLine, Screen } from "./screen.ts";
import { printable } from "./text.ts";
import type { Marks } from "./vscode.ts";

/** The streams of a prompt, and what it shows. */
export interface PromptParts {
  /** `createInterface` of `node:readline`. */
  readonly createInterface: (options: ReadLineOptions) => Interface;
  /** The keys that the terminal sends. */
  readonly input: ReadLineOptions["input"];
  /** Creates the stream that the line editor draws on. */
  readonly makeOutput: (write: (text: string) => void) => NonNullable<ReadLineOptions["output"]>;
  readonly write: (text: string) => void;
  readonly screen: Screen;
  readonly marks: Marks;
  /** Oldest first. */
  readonly history: readonly string[];
  /** The text in front of the line, computed for each drawing. */
  readonly label: () => string;
  readonly completion: CompletionContext;
  /** Ctrl-C while a command runs. */
  readonly onInterrupt: () => void;
}

/** Reads lines with editing, history and completion, while alerts are printed above them. */
export class Prompt implements InputLine {
  readonly #parts: PromptParts;
  readonly #editor: Interface;
  readonly #queue: string[] = [];
  /** Resolves the pending {@linkcode Prompt.next}. */
  #resolve: ((line: string | undefined) => void) | undefined;
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
    // Ctrl-Z is ignored: a stopped process renews no mapping.
    this.#editor.on("SIGTSTP", () => {});
    parts.input.on("keypress", (_text: string, key: { ctrl?: boolean; name?: string } = {}) => {
      if (key.ctrl !== true || key.name !== "c") this.#interrupts = 0;
    });
  }

  /** Reads a line; undefined at the end of the input. */
  async next(): Promise<string | undefined> {
    const { label, marks, screen, write } = this.#parts;
    const queued = this.#queue.shift();
    if (queued !== undefined) {
      // Typed while a command was running: drawn as if it were typed now.
      write(`${marks.promptStart}${label()}${marks.promptEnd}${printable(queued)}\n`);
      return queued;
    }
    if (this.#closed) return undefined;
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#resolve = resolve;
    this.show();
    screen.setInputLine(this);
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
    this.#setCursorRow(0);
    this.#muted = false;
    // The write above closes the editor if the terminal has gone, and a closed editor throws.
    if (!this.#closed) this.#editor.prompt(true);
  }

  /** Inserts text at once, which is much faster than key by key. */
  paste(text: string): void {
    if (this.#closed) return;
    this.#interrupts = 0;
    this.#editor.write(text);
    this.#setCursorRow(this.#editor.getCursorPos().rows);
  }

  /** Ends the input. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.length = 0;
    if (this.#resolve === undefined) this.#parts.onInterrupt();
    else this.#finish(undefined, `\n${this.#parts.marks.finished()}`);
    this.#editor.close();
  }

  /**
   * Sets the editor's record of the cursor's row below the prompt, which it moves up by before it draws. Deno's editor does
   * not count text inserted at once, and no editor knows what was printed in between.
   */
  #setCursorRow(rows: number): void {
    Object.assign(this.#editor, { prevRows: rows });
  }

  #entered(line: string): void {
    this.#interrupts = 0;
    if (this.#resolve === undefined) this.#queue.push(line);
    else this.#finish(line, "");
  }

  #interrupted(): void {
    const { marks, screen } = this.#parts;
    this.#interrupts++;
    this.#queue.length = 0;
    if (this.#interrupts > 1) return this.close();
    this.#muted = true;
    this.#clearLine();
    if (this.#resolve === undefined) return this.#parts.onInterrupt();
    screen.setInputLine(undefined);
    this.#parts.write(`^C\n${marks.finished()}`);
    screen.print(screen.paint.dim("Ctrl-C again, or Ctrl-D, deletes every mapping and leaves"));
    this.show();
    screen.setInputLine(this);
  }

  #finish(line: string | undefined, ending: string): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    this.#muted = true;
    this.#parts.screen.setInputLine(undefined);
    this.#parts.write(ending);
    resolve?.(line);
  }

  /** Clears the line with the editor's keys: to its end, delete to its start. */
  #clearLine(): void {
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
        // A failed completion offers nothing.
        () => done(null, [[], ""]),
      );
    };
    return completer as unknown as Completer;
  }
}

/** `pcp 192.168.1.1 [2]> `: the server and the number of mappings. */
export function promptLabel(client: ReplClient | undefined, { paint }: Screen): string {
  if (client === undefined) return `${paint.bold("pcp")}> `;
  const { label, handle } = client;
  return `${paint.bold("pcp")} ${paint.cyan(printable(label))} [${handle.mappings.length}]> `;
}
