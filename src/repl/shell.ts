import { Client, discover, systemClock as clock } from "../../mod.ts";
import * as library from "../../mod.ts";
import { runtime } from "../runtime/running.ts";
import type { Child, Signal } from "../runtime/runtime.ts";
import type { ExitCode } from "./command.ts";
import { HistoryFile, historyPath } from "./history.ts";
import type { RunProgram } from "./hook.ts";
import { showsBlocks } from "./lease_bar.ts";
import type { CommandLine } from "./parse.ts";
import { Screen } from "./screen.ts";
import { ServiceManager } from "./service_manager.ts";
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
  #endSignal: Signal | undefined;
  /** Programs of `--exec` that run. */
  readonly #programs = new Set<Child>();
  /** Whether a program of `--exec` had to be stopped. */
  #stoppedProgram = false;
  readonly #service: ServiceManager | undefined;
  #isRaw = false;
  /** Whether standard output could not be written, as on a full disk. */
  #outputFailed = false;

  constructor(commandLine: CommandLine, terminal: TerminalCapabilities) {
    this.#commandLine = commandLine;
    this.#terminal = terminal;
    this.#mode = commandLine.invocation !== undefined
      ? "once"
      : runtime.stdin.isTerminal
      ? "prompt"
      : "script";
    this.#service = this.#mode === "once" ? ServiceManager.find() : undefined;
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
    // Code of `js` may throw after its command has ended. The program keeps running, so that it can delete its mappings.
    runtime.onDefect((error) => session.report(error));
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
      runtime.stdin.setRaw(false);
    } catch {
      // The terminal has gone.
    }
  }

  async #runPrompt(loop: CommandLoop): Promise<ExitCode> {
    const { runPrompt } = await import("./run_prompt.ts");
    const { simulate, server, client, port } = this.#commandLine.options;
    const namesServer = (server ?? client ?? port) !== undefined;
    runtime.stdin.setRaw(true);
    this.#isRaw = true;
    await runPrompt({
      ...loop,
      keys: runtime.stdin.octets,
      history: new HistoryFile(historyPath(runtime.platform, runtime.env)),
      first: simulate !== undefined ? "simulate" : namesServer ? "connect" : undefined,
      interrupt: () => this.#command.abort(),
      suspend: (onContinue) => this.#suspend(onContinue),
    });
    return 0;
  }

  /** Stops this process until a shell continues it. */
  #suspend(onContinue: () => void): void {
    runtime.stdin.setRaw(false);
    const isPossible = runtime.suspend();
    if (!isPossible) this.#screen.print("Ctrl-Z needs --allow-run");
    // The timer stands still with the process. Where nothing could continue it, the system ignores the signal.
    setTimeout(() => {
      if (this.#isRaw) runtime.stdin.setRaw(true);
      onContinue();
    }, STOP_DELAY);
  }

  async #runScript(loop: CommandLoop): Promise<ExitCode> {
    const { runScript } = await import("./run_script.ts");
    const isTyped = this.#mode === "prompt";
    const keepGoing = isTyped || this.#commandLine.keepGoing;
    const status = await runScript({ ...loop, octets: runtime.stdin.octets, keepGoing, isTyped });
    return isTyped ? 0 : status;
  }

  async #end(session: CommandSession, status: ExitCode): Promise<number> {
    this.#isEnding = true;
    this.restore(); // so that Ctrl-C is a signal again
    this.#service?.stopping();
    const isComplete = await session.end();
    if (this.#stoppedProgram && this.#endSignal !== undefined) {
      return 128 + (SIGNAL_NUMBERS[this.#endSignal] ?? 0);
    }
    return status === 0 && (!isComplete || this.#outputFailed) ? 1 : status;
  }

  #createSession(): CommandSession {
    return new CommandSession({
      screen: this.#screen,
      mode: this.#mode,
      defaults: this.#commandLine.options,
      clock,
      date: () => new Date(),
      service: this.#service,
      startClient: (client, server, more) => Client.start(client, server, { clock, ...more }),
      startAll: (more) => Client.startAll({ clock, ...more }),
      startGateway: async (protocols, port) => {
        // Loaded only when a simulated gateway is used: it is larger than the client.
        const { startLoopbackServer } = await import("../testing/loopback.ts");
        return await startLoopbackServer(
          { assignPort: "same", thirdParty: true, protocols },
          port === undefined ? { clock } : { port, clock },
        );
      },
      discover,
      runProgram: this.#runProgram,
      inspect: (value) => runtime.inspect(value, { colors: this.#screen.paint.enabled, depth: 4 }),
      library,
    });
  }

  #createScreen(widthOf: (text: string) => number): Screen {
    const { cursor, decoration } = this.#terminal;
    return new Screen({
      write: (text) => this.#write(text),
      // At the prompt errors go to standard output too, so that they do not break the line being typed.
      writeError: (text) =>
        this.#mode === "prompt" && cursor ? this.#write(text) : tryWrite(runtime.stderr, text),
      columns: () => this.#columns(),
      rows: () => this.#terminal.cursor ? runtime.rows() || DEFAULT_ROWS : Infinity,
      blocks: showsBlocks(runtime.platform, runtime.env),
      widthOf,
      live: decoration,
      colours: decoration,
      marks: marksFor(this.#terminal),
    });
  }

  #columns(): number {
    if (!this.#terminal.cursor) return Infinity;
    return runtime.columns() || DEFAULT_COLUMNS;
  }

  #write(text: string): void {
    const failure = tryWrite(runtime.stdout, text);
    if (failure === undefined || this.#isEnding) return;
    if (hasNoReader(failure)) {
      // The reader of the output has gone: the program ends and deletes its mappings.
      this.#command.abort();
      this.#exit.abort();
    } else if (!this.#outputFailed) {
      // A full disk, most likely. Ports are kept open all the same.
      this.#outputFailed = true;
      const reason = failure instanceof Error ? failure.message : String(failure);
      tryWrite(runtime.stderr, `Cannot write to standard output, going on without: ${reason}\n`);
    }
  }

  #nextSignal(): AbortSignal {
    this.#command = new AbortController();
    if (this.#exit.signal.aborted) this.#command.abort();
    return this.#command.signal;
  }

  #addSignalListeners(): void {
    const signals: readonly Signal[] = IS_WINDOWS
      ? ["SIGINT", "SIGBREAK"]
      : ["SIGINT", "SIGTERM", "SIGHUP"];
    const ignoresHangUp = runtime.isHangUpIgnored();
    for (const signal of signals) {
      runtime.onSignal(signal, () => {
        // Deno handles a signal that was ignored once another one has a listener, so this one has to exist.
        if (signal === "SIGHUP" && ignoresHangUp) return;
        if (this.#isEnding && signal === "SIGHUP") return; // follows the end of the terminal's input
        if (this.#isEnding) {
          // The second signal ends the program without waiting for confirmations.
          this.restore();
          tryWrite(
            runtime.stderr,
            `Ended at once by a second ${signal}: what the router has not confirmed as deleted may stay open until its lifetime ends\n`,
          );
          for (const child of this.#programs) stop(child, "SIGKILL");
          runtime.exit(1);
        }
        this.#isEnding = true;
        this.#endSignal = signal;
        this.#command.abort();
        this.#exit.abort();
      });
    }
    if (this.#terminal.cursor && !IS_WINDOWS) {
      runtime.onSignal("SIGWINCH", () => this.#screen.resized());
    }
  }

  readonly #runProgram: RunProgram = async (program, variables, signal) => {
    const { invocation, options } = this.#commandLine;
    // The program's output is captured where it would mix with JSON lines or with the line being typed.
    const isCaptured = this.#mode === "prompt" || options.json === true ||
      invocation?.options.json === true;
    let cancelKill = (): void => {};
    try {
      const child = await runtime.start(program, { env: variables, isCaptured });
      this.#programs.add(child);
      const terminate = (): void => {
        this.#stoppedProgram = true;
        stop(child, "SIGTERM");
        cancelKill = clock.alarm(clock.now() + KILL_DELAY, () => stop(child, "SIGKILL"));
      };
      signal.addEventListener("abort", terminate);
      const printed = Promise.allSettled(child.output.map((stream) => this.#print(stream)));
      const { code, signal: ending } = await child.ended;
      signal.removeEventListener("abort", terminate);
      this.#programs.delete(child);
      // A program that it has started may keep the output open.
      if (isCaptured) await Promise.race([printed, sleep(OUTPUT_DELAY, clock)]);
      const reason = ending === null ? `exit code ${code}` : `signal ${ending}`;
      return { success: code === 0 && ending === null, reason };
    } catch (error) {
      return { success: false, reason: error instanceof Error ? error.message : String(error) };
    } finally {
      cancelKill();
    }
  };

  async #print(stream: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const octets of stream) {
      const text = decoder.decode(octets, { stream: true });
      const lines = printableLines(text.replace(/\r?\n$/, ""));
      if (this.#mode === "prompt") this.#screen.print(...lines);
      else this.#screen.error(...lines);
    }
  }
}

/** Signals a program of `--exec`. */
function stop(child: Child, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    child.stop(signal);
  } catch {
    // It has ended.
  }
}

/** Writes the whole text; returns the error if that fails. */
export function tryWrite(to: { writeSync(bytes: Uint8Array): number }, text: string): unknown {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let sent = 0; sent < bytes.length;) sent += to.writeSync(bytes.subarray(sent));
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Whether nothing reads the output any more: a pipe that was closed, or a terminal that has gone. */
function hasNoReader(error: unknown): boolean {
  return error instanceof Error &&
    (error.name === "BrokenPipe" ||
      ("code" in error && (error.code === "EPIPE" || error.code === "EIO")));
}

const IS_WINDOWS = runtime.platform === "windows";

/** Of terminals that do not report their size. */
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** Milliseconds in which a signal to this process has certainly arrived. */
const STOP_DELAY = 50;

/** Milliseconds between SIGTERM and SIGKILL. */
const KILL_DELAY = 1_000;

/** Milliseconds in which the output of a program that has ended is read. */
const OUTPUT_DELAY = 500;

const SIGNAL_NUMBERS: Readonly<Partial<Record<Signal, number>>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGTERM: 15,
  SIGBREAK: 21,
};
