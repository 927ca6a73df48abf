/** A program on a real pseudo-terminal: tests type, wait for output, resize, and hang up. */

import { ROOT } from "../tools/repository.ts";

/** How the program is started. */
export interface TerminalOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly rows?: number;
  readonly columns?: number;
  /** A program instead of `repl.ts`. */
  readonly program?: readonly string[];
}

interface Reply {
  readonly ok: boolean;
  readonly error?: string;
  readonly output: string;
  readonly exitCode?: number;
}

/** Seconds until an expectation fails; a busy machine starts programs slowly. */
const EXPECT_TIMEOUT = 20;

/** `repl.ts` on a pseudo-terminal of its own, with a state folder of its own. */
export class Terminal implements AsyncDisposable {
  readonly #driver: Deno.ChildProcess;
  readonly #commands: WritableStreamDefaultWriter<Uint8Array>;
  readonly #replies: ReadableStreamDefaultReader<string>;
  #rest = "";

  private constructor(driver: Deno.ChildProcess) {
    this.#driver = driver;
    this.#commands = driver.stdin.getWriter();
    this.#replies = driver.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Starts the program. */
  static start(options: TerminalOptions): Terminal {
    const { args = [], env = {}, rows = 30, columns = 100 } = options;
    const root = new URL(ROOT).pathname;
    const { program = [Deno.execPath(), "run", "-A", "--no-check", `${root}repl.ts`, ...args] } =
      options;
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
    await this.#send(["type", text]);
  }

  /** Waits for output that matches, and returns all output since the last match, up to its end. */
  async expect(pattern: string | RegExp): Promise<string> {
    const source = typeof pattern === "string" ? RegExp.escape(pattern) : pattern.source;
    return (await this.#send(["expect", source, EXPECT_TIMEOUT])).output;
  }

  /** Resizes the terminal. */
  async resize(rows: number, columns: number): Promise<void> {
    await this.#send(["resize", rows, columns]);
  }

  /** Sends a signal to the program. */
  async signal(number: number): Promise<void> {
    await this.#send(["signal", number]);
  }

  /** Closes the terminal, as closing its window does. */
  async hangUp(): Promise<void> {
    await this.#send(["hangup"]);
  }

  /** Waits for the program's end; returns the exit code and the rest of the output. */
  async end(): Promise<{ readonly exitCode: number; readonly output: string }> {
    const { exitCode = -1, output } = await this.#send(["wait", EXPECT_TIMEOUT]);
    return { exitCode, output };
  }

  /** Ends the program if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#commands.close().catch(() => {
      // The driver has ended already.
    });
    await this.#replies.cancel();
    await this.#driver.status;
  }

  async #send(command: readonly unknown[]): Promise<Reply> {
    await this.#commands.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#replies.read();
      if (done) throw new Error("The driver of the terminal has ended");
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const reply = JSON.parse(this.#rest.slice(0, end)) as Reply;
    this.#rest = this.#rest.slice(end + 1);
    if (!reply.ok) {
      throw new Error(`${reply.error}; the terminal shows ${JSON.stringify(reply.output)}`);
    }
    return reply;
  }
}
