import { denoNetwork } from "./deno.ts";
import type { Network } from "./transport.ts";

/**
 * The network of the running program: `Deno.listenDatagram` where it exists, which is where the program's own configuration
 * enables `net`, and otherwise `node:dgram`, which is a little slower under Deno.
 */
export function defaultNetwork(): Network {
  const { Deno } = globalThis as unknown as { Deno?: { listenDatagram?: unknown } };
  return typeof Deno?.listenDatagram === "function" ? denoNetwork : elsewhere;
}

/** Loaded only where it is needed. */
const elsewhere: Network = {
  name: "node:dgram",
  open: async (options, sink) => await (await import("./node.ts")).nodeNetwork.open(options, sink),
};
