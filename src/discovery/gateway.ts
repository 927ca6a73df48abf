import { type Family, IpAddress } from "../wire/address.ts";
import { DiscoveryError, SystemError } from "./discovery_error.ts";
import { parseDefaultRoutes } from "./ip_route.ts";
import { facing } from "./prefix.ts";
import { rankRoutes } from "./rank.ts";
import { withScope } from "./scope.ts";
import { sourceFor } from "./source.ts";
import { runningSystem, type System } from "./system.ts";

/** A default gateway, and what a client needs to talk to it. */
export interface Gateway {
  /** The family of both addresses. */
  readonly family: Family;
  /** Address of the gateway; a link-local one carries its interface, as in `fe80::1%eth0`. */
  readonly gateway: string;
  /** Name of the interface that leads there. */
  readonly interface: string;
  /** The local address to send from; for IPv6 a global one where there is one (RFC 6887 section 8.4). */
  readonly client: string;
}

/**
 * Finds the default gateways of this computer and the local address that faces each, without sending anything: these are the
 * PCP servers to try where none is configured (RFC 6887 section 8.1). IPv4 comes first, then IPv6; within a family the
 * gateway that the system prefers. A gateway inside a VPN, or of containers on this computer, is left out unless its family
 * has no other.
 *
 * Under Linux this runs `ip` (in Deno: `--allow-run=ip`), elsewhere what the package `default-gateway` runs.
 *
 * @throws {DiscoveryError} When there is no gateway, or finding it is not possible or not permitted.
 */
export function discoverGateways(): Promise<Gateway[]> {
  return findGateways(runningSystem);
}

/** As {@link discoverGateways}, on any system. */
export async function findGateways(system: System): Promise<Gateway[]> {
  const found: Gateway[] = [];
  const failures: SystemError[] = [];
  for (const family of ["IPv4", "IPv6"] as const) {
    try {
      found.push(...await gatewaysOf(family, system));
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      failures.push(error);
    }
  }
  if (found.length > 0) return found;
  throw failures[0]?.preventing(ATTEMPT) ??
    new DiscoveryError(ATTEMPT, "noDefaultRoute", "no default route was found");
}

const ATTEMPT = "find the default gateway";

async function gatewaysOf(family: Family, system: System): Promise<Gateway[]> {
  if (system.platform !== "linux") return await plainGateways(family, system);
  try {
    return await routedGateways(family, system);
  } catch (error) {
    // An ip that is part of BusyBox knows no JSON.
    if (error instanceof SystemError && error.reason === "programFailed") {
      return await plainGateways(family, system);
    }
    throw error;
  }
}

async function routedGateways(family: Family, system: System): Promise<Gateway[]> {
  const option = family === "IPv4" ? "-4" : "-6";
  const routes = parseDefaultRoutes(
    await system.run("ip", ["-j", option, "route", "show", "default"]),
    family,
  );
  const gateways = new Map<string, Gateway>();
  const failures: SystemError[] = [];
  for (const route of rankRoutes(routes)) {
    const gateway = withScope(route.gateway, route.interface);
    try {
      const { source, interface: device } = await sourceFor(gateway, system);
      const client = withScope(source, device).toString();
      const text = gateway.toString();
      // Where two interfaces lead to one gateway, the system uses the first for both.
      if (!gateways.has(text)) {
        gateways.set(text, { family, gateway: text, interface: device, client });
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      failures.push(error);
    }
  }
  if (gateways.size === 0 && failures[0] !== undefined) throw failures[0];
  return [...gateways.values()];
}

async function plainGateways(family: Family, system: System): Promise<Gateway[]> {
  const plain = await system.defaultGateway(family);
  const address = plain === undefined ? undefined : IpAddress.tryParse(plain.gateway);
  // macOS shows a tunnel as a route to fe80::%utun0, which is no host.
  if (plain === undefined || address?.family !== family || isNetwork(address)) return [];
  const addresses = await system.addresses();
  const local = facing(address, addresses, plain.interface ?? address.scope);
  if (local === undefined) throw new SystemError("noLocalAddress", `no address faces "${address}"`);
  const scope = scopeName(local.interface, addresses, system);
  return [{
    family,
    gateway: withScope(address, scope).toString(),
    interface: local.interface,
    client: withScope(local.address, scope).toString(),
  }];
}

function isNetwork(address: IpAddress): boolean {
  return address.isUnspecified || (address.isLinkLocal && address.w2 === 0 && address.w3 === 0);
}

/** Windows knows interfaces by their number. */
function scopeName(
  device: string,
  addresses: Awaited<ReturnType<System["addresses"]>>,
  { platform }: System,
): string {
  if (platform !== "win32") return device;
  const local = addresses.find((each) => each.interface === device && each.scopeId);
  return local === undefined ? device : String(local.scopeId);
}
