/**
 * Carries out orders that arrive as lines of JSON on stdin, each with an `id`, until stdin ends.
 *
 * Orders do not wait for each other. Every one is answered by `{"reply": id, "ok": true, "value": …}` or
 * `{"reply": id, "ok": false, "error": "…"}`; the program ends with its stdin, because whoever gave the orders is gone.
 */
export async function serveOrders<T>(perform: (order: T) => Promise<unknown>): Promise<never> {
  let rest = "";
  for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const { id, order } = JSON.parse(line) as { id: number; order: T };
      perform(order).then(
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
