/**
 * The limit of the two sockets: `flood_client.ts PORT COUNT` exchanges COUNT requests, always the same 64, as fast as the
 * answers come, and looks at none of them.
 */

// deno-lint-ignore-file no-console -- a program
const [port = 0, count = 1] = Deno.args.map(Number);
const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
const to = { transport: "udp", hostname: "127.0.0.1", port } as const;
const requests = Array.from({ length: 64 }, (_, index) => {
  const view = new DataView(new ArrayBuffer(60));
  view.setInt32(0, 0x0201_0000);
  view.setUint32(4, 120);
  view.setUint32(24, index + 1);
  view.setUint16(40, index + 1);
  return new Uint8Array(view.buffer);
});
const buffer = new Uint8Array(1_100);
const begin = performance.now();
for (const request of requests) void socket.send(request, to);
for (let answered = 1, sent = requests.length; answered <= count; answered++) {
  await socket.receive(buffer);
  const request = requests[sent++ % 64];
  if (request !== undefined) void socket.send(request, to);
}
console.log(JSON.stringify({ rate: count / (performance.now() - begin) * 1_000 }));
Deno.exit();
