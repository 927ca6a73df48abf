import { assertEquals } from "@std/assert";
import { type ServerHost, SimulatedServer, startLoopbackServer } from "../../src/testing/mod.ts";
import { ROOT } from "../tools/repository.ts";

// Runs clients in other languages against the server of this repository.

/** The oldest Python that is installed, or the only one. */
export const PYTHON = await firstInstalled("python3.9", "python3");
/** Node.js. */
export const NODE = await firstInstalled("node");

/** Declares a test that needs a program; CI has them all. */
export function testWith(program: string | undefined, name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: program === undefined && Deno.env.get("CI") === undefined, fn });
}

/** A simulated PCP server of the test, which outlives the client. */
export class Gateway implements Disposable {
  readonly host: ServerHost;

  private constructor(host: ServerHost) {
    this.host = host;
  }

  static async start(): Promise<Gateway> {
    return new Gateway(await startLoopbackServer(new SimulatedServer()));
  }

  /** The arguments that make the Python program use this gateway. */
  get args(): string[] {
    const { port } = this.host.local;
    return ["--client", "127.0.0.1", "--server", "127.0.0.1", "--port", String(port)];
  }

  /** The internal ports of its mappings, in order. */
  internalPorts(): number[] {
    return [...this.host.server.mappings.values()].map(({ internalPort }) => internalPort).sort();
  }

  /** Fails unless something holds after so many milliseconds at the latest. */
  async until(holds: () => boolean, limit = 5_000): Promise<void> {
    const until = performance.now() + limit;
    while (!holds() && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assertEquals(holds(), true, `mappings of ${this.internalPorts().join()}`);
  }

  [Symbol.dispose](): void {
    this.host.close();
  }
}

/** Runs a program to its end. */
export async function run(
  program: string | undefined,
  args: string[],
): Promise<{ code: number; out: string; err: string }> {
  if (program === undefined) throw new Error("Cannot run this test: install python3 and node");
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: ROOT,
    env: environment(),
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

/** A running program, of which the output is read all the time. */
export class ClientProgram implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #ended: Promise<unknown>;
  /** What it wrote so far. */
  readonly text = { stdout: "", stderr: "" };

  constructor(program: string | undefined, args: string[], env: Record<string, string> = {}) {
    this.#child = new Deno.Command(program ?? "python3", {
      args,
      cwd: ROOT,
      env: { ...environment(), ...env },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#ended = Promise.all([this.#read("stdout"), this.#read("stderr")]);
  }

  /** Resolves when it has written a text; fails when it has ended without. */
  async wrote(text: string, stream: "stdout" | "stderr" = "stdout"): Promise<void> {
    let hasEnded = false;
    this.#ended.then(() => hasEnded = true).catch(reportError);
    while (!this.text[stream].includes(text)) {
      if (hasEnded) throw new Error(`It ended before "${text}": ${JSON.stringify(this.text)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The processes that it has started. */
  async children(): Promise<number[]> {
    const { pid } = this.#child;
    const threads = Array.from(Deno.readDirSync(`/proc/${pid}/task`), ({ name }) => name);
    const lists = await Promise.all(
      threads.map((thread) => Deno.readTextFile(`/proc/${pid}/task/${thread}/children`)),
    );
    return lists.join(" ").split(" ").filter((id) => id.trim() !== "").map(Number);
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits for its end, and returns the exit code. */
  async ended(): Promise<number> {
    await this.#ended;
    return (await this.#child.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    await this.ended();
  }

  async #read(stream: "stdout" | "stderr"): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child[stream]) {
      this.text[stream] += decoder.decode(chunk, { stream: true });
    }
  }
}

/** A folder for state files, which no other user and no other run has. */
const STATE_FOLDER = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(STATE_FOLDER, { recursive: true }));

/** Runs the server of this repository, with the Deno that runs this test. */
function environment(): Record<string, string> {
  const deno = Deno.execPath();
  return {
    PATH: `${deno.slice(0, deno.lastIndexOf("/"))}:${Deno.env.get("PATH") ?? ""}`,
    XDG_STATE_HOME: STATE_FOLDER,
    NO_COLOR: "1",
  };
}

async function firstInstalled(...programs: string[]): Promise<string | undefined> {
  for (const program of programs) {
    const command = new Deno.Command(program, {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    });
    try {
      if ((await command.output()).success) return program;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}
