/**
 * The server of the bench, a process of its own: `responder.ts [ADDRESS [PORT [silent|lossy|nat-pmp]]]` grants every MAP
 * request that it receives on a UDP port, which it prints; `silent` answers none, `lossy` not the first one, `nat-pmp` only
 * requests of NAT-PMP. It knows no options and keeps no mappings, so that the bench measures the client. A strict server is
 * `src/testing/server/simulated_server.ts`.
 */

/** A MAP request without options (RFC 6887 section 11.1). */
const LENGTH = 60;

/**
 * Writes the response to a request (RFC 6887 sections 7.2 and 11.1): external address 20.30.40.1, and the suggested port or
 * else the internal one.
 *
 * @param length Octets of the request.
 * @param reply 60 octets, overwritten.
 * @param epoch Seconds since the server started.
 * @returns Whether there is a response: none to what is not a MAP request.
 */
export function respond(
  request: DataView,
  length: number,
  reply: DataView,
  epoch: number,
): boolean {
  if (length !== LENGTH || request.getUint16(0) !== 0x0201) return false;
  for (let at = 24; at < LENGTH; at += 4) reply.setInt32(at, request.getInt32(at));
  reply.setInt32(0, 0x0281_0000);
  const lifetime = request.getUint32(4);
  reply.setUint32(4, lifetime);
  reply.setUint32(8, epoch);
  for (let at = 12; at < 24; at += 4) reply.setInt32(at, 0);
  const internalPort = request.getUint16(40);
  reply.setUint16(42, lifetime === 0 ? 0 : request.getUint16(42) || internalPort);
  reply.setInt32(44, 0);
  reply.setInt32(48, 0);
  reply.setInt32(52, 0xffff);
  reply.setInt32(56, 0x141e_2801);
  return true;
}

/** The response to a request of NAT-PMP (RFC 6886 sections 3.2 and 3.3), undefined to any other. */
export function respondNatPmp(
  request: DataView,
  length: number,
  epoch: number,
): Uint8Array | undefined {
  const isMapping = length === 12;
  if ((!isMapping && length !== 2) || request.getUint8(0) !== 0) return undefined;
  const reply = new DataView(new ArrayBuffer(isMapping ? 16 : 12));
  reply.setUint8(1, request.getUint8(1) | 0x80);
  reply.setUint32(4, epoch);
  if (isMapping) {
    const internalPort = request.getUint16(4);
    reply.setUint16(8, internalPort);
    reply.setUint16(10, request.getUint16(6) || internalPort);
    reply.setUint32(12, request.getUint32(8));
  } else {
    reply.setInt32(8, 0x141e_2801);
  }
  return new Uint8Array(reply.buffer);
}

async function main(): Promise<never> {
  const [hostname = "127.0.0.1", port = "0", mode] = Deno.args;
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port: Number(port) });
  await Deno.stdout.write(new TextEncoder().encode(`${(socket.addr as Deno.NetAddr).port}\n`));
  const incoming = new Uint8Array(1_100);
  const request = new DataView(incoming.buffer);
  // A send is not awaited: none of the last 256 responses is overwritten before it has left.
  const replies = Array.from({ length: 256 }, () => new DataView(new ArrayBuffer(LENGTH)));
  for (let count = 0;; count++) {
    const [{ length }, source] = await socket.receive(incoming);
    const reply = replies[count & 255];
    const epoch = Math.floor(performance.now() / 1_000);
    if (reply === undefined || mode === "silent" || (mode === "lossy" && count === 0)) continue;
    if (mode === "nat-pmp") {
      const response = respondNatPmp(request, length, epoch);
      if (response !== undefined) socket.send(response, source).catch(() => {});
    } else if (respond(request, length, reply, epoch)) {
      // A client that has closed its socket makes the send fail.
      socket.send(new Uint8Array(reply.buffer), source).catch(() => {});
    }
  }
}

if (import.meta.main) await main();
