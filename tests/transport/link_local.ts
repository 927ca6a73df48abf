/**
 * Runs in a network namespace with two cables, each with both ends in it: va (fe80::a) to vb (fe80::b), and vc (fe80::c) to
 * vd (fe80::d). Prints the datagrams received on va as JSON.
 */

import { denoNetwork } from "../../src/transport/deno.ts";
import { nodeNetwork } from "../../src/transport/node.ts";
import { Inbox } from "./inbox.ts";

const network = [denoNetwork, nodeNetwork].find(({ name }) => name === Deno.args[0]);
if (network === undefined) throw new Error(`Cannot run: no such network, got "${Deno.args[0]}"`);

const requests = new Inbox();
const onVa = await network.open({ hostname: "fe80::a%va", port: 0 }, requests);
const onVb = await network.open({ hostname: "fe80::b%vb", port: 5351 }, new Inbox());
const onVd = await network.open({ hostname: "fe80::d%vd", port: 5351 }, new Inbox());

const listeners = [new Inbox(), new Inbox()];
for (const inbox of listeners) {
  const multicast = { group: "ff02::1", interfaceName: "va" };
  await network.open({ hostname: "::", port: 5350, multicast }, inbox);
}

await onVd.send(octets(4), { hostname: "ff02::1%vd", port: 5350 }); // must not be heard on va
await onVb.send(octets(24), { hostname: "ff02::1%vb", port: 5350 });
const heard = await Promise.all(listeners.map((inbox) => inbox.next()));

await onVb.send(octets(60), { hostname: "fe80::a%vb", port: onVa.local.port });
const answer = await requests.next();

const report = JSON.stringify({
  local: onVa.local.hostname,
  heard: [...heard, answer].map(({ bytes, source }) => {
    return [bytes.length, source.hostname.replace(/%.*/, ""), source.port];
  }),
  errors: [requests, ...listeners].flatMap(({ errors }) => errors.map(String)),
});
await Deno.stdout.write(new TextEncoder().encode(report));
Deno.exit();

function octets(length: number): Uint8Array {
  return new Uint8Array(length);
}
