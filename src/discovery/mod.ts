/**
 * Finds the default gateways and the local addresses that face them in the routes of this computer, without sending
 * anything. On Linux it reads `/proc/net` or runs `ip`, on macOS and BSD it runs `netstat` and `ifconfig`, on Windows
 * `powershell`.
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

export { PcpError } from "../pcp_error.ts";
export { DiscoveryError, type DiscoveryReason } from "./discovery_error.ts";
export { discoverGateways, type Gateway } from "./gateway.ts";
export { interfaceOf, localAddressFor, type NetworkInterface } from "./local_address.ts";
export type { Family } from "../wire/address.ts";
