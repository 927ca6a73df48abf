import type { Family, IpAddress } from "../wire/address.ts";

/** The network of a host as its kernel describes it. */
export interface Host {
  /** The interfaces; those without addresses may be missing. */
  readonly links: readonly Link[];
  /** The default routes at least, in the order of the kernel. */
  readonly routes: readonly Route[];
}

/** A network interface. */
export interface Link {
  readonly name: string;
  /** Its number, if known. */
  readonly index: number | undefined;
  readonly properties: ReadonlySet<LinkProperty>;
  readonly addresses: readonly LinkAddress[];
}

/**
 * A property of an interface. None is derived from its name.
 *
 * `container`: it is that of a container, so that its other end is in another network namespace. `down`: it is switched off or has no carrier.
 * `dummy`: it discards what is sent. `loopback`: it returns what is sent. `noArp`: it resolves no neighbours. `noLinkLayer`:
 * it has no link-layer addresses. `pointToPoint`: it has one peer. `program`: its other end is a program of this host, as of a
 * TUN or TAP device. `software`: the system knows no hardware behind it.
 */
export type LinkProperty =
  | "container"
  | "down"
  | "dummy"
  | "loopback"
  | "noArp"
  | "noLinkLayer"
  | "pointToPoint"
  | "program"
  | "software";

/** An address of an interface. */
export interface LinkAddress {
  readonly address: IpAddress;
  /** Length of the prefix that is on the link, counted in the family of the address. */
  readonly prefixLength: number;
  /** Whether new communication may use it: neither deprecated nor tentative (RFC 4862 section 5.5.4). */
  readonly usable: boolean;
  /** A privacy address, which is replaced regularly (RFC 8981). */
  readonly temporary: boolean;
  /** Remaining preferred lifetime in seconds; infinite where the system does not say. */
  readonly preferredLifetime: number;
}

/** A route that is up. */
export interface Route {
  /** The destination; its address is unspecified and its length 0 in a default route. */
  readonly destination: Prefix;
  /** The next hop; undefined if the destination is on the link. */
  readonly gateway: IpAddress | undefined;
  /** Name of the interface. */
  readonly interface: string;
  /** Lower is preferred. */
  readonly metric: number;
  /** Preference of an IPv6 router (RFC 4191 section 2.1): 1 high, 0 medium, -1 low. */
  readonly preference: number;
  /** Share of the traffic among the next hops of one route. */
  readonly weight: number;
  /** Whether only programs that bind to its interface use it: macOS has such routes for all but the primary network. */
  readonly scoped: boolean;
  /** The source address that the route names, if any. */
  readonly source: IpAddress | undefined;
}

/** An address prefix. */
export interface Prefix {
  readonly address: IpAddress;
  readonly length: number;
}

/** The default routes of a family, in the order of the kernel. */
export function defaultRoutes({ routes }: Host, family: Family): Route[] {
  return routes.filter(({ destination: { address, length } }) => {
    return length === 0 && address.family === family;
  });
}

/** The interface of this name or number. */
export function findLink({ links }: Host, zone: string): Link | undefined {
  return links.find(({ name }) => name === zone) ??
    links.find(({ index }) => index !== undefined && String(index) === zone);
}

/** The interface that has an address; of several, as for a link-local address, the one that is its scope. */
export function linkOf(host: Host, address: IpAddress): Link | undefined {
  const { links } = host;
  const candidates = address.scope === undefined ? links : [findLink(host, address.scope)];
  return candidates.find((link) => link?.addresses.some((own) => own.address.equals(address)));
}
