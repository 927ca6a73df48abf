/**
 * What a program with the library knows of a gateway that does not answer as it should: `knowing_client.ts CLIENT SERVER PORT
 * [INITIAL_RETRANSMISSION]`. With the last argument it waits for a mapping, without for a verdict on the gateway. The bench
 * copies it into the package as it is published.
 */

// deno-lint-ignore-file no-console -- a program
import { Client, InboundMap, ProtocolNumber, RequestType } from "../../mod.ts";

const [client, server, port, initialRetransmission] = Deno.args;
const began = performance.now();
const handle = await Client.start(client, server, {
  port: Number(port),
  protocols: ["pcp", "nat-pmp"],
  ...(initialRetransmission === undefined
    ? {}
    : { protocol: { initialRetransmission: Number(initialRetransmission) } }),
});
const mapping = handle.request(
  new InboundMap(6000, 120).protocol(ProtocolNumber.Udp),
  RequestType.KeepAlive,
);
if (initialRetransmission === undefined) {
  for await (const { state } of handle.gatewayChanges()) {
    if (state === "silent" || state === "refuses") break;
  }
} else {
  await mapping.ready();
}
const known = performance.now();
await handle.shutdown();
const ended = performance.now();
console.log(JSON.stringify({ known: (known - began) / 1_000, ended: (ended - known) / 1_000 }));
