import { lines, runDeno } from "../tools/processes.ts";
import { ROOT } from "../tools/repository.ts";
import { benchNetwork } from "./bench_network.ts";

/**
 * Runs a program of this repository with this Deno to its end.
 *
 * @returns Its output, and the milliseconds from its start to its end.
 * @throws {Error} If it fails, with what it printed on stderr.
 */
export async function runProgram(
  path: string,
  args: readonly string[] = [],
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<{ output: string; wall: number }> {
  const program = ["run", "-A", ...flags, path, ...args];
  const { code, stdout, stderr, duration } = await runDeno(program, {
    signal: AbortSignal.timeout(TIME_LIMIT),
    env: { NO_COLOR: "1", ...env },
  });
  if (code !== 0) throw new Error(`Cannot measure "${path}": ${stderr}`);
  return { output: stdout, wall: duration };
}

/** How a {@linkcode Responder} behaves. */
export interface ResponderOptions {
  /** 0, the default, chooses one. */
  readonly port?: number;
  /** `silent` answers no request, `lossy` not the first one, `nat-pmp` only those of NAT-PMP. */
  readonly mode?: "silent" | "lossy" | "nat-pmp";
}

/** The server of the bench (`responder.ts`), in a process of its own. */
export class Responder implements AsyncDisposable {
  /** Its UDP port. */
  readonly port: number;
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start({ port = 0, mode }: ResponderOptions = {}): Promise<Responder> {
    const { server, onServer } = benchNetwork();
    const [program = "", ...args] = [
      ...onServer,
      ...[Deno.execPath(), "run", "-A", "tests/bench/responder.ts", server, `${port}`],
      ...(mode === undefined ? [] : [mode]),
    ];
    const options = { cwd: ROOT, stdin: "null", stdout: "piped", stderr: "inherit" } as const;
    const child = new Deno.Command(program, { args, ...options }).spawn();
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
