/** The command line as a program of its own. */

import { ROOT } from "../tools/repository.ts";

/** How a program ended. */
export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Starts the command line with these arguments. */
export function spawn(
  args: readonly string[],
  env: Record<string, string> = {},
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", "repl.ts", ...args],
    cwd: ROOT,
    env: { TERM_PROGRAM: "vscode", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs the command line to its end. */
export async function run(args: readonly string[], input = ""): Promise<Result> {
  const child = spawn(args);
  const writer = child.stdin.getWriter();
  // A command that reads no input may have ended before the write.
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

/** The lines of a running program, as they come. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
