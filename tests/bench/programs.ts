import { ROOT } from "../tools/repository.ts";

/**
 * Runs a program of this repository with this Deno to its end.
 *
 * @returns Its output, and the milliseconds from its start to its end.
 * @throws {Error} If it fails, with what it printed on stderr.
 */
export async function runProgram(
  path: string,
  args: readonly string[] = [],
): Promise<{ output: string; wall: number }> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", path, ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(TIME_LIMIT),
  });
  const begin = performance.now();
  const { success, stdout, stderr } = await command.output();
  const wall = performance.now() - begin;
  const text = new TextDecoder();
  if (!success) throw new Error(`Cannot measure "${path}": ${text.decode(stderr)}`);
  return { output: text.decode(stdout), wall };
}

/** The server of the bench (`responder.ts`), in a process of its own. */
export class Responder implements AsyncDisposable {
  /** UDP port on 127.0.0.1. */
  readonly port: number;
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(): Promise<Responder> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "tests/bench/responder.ts"],
      cwd: ROOT,
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    // It prints its port, and nothing else.
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      return new Responder(child, Number(text));
    }
    throw new Error("Cannot measure: the responder ended before it opened its port");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
  }
}

/** A program that takes longer than this, in milliseconds, hangs and is killed. */
const TIME_LIMIT = 150_000;
