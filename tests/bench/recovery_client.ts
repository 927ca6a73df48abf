/**
 * `recovery_client.ts PORT COUNT announce|renew`: opens mappings, says so in a line, and after a line on stdin learns of the
 * server's new epoch, by ANNOUNCE or from the answer to a renewal. Prints when every mapping was confirmed anew.
 */

// deno-lint-ignore-file no-console -- a program
import { Client, InboundMap, ProtocolNumber, RequestType } from "../../mod.ts";

const [port, count] = Deno.args.map(Number);
const handle = await Client.start("127.0.0.1", "127.0.0.1", { port: port ?? 0 });
const mappings = Array.from({ length: count ?? 1 }, (_, index) =>
  handle.request(
    new InboundMap(index + 1, 7_200).protocol(ProtocolNumber.Udp),
    RequestType.KeepAlive,
  ));
for (const mapping of mappings) {
  await mapping.ready();
  while (mapping.pollAlert() !== undefined);
}
console.log("ready");
await Deno.stdin.read(new Uint8Array(16));
if (Deno.args[2] === "announce") await handle.announce();
else mappings[0]?.renew(7_200);
for (const mapping of mappings) {
  let alert = await mapping.waitAlert();
  while (alert?.type !== "stateChange" || alert.state.type !== "running") {
    if (alert === undefined) throw new Error(`Cannot recover: mapping ${mapping.id} is over`);
    alert = await mapping.waitAlert();
  }
}
const confirmed = performance.timeOrigin + performance.now();
const { retransmissions } = handle.stats();
await handle.shutdown({ keep: true });
console.log(JSON.stringify({ confirmed, retransmissions }));
