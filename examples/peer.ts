/**
 * Prints the external address and port of one outbound TCP flow, and keeps its translation for an hour without keepalives
 * (PEER, RFC 6887 section 12).
 *
 *     deno run --unstable-net --allow-net --allow-run=ip --allow-sys examples/peer.ts 198.51.100.7 443
 */

// deno-lint-ignore-file no-console -- a program for the terminal
import { Client, OutboundMap, ProtocolNumber, RequestType } from "../mod.ts";

const [remoteAddress = "198.51.100.7", remotePort = "443"] = Deno.args;
await using handle = await Client.start();
const mapping = handle.request(
  new OutboundMap(51000, remoteAddress, Number(remotePort), 3600).protocol(ProtocolNumber.Tcp),
  RequestType.KeepAlive,
);
const { externalAddress, externalPort, lifetime } = await mapping.ready();
console.log(
  `${remoteAddress} sees ${externalAddress} port ${externalPort}, for ${lifetime} s at least`,
);
