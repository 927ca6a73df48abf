import { denoNetwork } from "./deno.ts";
import { probeByIcmp } from "./lazy_probe.ts";
import { exchangeOverTcp } from "./lazy_stream.ts";
import type { Network } from "./transport.ts";

/**
 * The network of the running program: `Deno.listenDatagram` if it exists, which requires `net` among the unstable features
 * of the program's configuration, otherwise `node:dgram`, which is slightly slower under Deno.
 */
export function defaultNetwork(): Network {
  const { Deno } = globalThis as unknown as { Deno?: { listenDatagram?: unknown } };
  return typeof Deno?.listenDatagram === "function" ? denoNetwork : lazyNodeNetwork;
}

/** Loads {@link nodeNetwork} with the first socket. */
const lazyNodeNetwork: Network = {
  name: "node:dgram",
  exchange: exchangeOverTcp,
  probe: probeByIcmp,
  open: async (options, sink) => await (await import("./node.ts")).nodeNetwork.open(options, sink),
};
