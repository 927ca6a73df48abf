/** A program on a real pseudo-terminal, for tests: types, waits for output, resizes, hangs up. */

import { ROOT } from "../tools/repository.ts";

/** What the program is started with. */
export interface TerminalOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly rows?: number;
  readonly columns?: number;
}

interface Answer {
  readonly ok: boolean;
  readonly error?: string;
  readonly output: string;
  readonly exitCode?: number;
}

/** Seconds after which an expectation has failed; a busy machine starts programs slowly. */
const PROBE_TIMEOUT = 20;

/** `repl.ts` on a pseudo-terminal of its own, with a state folder of its own. */
export class Terminal implements AsyncDisposable {
  readonly #driver: Deno.ChildProcess;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;
  #rest = "";

  private constructor(driver: Deno.ChildProcess) {
    this.#driver = driver;
    this.#orders = driver.stdin.getWriter();
    this.#answers = driver.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Starts the program. */
  static start(options: TerminalOptions): Terminal {
    const { args = [], env = {}, rows = 30, columns = 100 } = options;
    const root = new URL(ROOT).pathname;
    const program = [Deno.execPath(), "run", "-A", "--no-check", `${root}repl.ts`, ...args];
    const driver = new Deno.Command("python3", {
      args: [`${root}tests/repl/pty_driver.py`, String(rows), String(columns), ...program],
      cwd: root,
      env: { TERM: "xterm-256color", NO_COLOR: "", TERM_PROGRAM: "", ...env },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    return new Terminal(driver);
  }

  /** Types; `\r` is Enter. */
  async type(text: string): Promise<void> {
    await this.#order(["type", text]);
  }

  /** Waits for output that fits, and returns all output since the last time, up to its end. */
  async expect(pattern: string | RegExp): Promise<string> {
    const source = typeof pattern === "string" ? RegExp.escape(pattern) : pattern.source;
    return (await this.#order(["expect", source, PROBE_TIMEOUT])).output;
  }

  /** Gives the terminal another size. */
  async resize(rows: number, columns: number): Promise<void> {
    await this.#order(["resize", rows, columns]);
  }

  /** Sends a signal to the program. */
  async signal(number: number): Promise<void> {
    await this.#order(["signal", number]);
  }

  /** Closes the terminal, as when its window is closed. */
  async hangUp(): Promise<void> {
    await this.#order(["hangup"]);
  }

  /** Waits for the program's end; gives the exit code and the rest of the output. */
  async end(): Promise<{ readonly exitCode: number; readonly output: string }> {
    const { exitCode = -1, output } = await this.#order(["wait", PROBE_TIMEOUT]);
    return { exitCode, output };
  }

  /** Ends the program if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#orders.close().catch(() => {
      // The driver has ended already.
    });
    await this.#answers.cancel();
    await this.#driver.status;
  }

  async #order(order: readonly unknown[]): Promise<Answer> {
    await this.#orders.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#answers.read();
      if (done) throw new Error("The driver of the terminal has ended");
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const answer = JSON.parse(this.#rest.slice(0, end)) as Answer;
    this.#rest = this.#rest.slice(end + 1);
    if (!answer.ok) {
      throw new Error(`${answer.error}; the terminal shows ${JSON.stringify(answer.output)}`);
    }
    return answer;
  }
}
