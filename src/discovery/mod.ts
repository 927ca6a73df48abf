/**
 * Finds the gateway to ask and the local address to ask from, by reading the routes of this computer; nothing is sent. Under
 * Linux it runs the program `ip`, elsewhere what the package `default-gateway` runs, which is loaded when it is needed.
 *
 * @example
 * ```ts
 * import { localAddressFor } from "@portcontrol/pcp/discovery";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await localAddressFor("127.0.0.1"), "127.0.0.1");
 * ```
 *
 * @module
 */

export { DiscoveryError, type DiscoveryReason } from "./discovery_error.ts";
export { discoverGateways, type Gateway } from "./gateway.ts";
export { interfaceOf, localAddressFor, type NetworkInterface } from "./local_address.ts";
export type { Family } from "../wire/address.ts";
