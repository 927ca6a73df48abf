/** Programs of this repository, each run by this Deno in a process of its own. */

import { ROOT } from "./repository.ts";

/** How a program ended. */
export interface Outcome {
  /** Exit code. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Milliseconds from start to end. */
  readonly duration: number;
}

/** Runs this Deno to its end, without input. A signal among the options kills it. */
export async function runDeno(
  args: readonly string[],
  options?: Deno.CommandOptions,
): Promise<Outcome> {
  const began = performance.now();
  const { code, stdout, stderr } = await denoCommand(args, options).output();
  const duration = performance.now() - began;
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr), duration };
}

/**
 * Runs this Deno to its end.
 *
 * @returns Its stdout.
 * @throws {Error} If it fails, with what it printed.
 */
export async function denoOutput(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runDeno(args);
  if (code !== 0) throw new Error(`Cannot run deno ${args[0]}: ${stdout}${stderr}`);
  return stdout;
}

/** Runs this Deno and passes each line on as it is printed. Returns the exit code. */
export async function followDeno(
  args: readonly string[],
  onLine: (line: string, child: Deno.ChildProcess) => void,
): Promise<number> {
  const child = denoCommand(args).spawn();
  const errors = child.stderr.pipeTo(new WritableStream());
  for await (const line of lines(child.stdout)) onLine(line, child);
  await errors;
  return (await child.status).code;
}

/** This Deno with arguments, in the root of the repository, without input and colours, its output piped. */
export function denoCommand(
  args: readonly string[],
  options: Deno.CommandOptions = {},
): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...options,
  });
}

/** The lines of a stream, each as soon as it is complete. */
export async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  if (rest !== "") yield rest;
}
