/** The floor of the JSON-RPC server's start: answers every request with null, and imports nothing. */
const buffer = new Uint8Array(65_536);
let text = "";
for (;;) {
  const length = await Deno.stdin.read(buffer);
  if (length === null) break;
  text += new TextDecoder().decode(buffer.subarray(0, length));
  for (;;) {
    const [, size = ""] = /^Content-Length: (\d+)\r\n\r\n/.exec(text) ?? [];
    const start = text.indexOf("\r\n\r\n") + 4;
    if (size === "" || text.length < start + Number(size)) break;
    const { id } = JSON.parse(text.slice(start, start + Number(size)));
    text = text.slice(start + Number(size));
    const body = JSON.stringify({ jsonrpc: "2.0", id, result: null });
    await Deno.stdout.write(
      new TextEncoder().encode(`Content-Length: ${body.length}\r\n\r\n${body}`),
    );
  }
}
