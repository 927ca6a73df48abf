/** A program of the lab, with lines of JSON on stdin and stdout. */
export class LabProcess implements AsyncDisposable {
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: Line[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #pumps: Promise<void>;
  #errors = "";
  #ended = false;

  /** Starts `command[0]` with the rest as its arguments. */
  constructor(command: readonly string[]) {
    const [program = "", ...args] = command;
    this.#name = args.join(" ");
    this.#child = new Deno.Command(program, {
      args,
      env: toolEnvironment(),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#pumps = Promise.all([
      forEachLine(
        this.#child.stdout,
        (text) => this.#lines.push(parseLine(text)),
        () => this.#wake(),
      ),
      forEachLine(this.#child.stderr, (text) => this.#errors += `${text}\n`, () => this.#wake()),
    ]).then(() => {
      this.#ended = true;
      this.#wake();
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** The program's stderr so far. */
  get errors(): string {
    return this.#errors;
  }

  /** The lines of stdout that {@linkcode expectLine} has not taken. */
  get untaken(): readonly Line[] {
    return this.#lines;
  }

  /** Writes one line of JSON to the program's stdin. */
  async send(value: unknown): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
  }

  /**
   * Takes the first line of stdout that satisfies `predicate`; throws after `timeout` ms and {@linkcode BUSY}. Each line is
   * taken once.
   */
  expectLine(predicate: (line: Line) => boolean, timeout: number, what = "a line"): Promise<Line> {
    return this.#expect(timeout, what, () => {
      const index = this.#lines.findIndex(predicate);
      return index === -1 ? undefined : this.#lines.splice(index, 1)[0];
    });
  }

  /** Waits until stderr contains `text`; throws after `timeout` ms and {@linkcode BUSY}. */
  async expectError(text: string, timeout: number): Promise<void> {
    await this.#expect(
      timeout,
      `"${text}" on stderr`,
      () => this.#errors.includes(text) || undefined,
    );
  }

  /** Kills the program and waits for its end. */
  async kill(signal: Deno.Signal = "SIGKILL"): Promise<Deno.CommandStatus> {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // the program has ended
    }
    return await this.ended();
  }

  /** Closes stdin, at whose end the programs of the lab end, and waits for the end. */
  async ended(): Promise<Deno.CommandStatus> {
    await this.#input.close().catch(() => undefined); // closed by an ended program
    await this.#pumps;
    return await this.#child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #expect<T>(timeout: number, what: string, take: () => T | undefined): Promise<T> {
    const until = performance.now() + timeout + BUSY;
    for (;;) {
      const taken = take();
      if (taken !== undefined) return taken;
      const left = until - performance.now();
      if (left <= 0 || this.#ended) throw new Error(this.#message(what, timeout));
      await this.#change(left);
    }
  }

  #change(timeout: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeout);
      this.#waiting.add(done);
    });
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }

  #message(what: string, timeout: number): string {
    const reason = this.#ended ? "the program has ended" : `${timeout + BUSY} ms have passed`;
    const lines = this.#lines.slice(-12).map((line) => JSON.stringify(line)).join("\n");
    return `Cannot see ${what} from "${this.#name}": ${reason}; lines not taken:\n${lines}\nstderr:\n${
      this.#errors.slice(-2000)
    }`;
  }
}

/** A line of JSON; one that is not an object becomes `{ text }`. */
export type Line = Readonly<Record<string, unknown>>;

/** Runs a command and returns its stdout; throws if it fails. */
export async function run(command: readonly string[], stdin?: string): Promise<string> {
  const [program = "", ...args] = command;
  const child = new Deno.Command(program, {
    args,
    env: toolEnvironment(),
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (stdin !== undefined) await new Blob([stdin]).stream().pipeTo(child.stdin);
  const { success, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  if (!success) throw new Error(`Cannot run "${command.join(" ")}": ${text.decode(stderr).trim()}`);
  return text.decode(stdout);
}

/**
 * Milliseconds that a busy machine may add to every wait. A wait ends with its event, so that a quiet machine loses nothing;
 * exact times are tested in virtual time.
 */
export const BUSY = 10_000;

/**
 * Polls until `condition` returns undefined; throws after `timeout` ms and {@linkcode BUSY} with the last reason that it
 * returned.
 */
export async function until(
  condition: () => Promise<string | undefined> | string | undefined,
  timeout: number,
  pause = 40,
): Promise<void> {
  const end = performance.now() + timeout + BUSY;
  for (;;) {
    const reason = await condition();
    if (reason === undefined) return;
    if (performance.now() > end) {
      throw new Error(`Not fulfilled within ${timeout + BUSY} ms: ${reason}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** The environment of the system's tools, whose folders may be missing in a user's PATH. */
export function toolEnvironment(): Record<string, string> {
  return { PATH: `${Deno.env.get("PATH") ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`, NO_COLOR: "1" };
}

async function forEachLine(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  take: (text: string) => void,
  after: () => void,
): Promise<void> {
  let rest = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const parts = `${rest}${chunk}`.split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) take(part);
    after();
  }
  if (rest !== "") take(rest);
}

function parseLine(text: string): Line {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Line;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { text };
}
