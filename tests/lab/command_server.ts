/**
 * Performs commands from lines of JSON on stdin, each with an `id`, and ends the program at the end of stdin.
 *
 * Commands run concurrently. Each one gets a reply, `{"reply": id, "ok": true, "value": …}` or
 * `{"reply": id, "ok": false, "error": "…"}`.
 */
export async function serveCommands<T>(perform: (command: T) => Promise<unknown>): Promise<never> {
  let rest = "";
  for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const { id, command } = JSON.parse(line) as { id: number; command: T };
      perform(command).then(
        (value) => print({ reply: id, ok: true, value }),
        (error: unknown) => print({ reply: id, ok: false, error: String(error) }),
      );
    }
  }
  Deno.exit(0);
}

/** Prints one line of JSON to stdout. */
export function print(line: Readonly<Record<string, unknown>>): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
}
