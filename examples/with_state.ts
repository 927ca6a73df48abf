/**
 * Keeps the external port of TCP 6000 from one run to the next, also after a crash: the state file has what the router granted.
 *
 *     deno run --unstable-net --allow-net --allow-run=ip --allow-sys=networkInterfaces --allow-read=. --allow-write=. examples/with_state.ts
 *     deno run --unstable-net --allow-net --allow-read=. --allow-write=. examples/with_state.ts state.json 192.168.1.101 192.168.1.1
 */

// deno-lint-ignore-file no-console -- a program for the terminal
import { Client, FileStore, InboundMap } from "../mod.ts";

const [path = "state.json", client, server, port = "5351"] = Deno.args;
const handle = await Client.start(client, server, {
  port: Number(port),
  store: new FileStore(path),
});
console.log(`Left by an earlier run: ${handle.leftovers.length}`);
const mapping = handle.request(new InboundMap(6000, 3600)); // takes over what is left of the same port
const { externalAddress, externalPort } = await mapping.ready();
console.log(`Reached at ${externalAddress} port ${externalPort}`);
await handle.shutdown({ keep: true }); // the router keeps the mapping until its lifetime ends
