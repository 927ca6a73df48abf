import type { Family, IpAddress } from "../wire/address.ts";
import { DiscoveryError, SystemError } from "./discovery_error.ts";
import type { Host } from "./host.ts";
import { type RankedRoute, rankRoutes, reasonFor } from "./rank.ts";
import { readHost } from "./read_host.ts";
import { isScoped, scopeOf, withScope } from "./scope.ts";
import { sourceOn } from "./source.ts";
import { runningSystem, type System } from "./system.ts";

/** A default gateway of this computer, and the interface and local address that face it. Plain JSON. */
export interface Gateway {
  /** The family of both addresses. */
  readonly family: Family;
  /** Address of the gateway, a link-local one with its interface, as in `fe80::1%eth0`. */
  readonly gateway: string;
  /** Name of the interface that faces the gateway. */
  readonly interface: string;
  /** The local address that faces the gateway; for IPv6 a global one if there is one (RFC 6887 section 8.4). */
  readonly client: string;
  /** Why it has its place among the gateways of its family, in words, such as `the only default gateway`. */
  readonly reason: string;
}

/**
 * Finds the default gateways of this computer and the local address that faces each, without sending anything. They are the
 * PCP servers if none is configured (RFC 6887 section 8.1). IPv4 precedes IPv6. Within a family a gateway of a local network
 * precedes that of a tunnel, then the one that the system prefers is first. An address of this host, the address of a network,
 * and what is behind a dummy or loopback interface is no gateway.
 *
 * On Linux this reads `/proc/net` where the runtime may, and otherwise runs `ip` (in Deno: `--allow-run=ip`). On macOS and BSD
 * it runs `netstat` and `ifconfig`, on Windows `powershell`.
 *
 * @throws {DiscoveryError} If there is no gateway, or the routes cannot be read.
 */
export function discoverGateways(): Promise<Gateway[]> {
  return findGateways(runningSystem);
}

/** As {@link discoverGateways}, on any system. */
export async function findGateways(system: System): Promise<Gateway[]> {
  const host = await hostOf(system);
  const found: Gateway[] = [];
  const refused: string[] = [];
  let unreached: string | undefined;
  for (const family of ["IPv4", "IPv6"] as const) {
    const ranking = rankRoutes(host, family);
    refused.push(...ranking.refused);
    const faced = ranking.routes.flatMap((ranked): Faced[] => {
      const client = facingAddress(ranked, host);
      return client === undefined ? [] : [{ ...ranked, client }];
    });
    if (faced.length === 0) unreached ??= ranking.routes[0]?.gateway.toString();
    const distinct = withoutRepetition(faced);
    found.push(...distinct.map((each, index) => {
      return gatewayOf(each, reasonFor(distinct, index), system);
    }));
  }
  if (found.length > 0) return found;
  if (unreached !== undefined) {
    throw new DiscoveryError(ATTEMPT, "noLocalAddress", `no address faces "${unreached}"`);
  }
  const detail = refused.length === 0
    ? "no default route was found"
    : `no default route leads to a router: ${refused.join(", ")}`;
  throw new DiscoveryError(ATTEMPT, "noDefaultRoute", detail);
}

const ATTEMPT = "find the default gateway";

async function hostOf(system: System): Promise<Host> {
  try {
    return await readHost(system);
  } catch (error) {
    throw error instanceof SystemError ? error.preventing(ATTEMPT) : error;
  }
}

interface Faced extends RankedRoute {
  readonly client: IpAddress;
}

function facingAddress({ route, gateway, link }: RankedRoute, host: Host): IpAddress | undefined {
  return link === undefined ? route.source : sourceOn(link, gateway, host, route.source);
}

/** If two interfaces face the same gateway, the system uses the first one. A link-local address is another one on each. */
function withoutRepetition(faced: readonly Faced[]): Faced[] {
  const key = ({ gateway, route }: Faced): string =>
    `${gateway} ${isScoped(gateway) ? route.interface : ""}`;
  return faced.filter((each, index) => {
    return faced.findIndex((other) => key(other) === key(each)) === index;
  });
}

function gatewayOf(
  { route, gateway, link, client }: Faced,
  reason: string,
  { platform }: System,
): Gateway {
  const scope = link === undefined ? route.interface : scopeOf(link, platform);
  return {
    family: gateway.family,
    gateway: withScope(gateway, scope).toString(),
    interface: route.interface,
    client: withScope(client, scope).toString(),
    reason,
  };
}
