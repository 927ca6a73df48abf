/**
 * The prompt and the command line: `deno run -A repl.ts` asks for commands, `deno run -A repl.ts map 6000/tcp` carries out
 * one, and what comes through a pipe is a script. `deno run -A repl.ts --help` shows all commands.
 *
 * @module
 */
import { Client, discover, systemClock as clock } from "./mod.ts";
import * as library from "./mod.ts";
import type { CommonOptions } from "./src/repl/command.ts";
import type { RunProgram } from "./src/repl/hook.ts";
import { parseWords, type StartUp } from "./src/repl/parse.ts";
import { errorLines } from "./src/repl/report.ts";
import { Screen } from "./src/repl/screen.ts";
import { type ExitCode, Session } from "./src/repl/session.ts";
import { type Paint, paint, printableLines } from "./src/repl/text.ts";
import { type Abilities, abilitiesOf, type Marks, marksFor } from "./src/repl/vscode.ts";

/**
 * Runs the command line, or the prompt, on this process's terminal.
 *
 * @param args The words after the program's name.
 * @returns What the process is to end with: 0 done, 1 failed, 2 not understood.
 */
export async function main(args: readonly string[]): Promise<0 | 1 | 2> {
  const abilities = abilitiesOf({
    isTerminal: Deno.stdout.isTerminal(),
    env,
  });
  let start: StartUp;
  try {
    start = parseWords(args);
  } catch (error) {
    const look = { json: false, paint: errorPaint(abilities), inspect: Deno.inspect, where: "" };
    tryWrite(Deno.stderr, errorLines(error, look).map((line) => `${line}\n`).join(""));
    return 2;
  }
  const shell = new Shell(start, abilities);
  try {
    return await shell.run();
  } finally {
    shell.restore();
  }
}

/** What joins a session with this process: terminal, signals, programs. */
class Shell {
  readonly #start: StartUp;
  readonly #abilities: Abilities;
  readonly #marks: Marks;
  readonly #mode: "once" | "prompt" | "script";
  #screen: Screen;
  #current = new AbortController();
  /** Ends the wait for further lines. */
  readonly #leaving = new AbortController();
  #isEnding = false;
  #isRaw = false;
  #onResize = (): void => {};

  constructor(start: StartUp, abilities: Abilities) {
    this.#start = start;
    this.#abilities = abilities;
    this.#marks = marksFor(abilities);
    this.#mode = start.invocation !== undefined
      ? "once"
      : Deno.stdin.isTerminal()
      ? "prompt"
      : "script";
    this.#screen = this.#makeScreen((text) => [...text].length);
  }

  async run(): Promise<ExitCode> {
    const { invocation } = this.#start;
    const name = invocation?.command.name;
    if (invocation !== undefined && (name === "help" || name === "version")) {
      return await this.#session().execute(() => invocation, this.#current.signal);
    }
    this.#listen();
    if (invocation !== undefined) {
      const session = this.#session();
      const status = await session.execute(() => invocation, this.#current.signal);
      return await this.#end(session, status);
    }
    const { unicodeWidth } = await import("@std/cli/unicode-width");
    this.#screen = this.#makeScreen(unicodeWidth);
    const session = this.#session();
    this.#survive(session);
    return this.#mode === "prompt" && this.#abilities.cursor
      ? await this.#prompt(session)
      : await this.#script(session);
  }

  /** Leaves the terminal as it was. */
  restore(): void {
    if (!this.#isRaw) return;
    this.#isRaw = false;
    try {
      Deno.stdin.setRaw(false);
    } catch {
      // The terminal has gone.
    }
  }

  async #prompt(session: Session): Promise<ExitCode> {
    const { runPrompt } = await import("./src/repl/run_prompt.ts");
    const { createInterface } = await import("node:readline");
    const { PassThrough, Writable } = await import("node:stream");
    const input = new PassThrough();
    Deno.stdin.setRaw(true);
    this.#isRaw = true;
    await runPrompt({
      session,
      screen: this.#screen,
      marks: this.#marks,
      folder: Deno.cwd(),
      write: (text) => this.#write(text),
      input,
      keys: Deno.stdin.readable,
      feed: (text) =>
        new Promise((done) => {
          // The editor has seen it when the stream has had its turn.
          input.write(text, () => setTimeout(done, 0));
        }),
      feedEnd: () => void input.end(),
      createInterface,
      makeOutput: (write) => {
        const output = new Writable({
          decodeStrings: false,
          write: (text: string | Uint8Array, _encoding, done) => {
            write(typeof text === "string" ? text : new TextDecoder().decode(text));
            done();
          },
        });
        Object.defineProperty(output, "columns", { get: () => this.#columns() });
        this.#onResize = () => void output.emit("resize");
        return output;
      },
      historyFile: { os: Deno.build.os, env, read, replace },
      discover,
      names: Object.keys(library),
      connectsAtOnce: connectsAtOnce(this.#start.options),
      simulates: this.#start.options.simulate === true,
      nextSignal: () => this.#nextSignal(),
      interrupt: () => this.#interrupt(false),
      leaving: this.#leaving.signal,
    });
    return await this.#end(session, 0);
  }

  async #script(session: Session): Promise<ExitCode> {
    const { runScript } = await import("./src/repl/run_script.ts");
    const isTyped = this.#mode === "prompt";
    const status = await runScript({
      session,
      screen: this.#screen,
      octets: Deno.stdin.readable,
      keepGoing: isTyped || this.#start.keepGoing,
      ask: (label) => {
        if (isTyped) this.#write(label);
      },
      isTyped,
      nextSignal: () => this.#nextSignal(),
      leaving: this.#leaving.signal,
    });
    return await this.#end(session, isTyped ? 0 : status);
  }

  async #end(session: Session, status: ExitCode): Promise<ExitCode> {
    this.#isEnding = true;
    this.restore(); // so that Ctrl-C is a signal again
    const complete = await session.end();
    return status === 0 && !complete ? 1 : status;
  }

  #session(): Session {
    const { options } = this.#start;
    return new Session({
      screen: this.#screen,
      mode: this.#mode,
      defaults: options,
      clock,
      date: () => new Date(),
      startClient: (client, server, more) => Client.start(client, server, { clock, ...more }),
      startGateway: async (port) => {
        // Only who wants to go without a router pays for loading it.
        const { startLoopbackServer } = await import("./src/testing/loopback.ts");
        return await startLoopbackServer(
          { assignPort: "same" },
          port === undefined ? { clock } : { port, clock },
        );
      },
      discover,
      runProgram: this.#runProgram,
      inspect: (value) => Deno.inspect(value, { colors: this.#screen.paint.enabled, depth: 4 }),
      library,
    });
  }

  #makeScreen(widthOf: (text: string) => number): Screen {
    const { decoration } = this.#abilities;
    return new Screen({
      write: (text) => this.#write(text),
      // At the prompt both are one, so that errors do not tear the line being typed.
      writeError: (text) =>
        this.#mode === "prompt" && this.#abilities.cursor
          ? this.#write(text)
          : tryWrite(Deno.stderr, text),
      columns: () => this.#columns(),
      widthOf,
      live: decoration,
      colours: decoration,
      marks: this.#marks,
    });
  }

  #columns(): number {
    if (!this.#abilities.cursor) return Infinity;
    try {
      return Deno.consoleSize().columns || USUAL_COLUMNS;
    } catch {
      return USUAL_COLUMNS; // the terminal has gone
    }
  }

  #write(text: string): void {
    // Nobody reads any more: what is open must still be released.
    if (!tryWrite(Deno.stdout, text) && !this.#isEnding) this.#interrupt(true);
  }

  #nextSignal(): AbortSignal {
    this.#current = new AbortController();
    if (this.#leaving.signal.aborted) this.#current.abort();
    return this.#current.signal;
  }

  /** Ends what is being waited for, and the program too if asked to. */
  #interrupt(leaves: boolean): void {
    this.#current.abort();
    if (leaves) this.#leaving.abort();
  }

  #listen(): void {
    const signals: Deno.Signal[] = Deno.build.os === "windows"
      ? ["SIGINT", "SIGBREAK"]
      : ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) {
      Deno.addSignalListener(signal, () => {
        if (this.#isEnding && signal === "SIGHUP") return; // the end of the terminal was seen before
        if (this.#isEnding) {
          // Asked a second time: without waiting for confirmations.
          this.restore();
          Deno.exit(1);
        }
        this.#isEnding = true;
        this.#interrupt(true);
      });
    }
    if (this.#abilities.cursor && Deno.build.os !== "windows") {
      Deno.addSignalListener("SIGWINCH", () => {
        this.#screen.resized();
        this.#onResize();
      });
    }
  }

  /** What was typed after `js` may fail later, when nobody waits for it. That must not leave mappings behind. */
  #survive(session: Session): void {
    addEventListener("unhandledrejection", (event) => {
      event.preventDefault();
      session.report(event.reason);
    });
    addEventListener("error", (event) => {
      event.preventDefault();
      session.report(event.error);
    });
  }

  readonly #runProgram: RunProgram = async ([program = "", ...args], variables) => {
    // What it prints must not get between JSON lines, or into the line being typed.
    const isCaught = this.#mode === "prompt" || this.#start.options.json === true ||
      this.#start.invocation?.options.json === true;
    const output = isCaught ? "piped" : "inherit";
    try {
      const child = new Deno.Command(program, {
        args,
        env: { ...variables },
        stdin: "null",
        stdout: output,
        stderr: output,
      }).spawn();
      if (isCaught) await Promise.all([this.#show(child.stdout), this.#show(child.stderr)]);
      const { success, code, signal } = await child.status;
      return { success, reason: signal === null ? `exit code ${code}` : `signal ${signal}` };
    } catch (error) {
      return { success: false, reason: error instanceof Error ? error.message : String(error) };
    }
  };

  async #show(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = printableLines(text.replace(/\r?\n$/, ""));
      if (this.#mode === "prompt") this.#screen.print(...lines);
      else this.#screen.error(...lines);
    }
  }
}

/** A variable of the environment; none where the permission to read it is missing (--allow-env). */
function env(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch {
    return undefined;
  }
}

/** Whether the start already says which server it is about. */
function connectsAtOnce({ simulate, server, client, port }: CommonOptions): boolean {
  return simulate === true || (server ?? client ?? port) !== undefined;
}

/** Writes all of it; false if nobody can read it. */
function tryWrite(to: { writeSync(bytes: Uint8Array): number }, text: string): boolean {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let sent = 0; sent < bytes.length;) sent += to.writeSync(bytes.subarray(sent));
    return true;
  } catch {
    return false;
  }
}

function errorPaint({ decoration }: Abilities): Paint {
  return paint(decoration && Deno.stderr.isTerminal());
}

/** The text of a file, or none. */
function read(path: string): Promise<string> {
  return Deno.readTextFile(path).catch(() => "");
}

/** Puts a file in the place of another one as a whole; only its owner may read it. Failing is no trouble. */
async function replace(path: string, text: string): Promise<void> {
  const temporary = `${path}.${Deno.pid}`;
  try {
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(temporary, text, { mode: 0o600 });
    await Deno.rename(temporary, path);
  } catch {
    await Deno.remove(temporary).catch(() => {
      // It was never there.
    });
  }
}

/** Of terminals that do not say. */
const USUAL_COLUMNS = 80;

if (import.meta.main) Deno.exit(await main(Deno.args));
