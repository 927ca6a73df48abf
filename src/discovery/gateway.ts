import { type Family, IpAddress } from "../wire/address.ts";
import { DiscoveryError, SystemError } from "./discovery_error.ts";
import { parseDefaultRoutes } from "./ip_route.ts";
import { facing } from "./prefix.ts";
import { rankRoutes } from "./rank.ts";
import { withScope } from "./scope.ts";
import { sourceFor } from "./source.ts";
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
}

/**
 * Finds the default gateways of this computer and the local address that faces each, without sending anything. They are the
 * PCP servers if none is configured (RFC 6887 section 8.1). IPv4 precedes IPv6; within a family the gateway that the system
 * prefers is first. The gateway of a VPN, of containers or of virtual machines is left out unless its family has no other.
 *
 * On Linux this runs `ip` (in Deno: `--allow-run=ip`), elsewhere the package `default-gateway`.
 *
 * @throws {DiscoveryError} If there is no gateway, or the routes cannot be read.
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
    // The ip of BusyBox does not support JSON.
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
      // If two interfaces face the same gateway, the system uses the first one.
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
  // macOS lists a tunnel as a route to fe80::%utun0, which is not the address of a host.
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

/** The scope that the platform uses for an interface: its number on Windows, otherwise its name. */
function scopeName(
  device: string,
  addresses: Awaited<ReturnType<System["addresses"]>>,
  { platform }: System,
): string {
  if (platform !== "win32") return device;
  const local = addresses.find((each) => each.interface === device && each.scopeId);
  return local === undefined ? device : String(local.scopeId);
}
