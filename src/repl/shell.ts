import { Client, discover, systemClock as clock } from "../../mod.ts";
import * as library from "../../mod.ts";
import type { ExitCode } from "./command.ts";
import { HistoryFile, historyPath } from "./history.ts";
import type { RunProgram } from "./hook.ts";
import type { CommandLine } from "./parse.ts";
import { Screen } from "./screen.ts";
import { type CommandLoop, CommandSession } from "./session.ts";
import { printableLines } from "./text.ts";
import { sleep } from "./wait.ts";
import { marksFor, type TerminalCapabilities } from "./vscode.ts";

/** Connects a session with this process: its terminal, signals and child programs. */
export class Shell {
  readonly #commandLine: CommandLine;
  readonly #terminal: TerminalCapabilities;
  readonly #mode: "once" | "prompt" | "script";
  #screen: Screen;
  /** Cancels the running command. */
  #command = new AbortController();
  /** Ends the prompt or the script. */
  readonly #exit = new AbortController();
  #isEnding = false;
  /** The signal that ended the command. */
  #endSignal: Deno.Signal | undefined;
  /** Programs of `--exec` that run. */
  readonly #programs = new Set<Deno.ChildProcess>();
  /** Whether a program of `--exec` had to be stopped. */
  #stoppedProgram = false;
  #isRaw = false;

  constructor(commandLine: CommandLine, terminal: TerminalCapabilities) {
    this.#commandLine = commandLine;
    this.#terminal = terminal;
    this.#mode = commandLine.invocation !== undefined
      ? "once"
      : Deno.stdin.isTerminal()
      ? "prompt"
      : "script";
    this.#screen = this.#createScreen((text) => [...text].length);
  }

  /**
   * Runs the command of the command line, or else a prompt or a script.
   *
   * @returns The exit code: 128 and the number of the signal that ended it if a program of `--exec` had to be stopped.
   */
  async run(): Promise<number> {
    this.#addSignalListeners();
    const { invocation } = this.#commandLine;
    if (invocation !== undefined) {
      const session = this.#createSession();
      return await this.#end(
        session,
        await session.execute(() => invocation, this.#command.signal),
      );
    }
    const { unicodeWidth } = await import("@std/cli/unicode-width");
    this.#screen = this.#createScreen(unicodeWidth);
    const session = this.#createSession();
    reportUncaughtErrors(session);
    const loop = {
      session,
      screen: this.#screen,
      nextSignal: () => this.#nextSignal(),
      exitSignal: this.#exit.signal,
    };
    const isEdited = this.#mode === "prompt" && this.#terminal.cursor;
    return await this.#end(
      session,
      await (isEdited ? this.#runPrompt(loop) : this.#runScript(loop)),
    );
  }

  /** Restores the terminal's mode. */
  restore(): void {
    if (!this.#isRaw) return;
    this.#isRaw = false;
    try {
      Deno.stdin.setRaw(false);
    } catch {
      // The terminal has gone.
    }
  }

  async #runPrompt(loop: CommandLoop): Promise<ExitCode> {
    const { runPrompt } = await import("./run_prompt.ts");
    const { simulate, server, client, port } = this.#commandLine.options;
    const namesServer = (server ?? client ?? port) !== undefined;
    Deno.stdin.setRaw(true);
    this.#isRaw = true;
    await runPrompt({
      ...loop,
      keys: Deno.stdin.readable,
      history: new HistoryFile(historyPath(Deno.build.os, env)),
      first: simulate !== undefined ? "simulate" : namesServer ? "connect" : undefined,
      interrupt: () => this.#command.abort(),
    });
    return 0;
  }

  async #runScript(loop: CommandLoop): Promise<ExitCode> {
    const { runScript } = await import("./run_script.ts");
    const isTyped = this.#mode === "prompt";
    const keepGoing = isTyped || this.#commandLine.keepGoing;
    const status = await runScript({ ...loop, octets: Deno.stdin.readable, keepGoing, isTyped });
    return isTyped ? 0 : status;
  }

  async #end(session: CommandSession, status: ExitCode): Promise<number> {
    this.#isEnding = true;
    this.restore(); // so that Ctrl-C is a signal again
    const isComplete = await session.end();
    if (this.#stoppedProgram && this.#endSignal !== undefined) {
      return 128 + (SIGNAL_NUMBERS[this.#endSignal] ?? 0);
    }
    return status === 0 && !isComplete ? 1 : status;
  }

  #createSession(): CommandSession {
    return new CommandSession({
      screen: this.#screen,
      mode: this.#mode,
      defaults: this.#commandLine.options,
      clock,
      date: () => new Date(),
      startClient: (client, server, more) => Client.start(client, server, { clock, ...more }),
      startGateway: async (protocols, port) => {
        // Loaded only when a simulated gateway is used: it is larger than the client.
        const { startLoopbackServer } = await import("../testing/loopback.ts");
        return await startLoopbackServer(
          { assignPort: "same", protocols },
          port === undefined ? { clock } : { port, clock },
        );
      },
      discover,
      runProgram: this.#runProgram,
      inspect: (value) => Deno.inspect(value, { colors: this.#screen.paint.enabled, depth: 4 }),
      library,
    });
  }

  #createScreen(widthOf: (text: string) => number): Screen {
    const { cursor, decoration } = this.#terminal;
    return new Screen({
      write: (text) => this.#write(text),
      // At the prompt errors go to standard output too, so that they do not break the line being typed.
      writeError: (text) =>
        this.#mode === "prompt" && cursor ? this.#write(text) : tryWrite(Deno.stderr, text),
      columns: () => this.#columns(),
      widthOf,
      live: decoration,
      colours: decoration,
      marks: marksFor(this.#terminal),
    });
  }

  #columns(): number {
    if (!this.#terminal.cursor) return Infinity;
    try {
      return Deno.consoleSize().columns || DEFAULT_COLUMNS;
    } catch {
      return DEFAULT_COLUMNS; // the terminal has gone
    }
  }

  #write(text: string): void {
    if (tryWrite(Deno.stdout, text) || this.#isEnding) return;
    // The reader of the output has gone: the program ends and deletes its mappings.
    this.#command.abort();
    this.#exit.abort();
  }

  #nextSignal(): AbortSignal {
    this.#command = new AbortController();
    if (this.#exit.signal.aborted) this.#command.abort();
    return this.#command.signal;
  }

  #addSignalListeners(): void {
    const signals: Deno.Signal[] = IS_WINDOWS
      ? ["SIGINT", "SIGBREAK"]
      : ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) {
      Deno.addSignalListener(signal, () => {
        if (this.#isEnding && signal === "SIGHUP") return; // follows the end of the terminal's input
        if (this.#isEnding) {
          // The second signal ends the program without waiting for confirmations.
          this.restore();
          for (const child of this.#programs) stop(child, "SIGKILL");
          Deno.exit(1);
        }
        this.#isEnding = true;
        this.#endSignal = signal;
        this.#command.abort();
        this.#exit.abort();
      });
    }
    if (this.#terminal.cursor && !IS_WINDOWS) {
      Deno.addSignalListener("SIGWINCH", () => this.#screen.resized());
    }
  }

  readonly #runProgram: RunProgram = async ([program = "", ...args], variables, signal) => {
    const { invocation, options } = this.#commandLine;
    // The program's output is captured where it would mix with JSON lines or with the line being typed.
    const isCaptured = this.#mode === "prompt" || options.json === true ||
      invocation?.options.json === true;
    const output = isCaptured ? "piped" : "inherit";
    let cancelKill = (): void => {};
    try {
      const child = new Deno.Command(program, {
        args,
        env: { ...variables },
        stdin: "null",
        stdout: output,
        stderr: output,
        // A group of its own: Ctrl-C does not reach it, and it can be stopped with the programs that it has started.
        detached: !IS_WINDOWS,
      }).spawn();
      this.#programs.add(child);
      const terminate = (): void => {
        this.#stoppedProgram = true;
        stop(child, "SIGTERM");
        cancelKill = clock.alarm(clock.now() + KILL_DELAY, () => stop(child, "SIGKILL"));
      };
      signal.addEventListener("abort", terminate);
      const printed = isCaptured
        ? Promise.allSettled([this.#print(child.stdout), this.#print(child.stderr)])
        : undefined;
      const status = await child.status;
      signal.removeEventListener("abort", terminate);
      this.#programs.delete(child);
      // A program that it has started may keep the output open.
      if (printed !== undefined) await Promise.race([printed, sleep(OUTPUT_DELAY, clock)]);
      const { success, code, signal: ending } = status;
      return { success, reason: ending === null ? `exit code ${code}` : `signal ${ending}` };
    } catch (error) {
      return { success: false, reason: error instanceof Error ? error.message : String(error) };
    } finally {
      cancelKill();
    }
  };

  async #print(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = printableLines(text.replace(/\r?\n$/, ""));
      if (this.#mode === "prompt") this.#screen.print(...lines);
      else this.#screen.error(...lines);
    }
  }
}

/** Code of `js` may throw after its command has ended. The program keeps running, so that it can delete its mappings. */
function reportUncaughtErrors(session: CommandSession): void {
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    session.report(event.reason);
  });
  addEventListener("error", (event) => {
    event.preventDefault();
    session.report(event.error);
  });
}

/** Signals a program of `--exec`, with those that it has started if the permission for that was granted: --allow-run. */
function stop(child: Deno.ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  const mayKillAll = !IS_WINDOWS && Deno.permissions.querySync({ name: "run" }).state === "granted";
  try {
    if (mayKillAll) Deno.kill(-child.pid, signal);
    else child.kill(signal);
  } catch {
    // It has ended.
  }
}

/** A variable of the environment; undefined also without the permission to read it (--allow-env). */
export function env(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch {
    return undefined;
  }
}

/** Writes the whole text; returns false if the other end is closed. */
export function tryWrite(to: { writeSync(bytes: Uint8Array): number }, text: string): boolean {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let sent = 0; sent < bytes.length;) sent += to.writeSync(bytes.subarray(sent));
    return true;
  } catch {
    return false;
  }
}

const IS_WINDOWS = Deno.build.os === "windows";

/** Of terminals that do not report their size. */
const DEFAULT_COLUMNS = 80;

/** Milliseconds between SIGTERM and SIGKILL. */
const KILL_DELAY = 1_000;

/** Milliseconds in which the output of a program that has ended is read. */
const OUTPUT_DELAY = 500;

const SIGNAL_NUMBERS: Readonly<Partial<Record<Deno.Signal, number>>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGTERM: 15,
  SIGBREAK: 21,
};
