/** Programs of their own, as the users of this library run them. */

export const ROOT: URL = new URL("../../", import.meta.url);

/** How a program ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

/** Runs this Deno to its end. */
export async function runDeno(args: readonly string[]): Promise<Outcome> {
  const began = performance.now();
  const { code, stdout, stderr } = await command(args).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return {
    code,
    stdout: out ?? "",
    stderr: err ?? "",
    seconds: (performance.now() - began) / 1000,
  };
}

/** Runs this Deno and hands over each line as it is printed, until the end. Returns the exit code. */
export async function followDeno(
  args: readonly string[],
  onLine: (line: string, child: Deno.ChildProcess) => void,
): Promise<number> {
  const child = command(args).spawn();
  const errors = child.stderr.pipeTo(new WritableStream());
  for await (const line of lines(child.stdout)) onLine(line, child);
  await errors;
  return (await child.status).code;
}

function command(args: readonly string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  if (rest !== "") yield rest;
}
