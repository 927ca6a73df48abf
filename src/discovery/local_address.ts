import { IpAddress } from "../wire/address.ts";
import { DiscoveryError, SystemError } from "./discovery_error.ts";
import { findGateways } from "./gateway.ts";
import { facing } from "./prefix.ts";
import { withScope } from "./scope.ts";
import { sourceFor } from "./source.ts";
import { runningSystem, type System } from "./system.ts";

/** An interface of this computer. */
export interface NetworkInterface {
  /** Its name, as in `eth0`. */
  readonly name: string;
  /** Its number, known only if the interface has an IPv6 link-local address. */
  readonly index: number | undefined;
}

/**
 * Finds the local address that faces a PCP server, without sending anything (RFC 6887 section 16.4): the one that the system
 * would choose, for IPv6 a global one if there is one (section 8.4).
 *
 * @param server Address of the server, a link-local one with its interface, as in `fe80::1%eth0`.
 * @throws {TypeError} If `server` is not an IP address.
 * @throws {DiscoveryError} If no address faces the server, or the routes cannot be read.
 */
export function localAddressFor(server: string): Promise<string> {
  return findLocalAddress(server, runningSystem);
}

/**
 * Finds the interface that has an address, for joining a multicast group.
 *
 * @param address An address of this computer.
 * @returns `undefined` if no interface has the address.
 * @throws {TypeError} If `address` is not an IP address.
 * @throws {DiscoveryError} If listing the interfaces is not permitted (in Deno: `--allow-sys=networkInterfaces`).
 */
export function interfaceOf(address: string): Promise<NetworkInterface | undefined> {
  return findInterface(address, runningSystem);
}

/** Every address of this computer with its interface as scope; `undefined` if listing them is not permitted. */
export async function localAddresses(): Promise<readonly string[] | undefined> {
  try {
    const addresses = await runningSystem.addresses();
    return addresses.map(({ address, interface: name }) => `${address}%${name}`);
  } catch (error) {
    if (error instanceof SystemError) return undefined;
    throw error;
  }
}

/** As {@link localAddressFor}, on any system. */
export async function findLocalAddress(server: string, system: System): Promise<string> {
  const target = IpAddress.parse(server);
  const attempt = `find the local address facing "${server}"`;
  if (target.isLoopback) return target.family === "IPv4" ? "127.0.0.1" : "::1";
  try {
    if (system.platform === "linux") return await routedAddress(target, system);
    return await plainAddress(target, system, attempt);
  } catch (error) {
    throw error instanceof SystemError ? error.preventing(attempt) : error;
  }
}

/** As {@link interfaceOf}, on any system. */
export async function findInterface(
  address: string,
  system: System,
): Promise<NetworkInterface | undefined> {
  const wanted = IpAddress.parse(address);
  try {
    const addresses = await system.addresses();
    const found = addresses.find((local) => {
      const scopes: unknown[] = [undefined, local.interface, String(local.scopeId)];
      return IpAddress.tryParse(local.address)?.equals(wanted) && scopes.includes(wanted.scope);
    });
    if (found === undefined) return undefined;
    const numbered = addresses.find((local) => {
      return local.interface === found.interface && local.scopeId;
    });
    return { name: found.interface, index: numbered?.scopeId };
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw error.preventing(`find the interface of "${address}"`, false);
  }
}

async function routedAddress(target: IpAddress, system: System): Promise<string> {
  try {
    const { source, interface: device } = await sourceFor(target, system);
    return withScope(source, device).toString();
  } catch (error) {
    if (!(error instanceof SystemError) || error.reason === "noLocalAddress") throw error;
    const adjacent = await adjacentAddress(target, system);
    if (adjacent === undefined) throw error;
    return adjacent;
  }
}

/** The local address whose prefix contains the target, for computers without `ip`. */
async function adjacentAddress(target: IpAddress, system: System): Promise<string | undefined> {
  try {
    const local = facing(target, await system.addresses(), target.scope);
    return local && withScope(local.address, target.scope ?? local.interface).toString();
  } catch (error) {
    if (error instanceof SystemError) return undefined; // the error of ip is more helpful
    throw error;
  }
}

async function plainAddress(target: IpAddress, system: System, attempt: string): Promise<string> {
  const addresses = await system.addresses();
  const device = addresses.find(({ scopeId, interface: name }) => {
    return target.scope !== undefined &&
      (name === target.scope || String(scopeId) === target.scope);
  })?.interface;
  const local = facing(target, addresses, device);
  if (local !== undefined) {
    return withScope(local.address, target.scope ?? local.interface).toString();
  }
  if (!target.isLinkLocal) {
    const gateways = await findGateways(system);
    const gateway = gateways.find(({ family }) => family === target.family);
    if (gateway !== undefined) return gateway.client;
  }
  throw new DiscoveryError(attempt, "noLocalAddress", "no interface is on its network");
}
