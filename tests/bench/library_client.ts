/**
 * The same job as `minimal_client.ts`, with the library as any program would use it: `library_client.ts CLIENT SERVER PORT
 * COUNT LIFETIME [HOLD_SECONDS]`; for an address that is `-` the client finds its own. The time runs from before `Client.start()` until `ready()` of every mapping was awaited, one after the
 * other. The bench copies it into the package as it is published.
 */

// deno-lint-ignore-file no-console -- a program
import { Client, InboundMap, ProtocolNumber, RequestType } from "../../mod.ts";
import { cpuTime, peakMemory } from "./this_process.ts";

const began = performance.now();
const [client, server] = Deno.args.map((argument) => argument === "-" ? undefined : argument);
const [port = 0, count = 1, lifetime = 120, hold = 0] = Deno.args.slice(2).map(Number);

const handle = await Client.start(client, server, { port });
const mappings = Array.from({ length: count }, (_, index) =>
  handle.request(
    new InboundMap(index + 1, lifetime).protocol(ProtocolNumber.Udp),
    RequestType.KeepAlive,
  ));
for (const mapping of mappings) await mapping.ready();

const run = performance.now() - began;
let cpu = cpuTime();
if (hold > 0) {
  await new Promise((done) => setTimeout(done, hold * 1_000));
  cpu = cpuTime() - cpu;
}
const peak = peakMemory();
await handle.shutdown({ keep: true });
console.log(JSON.stringify({ run, cpu, peak }));
