import type { ExchangeOptions } from "./stream.ts";

/**
 * Carries out an exchange over the system's TCP. Loads `node:net` with the first one: that takes some 20 ms and 11 MB in
 * Deno.
 */
export async function exchangeOverTcp(options: ExchangeOptions): Promise<Uint8Array> {
  return await (await import("./node_stream.ts")).exchange(options);
}
