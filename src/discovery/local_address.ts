import { IpAddress } from "../wire/address.ts";
import { DiscoveryError, SystemError } from "./discovery_error.ts";
import { findLink, type Host, type Link, linkOf, type Route } from "./host.ts";
import { hostOfAddresses } from "./host_addresses.ts";
import { readLinux, readProc, routeByIp } from "./linux.ts";
import { contains } from "./prefix.ts";
import { readHost } from "./read_host.ts";
import { isScoped, scopeOf, withScope } from "./scope.ts";
import { sourceOn } from "./source.ts";
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

/** As {@link listAddresses}, of this computer. */
export function localAddresses(): Promise<readonly string[] | undefined> {
  return listAddresses(runningSystem);
}

/**
 * Every address of a computer with its interface as scope; `undefined` if they cannot be listed. The permission is not
 * requested, because a prompt would interrupt the running program.
 */
export async function listAddresses(system: System): Promise<readonly string[] | undefined> {
  if (!await system.mayListAddresses()) return undefined;
  try {
    const addresses = await system.addresses();
    return addresses.map(({ address, interface: name }) => `${address}%${name}`);
  } catch (error) {
    if (error instanceof SystemError) return undefined; // Android refuses to list them
    throw error;
  }
}

/** As {@link localAddressFor}, on any system. */
export async function findLocalAddress(server: string, system: System): Promise<string> {
  const target = IpAddress.parse(server);
  const attempt = `find the local address facing "${server}"`;
  if (target.isLoopback) return target.family === "IPv4" ? "127.0.0.1" : "::1";
  try {
    const isLinux = system.platform === "linux" || system.platform === "android";
    const found = isLinux ? await onLinux(target, system) : await elsewhere(target, system);
    if (found !== undefined) return found.toString();
  } catch (error) {
    throw error instanceof SystemError ? error.preventing(attempt) : error;
  }
  throw new DiscoveryError(attempt, "noLocalAddress", "no interface is on its network");
}

/** As {@link interfaceOf}, on any system. */
export async function findInterface(
  address: string,
  system: System,
): Promise<NetworkInterface | undefined> {
  const wanted = IpAddress.parse(address);
  try {
    const link = linkOf(hostOfAddresses(await system.addresses()), wanted);
    return link && { name: link.name, index: link.index };
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw error.preventing(`find the interface of "${address}"`, false);
  }
}

async function onLinux(target: IpAddress, system: System): Promise<IpAddress | undefined> {
  const host = await readProc(system);
  if (host !== undefined) return facing(target, host, system);
  try {
    const { route, links } = await routeByIp(target, system);
    const link = findLink({ links, routes: [] }, route.interface);
    // For an address of this computer itself the source is that address.
    const source = link === undefined || link.properties.has("loopback")
      ? route.source
      : sourceOn(link, target, { links, routes: [] }, route.source);
    return source && withScope(source, target.scope ?? route.interface);
  } catch (error) {
    if (!(error instanceof SystemError) || error.reason === "noLocalAddress") throw error;
    const near = await withoutRouteGet(target, system, error);
    if (near === undefined) throw error;
    return near;
  }
}

/** As {@link onLinux} from the interfaces alone, where `ip route get` failed or cannot be run; never with a question. */
async function withoutRouteGet(
  target: IpAddress,
  system: System,
  { reason }: SystemError,
): Promise<IpAddress | undefined> {
  if (await system.mayListAddresses()) {
    const near = facing(target, hostOfAddresses(await system.addresses()), system);
    if (near !== undefined) return near;
  }
  if (reason !== "programFailed") return undefined;
  try {
    return facing(target, await readLinux(system), system); // the `ip` of BusyBox
  } catch (error) {
    if (error instanceof SystemError) return undefined; // the error of the first call is more helpful
    throw error;
  }
}

/** The prefixes of the addresses suffice for a target nearby; only for others the routes are read. */
async function elsewhere(target: IpAddress, system: System): Promise<IpAddress | undefined> {
  return facing(target, hostOfAddresses(await system.addresses()), system) ??
    (isScoped(target) ? undefined : facing(target, await readHost(system), system));
}

/**
 * The address from which the system would send to a target: the target itself if it is one of this host, otherwise an address of
 * the interface with the longest prefix that contains it. A link-local target is on any interface, so that it needs a scope.
 */
function facing(target: IpAddress, host: Host, { platform }: System): IpAddress | undefined {
  if (linkOf(host, target) !== undefined) return target;
  const path = isScoped(target) ? scopePath(target, host) : longestPath(target, host);
  const source = path && sourceOn(path.link, target, host, path.source);
  return path && source && withScope(source, target.scope ?? scopeOf(path.link, platform));
}

interface Path {
  readonly link: Link;
  readonly length: number;
  readonly metric: number;
  readonly source: IpAddress | undefined;
}

function scopePath({ scope }: IpAddress, host: Host): Path | undefined {
  const link = scope === undefined ? undefined : findLink(host, scope);
  return link && { link, length: 0, metric: 0, source: undefined };
}

function longestPath(target: IpAddress, host: Host): Path | undefined {
  const onLink = host.links.flatMap((link) =>
    link.addresses.flatMap(({ address, prefixLength: length }): Path[] =>
      contains({ address, length }, target) ? [{ link, length, metric: 0, source: undefined }] : []
    )
  );
  const [best] = [...onLink, ...host.routes.flatMap((route) => pathOf(route, target, host))]
    .toSorted((a, b) => b.length - a.length || a.metric - b.metric);
  return best;
}

function pathOf(route: Route, target: IpAddress, host: Host): Path[] {
  const { destination, metric, source, scoped } = route;
  const link = findLink(host, route.interface);
  if (link === undefined || scoped || !contains(destination, target)) return [];
  return [{ link, length: destination.length, metric, source }];
}
