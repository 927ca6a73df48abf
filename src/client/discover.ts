import type { Gateway } from "../discovery/gateway.ts";

/**
 * Finds the default gateways of this host and the addresses that face them, IPv4 first. Sends nothing.
 *
 * @throws {DiscoveryError} If there is no default route, or the routes cannot be read, for example because a permission is
 * missing.
 *
 * @example
 * ```ts ignore
 * import { discover } from "@portcontrol/pcp";
 *
 * for (const { gateway, client } of await discover()) console.log(`${client} -> ${gateway}`);
 * ```
 */
export async function discover(): Promise<Gateway[]> {
  // Loaded on demand: most programs name the server, or ask once.
  const { discoverGateways } = await import("../discovery/gateway.ts");
  return await discoverGateways();
}
