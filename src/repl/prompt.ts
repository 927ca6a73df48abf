import { type Completer, createInterface, type Interface } from "node:readline";
import { PassThrough, Writable } from "node:stream";
import { deferred } from "../deferred.ts";
import { complete, type CompletionContext } from "./complete.ts";
import { HISTORY_LIMIT } from "./history.ts";
import { HistorySearch } from "./history_search.ts";
import { splitPastes, TypingLimit } from "./lines.ts";
import type { InputLine, Screen } from "./screen.ts";
import { printable, quote } from "./text.ts";

/** What a prompt shows, and its callbacks. */
export interface PromptOptions {
  readonly screen: Screen;
  /** Oldest first. */
  readonly history: readonly string[];
  /** The text in front of the line, computed for each drawing. */
  readonly label: () => string;
  readonly completion: CompletionContext;
  /** Called for Ctrl-C while a command runs. */
  readonly onInterrupt: () => void;
  /** Called for a line that is too long. */
  readonly onTooLong: () => void;
  /** Called for Ctrl-Z; calls the function when this program continues. */
  readonly onSuspend: (onContinue: () => void) => void;
  /** How many mappings the end of the prompt deletes. */
  readonly openPorts: () => number;
}

/** Reads lines with editing, history and completion, while alerts are printed above them. */
export class Prompt implements InputLine {
  readonly #options: PromptOptions;
  readonly #screen: Screen;
  readonly #input = new PassThrough();
  readonly #output: Writable;
  readonly #editor: Interface;
  readonly #queue: string[] = [];
  /** Resolves the pending {@linkcode Prompt.next}. */
  #resolve: ((line: string | undefined) => void) | undefined;
  #muted = true;
  #closed = false;
  #interrupts = 0;
  #search: HistorySearch | undefined;

  constructor(options: PromptOptions) {
    const { screen, history } = options;
    this.#options = options;
    this.#screen = screen;
    this.#output = new Writable({
      decodeStrings: false,
      write: (text: string, _encoding, done) => {
        if (!this.#muted) screen.write(text);
        done();
      },
    });
    Object.defineProperty(this.#output, "columns", { get: () => screen.columns });
    this.#editor = createInterface({
      input: this.#input,
      output: this.#output,
      terminal: true,
      history: [...history].reverse(),
      historySize: HISTORY_LIMIT,
      removeHistoryDuplicates: true,
      completer: this.#completer(),
    });
    this.#editor.on("line", (line) => this.#entered(line));
    this.#editor.on("close", () => this.close());
    this.#editor.on("SIGINT", () => this.#interrupted());
    this.#editor.on("SIGTSTP", () => this.#suspended());
    this.#input.on("keypress", (_text: string, key: { ctrl?: boolean; name?: string } = {}) => {
      if (key.ctrl !== true || key.name !== "c") this.#interrupts = 0;
    });
  }

  /** Passes what the terminal sends to the line editor, until its end. */
  async readKeys(keys: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    const limit = new TypingLimit(this.#options.onTooLong);
    try {
      for await (const octets of keys) {
        const pieces = splitPastes(limit.filter(decoder.decode(octets, { stream: true })));
        for (const { text, isPaste } of pieces) {
          if (isPaste) this.#paste(text);
          else await this.#press(text);
        }
      }
    } catch {
      // The terminal has gone: the same as its end.
    }
    this.#input.end();
  }

  /** Reads a line; undefined at the end of the input. */
  async next(): Promise<string | undefined> {
    const { marks } = this.#screen;
    const queued = this.#queue.shift();
    if (queued !== undefined) {
      // Typed while a command was running: drawn as if it were typed now.
      const label = `${marks.promptStart}${this.#options.label()}${marks.promptEnd}`;
      this.#screen.write(`${label}${printable(queued)}\n`);
      return queued;
    }
    if (this.#closed) return undefined;
    const { promise, resolve } = deferred<string | undefined>();
    this.#resolve = resolve;
    this.show();
    this.#screen.setInputLine(this);
    return await promise;
  }

  hide(): void {
    const { rows } = this.#editor.getCursorPos();
    const { marks } = this.#screen;
    this.#screen.write(`${marks.lineLeft}${rows > 0 ? `\x1b[${rows}A` : ""}\r\x1b[J`);
  }

  show(): void {
    const { marks } = this.#screen;
    const label = this.#search === undefined ? this.#options.label() : searchLabel(this.#search);
    this.#editor.setPrompt(label);
    if (marks.promptStart !== "") {
      this.#screen.write(`${marks.promptStart}${label}${marks.promptEnd}`);
    }
    this.#setCursorRow(0);
    this.#muted = false;
    // The write above closes the editor if the terminal has gone, and a closed editor throws.
    if (!this.#closed) this.#editor.prompt(true);
  }

  resized(): void {
    this.#output.emit("resize");
  }

  /** Ends the input. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.length = 0;
    if (this.#resolve === undefined) this.#options.onInterrupt();
    else this.#finish(undefined, `\n${this.#screen.marks.finished()}`);
    this.#editor.close();
  }

  /**
   * Sets the number of rows that the editor moves up before it draws. Deno's editor does not count text inserted at once, and
   * no editor counts what was printed in between.
   */
  #setCursorRow(rows: number): void {
    Object.assign(this.#editor, { prevRows: rows });
  }

  /** Inserts text at once, which is much faster than key by key. */
  #paste(text: string): void {
    if (this.#closed) return;
    this.#interrupts = 0;
    this.#editor.write(text);
    this.#setCursorRow(this.#editor.getCursorPos().rows);
  }

  #entered(line: string): void {
    this.#interrupts = 0;
    if (this.#resolve === undefined) this.#queue.push(line);
    else this.#finish(line, "");
  }

  /** Ctrl-C clears a line. Without one it cancels the running command, or leaves when it is pressed again. */
  #interrupted(): void {
    const screen = this.#screen;
    this.#queue.length = 0;
    const hasLine = this.#editor.line !== "";
    this.#interrupts = hasLine && this.#resolve !== undefined ? 0 : this.#interrupts + 1;
    if (this.#interrupts > 1) return this.close();
    this.#muted = true;
    this.#clearLine();
    if (this.#resolve === undefined) return this.#options.onInterrupt();
    screen.setInputLine(undefined);
    screen.write(`^C\n${screen.marks.finished()}`);
    if (!hasLine) screen.print(screen.paint.dim(leaveText(this.#options.openPorts())));
    this.show();
    screen.setInputLine(this);
  }

  #suspended(): void {
    const isTyping = this.#resolve !== undefined;
    if (isTyping) this.hide();
    this.#options.onSuspend(() => {
      if (isTyping && this.#resolve !== undefined) this.show();
    });
  }

  /** Passes keys to the line editor, or to the search of the history that Ctrl-R begins. */
  async #press(keys: string): Promise<void> {
    let rest = keys;
    while (rest !== "") {
      if (this.#search !== undefined) {
        rest = this.#searchKey(rest);
        continue;
      }
      const at = rest.indexOf(CTRL_R);
      const typed = at < 0 ? rest : rest.slice(0, at);
      // The line editor reads its stream one turn of the event loop later.
      if (typed !== "") {
        await new Promise((done) => this.#input.write(typed, () => setTimeout(done, 0)));
      }
      rest = at < 0 ? "" : rest.slice(at + 1);
      if (at >= 0 && this.#resolve !== undefined) {
        const { history = [] } = this.#editor as Interface & { readonly history?: string[] };
        this.#drawSearch(new HistorySearch(history, this.#editor.line));
      }
    }
  }

  /** Takes the first key of a search. Returns the rest, with the key if that ends the search and is one of the editor's. */
  #searchKey(keys: string): string {
    const search = this.#search as HistorySearch;
    const [key = ""] = keys;
    const rest = keys.slice(key.length);
    if (key === CTRL_R) search.older();
    else if (key === "\x7f" || key === "\b") search.remove();
    else if (!/\p{Cc}/u.test(key)) search.add(key);
    else {
      const isCancelled = key === "\x03" || key === "\x07"; // Ctrl-C, Ctrl-G
      this.#drawSearch(undefined, isCancelled ? search.before : search.found ?? search.before);
      return isCancelled || (key === "\x1b" && rest === "") ? rest : keys;
    }
    this.#drawSearch(search);
    return rest;
  }

  #drawSearch(search: HistorySearch | undefined, line = search?.found ?? ""): void {
    this.hide();
    this.#search = search;
    this.#muted = true;
    this.#clearLine();
    this.#editor.write(line);
    this.show();
  }

  #finish(line: string | undefined, ending: string): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    this.#muted = true;
    this.#screen.setInputLine(undefined);
    this.#screen.write(ending);
    resolve?.(line);
  }

  /** Clears the line with the editor's keys: to its end, delete to its start. */
  #clearLine(): void {
    this.#editor.write(null, { ctrl: true, name: "e" });
    this.#editor.write(null, { ctrl: true, name: "u" });
  }

  #completer(): Completer {
    const { completion } = this.#options;
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

function searchLabel({ query, found }: HistorySearch): string {
  return found === undefined ? `(no line has ${quote(query)}) ` : `(search ${quote(query)}) `;
}

function leaveText(ports: number): string {
  const close = ports === 0 ? "" : `close ${ports} ${ports === 1 ? "port" : "ports"} and `;
  return `Press Ctrl-C again to ${close}leave; Ctrl-D does it at once`;
}

const CTRL_R = "\x12";
