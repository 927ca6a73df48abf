/**
 * Opens UDP 5000 on the router for ten minutes and prints the external address and port.
 *
 *     deno run --unstable-net --allow-net --allow-run=ip --allow-sys examples/map.ts
 */

// deno-lint-ignore-file no-console -- a program for the terminal
import { Client, InboundMap, ProtocolNumber, RequestType, ResultCodeError } from "../mod.ts";

const handle = await Client.start();
const mapping = handle.request(
  new InboundMap(5000, 600).protocol(ProtocolNumber.Udp).externalPort(5000),
  RequestType.Once,
);
try {
  const { externalAddress, externalPort, lifetime } = await mapping.ready({
    signal: AbortSignal.timeout(10_000),
  });
  console.log(`Reachable at ${externalAddress} port ${externalPort} for ${lifetime} s`);
} catch (error) {
  if (error instanceof ResultCodeError) console.error(`Refused: ${error.message}`);
  else console.error(`No answer from ${handle.server}, it may not speak PCP: ${error}`);
  Deno.exitCode = 1;
} finally {
  await handle.shutdown({ keep: true }); // the mapping stays open for its lifetime
}
