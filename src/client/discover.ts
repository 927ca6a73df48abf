/** One default gateway of this host, and the way to it. Plain JSON. */
export interface Gateway {
  /** The family of both addresses. */
  readonly family: "IPv4" | "IPv6";
  /** The gateway; a link-local address carries its interface, as in `fe80::1%eth0`. */
  readonly gateway: string;
  /** The name of the interface that faces it. */
  readonly interface: string;
  /** The address of this host that faces it. */
  readonly client: string;
}

/**
 * Finds the default gateways of this host and the addresses that face them, IPv4 first. Sends nothing.
 *
 * @returns None if this host has no default route.
 * @throws {DiscoveryError} If this host does not say, for example because a permission is missing.
 *
 * @example
 * ```ts ignore
 * import { discover } from "@portcontrol/pcp";
 *
 * for (const { gateway, client } of await discover()) console.log(`${client} -> ${gateway}`);
 * ```
 */
export async function discover(): Promise<Gateway[]> {
  // Loaded on demand: it runs programs and brings a dependency, which most uses of a client do without.
  const { discoverGateways } = await import("../discovery/gateway.ts");
  return await discoverGateways();
}
