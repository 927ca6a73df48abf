import { denoCommand, lines, runDeno } from "../tools/processes.ts";

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
  const program = ["run", "-A", path, ...args];
  const { code, stdout, stderr, duration } = await runDeno(
    program,
    AbortSignal.timeout(TIME_LIMIT),
  );
  if (code !== 0) throw new Error(`Cannot measure "${path}": ${stderr}`);
  return { output: stdout, wall: duration };
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
    const child = denoCommand(["run", "-A", "tests/bench/responder.ts"], { stderr: "inherit" })
      .spawn();
    // It prints its port, and nothing else.
    for await (const line of lines(child.stdout)) return new Responder(child, Number(line));
    throw new Error("Cannot measure: the responder ended before it opened its port");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
  }
}

/** A program that takes longer than this, in milliseconds, hangs and is killed. */
const TIME_LIMIT = 150_000;
