/**
 * Opens TCP 6000 at every default gateway of this host, IPv4 and IPv6, prints where it is reached, and closes it after a minute.
 *
 *     deno run --unstable-net --allow-net --allow-run=ip --allow-sys=networkInterfaces examples/dual_stack.ts
 *     deno run --unstable-net --allow-net --allow-run=ip --allow-sys=networkInterfaces examples/dual_stack.ts 5
 */

// deno-lint-ignore-file no-console -- a program for the terminal
import { Client, DiscoveryError, InboundMap, RequestType } from "../mod.ts";

const [seconds = "60"] = Deno.args;
const end = AbortSignal.timeout(1_000 * Number(seconds));
const handles = await Client.startAll().catch((error) => {
  if (!(error instanceof DiscoveryError)) throw error;
  console.log(error.message);
  return [];
});

await Promise.all(handles.map(async (handle) => {
  const mapping = handle.request(new InboundMap(6000, 120), RequestType.KeepAlive);
  try {
    const { externalAddress, externalPort } = await mapping.ready({ signal: end });
    console.log(`${handle.server}: reached at ${externalAddress} port ${externalPort}`);
    await new Promise((resolve) => end.addEventListener("abort", resolve));
  } catch (error) {
    console.log(`${handle.server}: ${error instanceof Error ? error.message : error}`);
  }
  await handle.shutdown();
}));
