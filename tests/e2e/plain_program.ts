/** A user's program, for a Deno without configuration: opens and deletes a mapping, and prints the network it used. */

// deno-lint-ignore-file no-console -- a program
import { Client, InboundMap } from "../../mod.ts";
import { SimulatedServer, startLoopbackServer } from "../../src/testing/mod.ts";
import { defaultNetwork } from "../../src/transport/mod.ts";

const server = new SimulatedServer({ epoch: 1000 });
const host = await startLoopbackServer(server);
const handle = await Client.start("127.0.0.1", "127.0.0.1", {
  port: host.local.port,
  random: () => 0.05,
});
const mapping = handle.request(new InboundMap(6000, 3600));
const { externalAddress } = await mapping.ready();
host.restart();
const trouble = await handle.waitError();
for await (const alert of mapping) {
  if (alert.type === "assigned" && server.mappings.size === 1) break; // again, after the restart
}
await mapping.revoke();
await handle.shutdown();
host.close();
const left = server.mappings.size;
console.log(
  JSON.stringify({ network: defaultNetwork().name, externalAddress, trouble: trouble?.name, left }),
);
