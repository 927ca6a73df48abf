import type { Family, IpAddress } from "../wire/address.ts";
import { defaultRoutes, findLink, type Host, type Link, type LinkProperty } from "./host.ts";
import type { Route } from "./host.ts";
import { isNetworkOrBroadcast } from "./prefix.ts";
import { isScoped } from "./scope.ts";

/** The default routes of a family that lead to a router, the preferred one first. */
export interface Ranking {
  readonly routes: readonly RankedRoute[];
  /** The other ones, each with the reason why it leads to no router. */
  readonly refused: readonly string[];
}

/** A default route that leads to a router. */
export interface RankedRoute {
  readonly route: Route;
  readonly gateway: IpAddress;
  readonly link: Link | undefined;
}

/**
 * Ranks default routes by the properties of their interfaces, then as the system does. A tunnel is ranked after a local
 * network, because the NAT to map on is the one of the local network. A route of which the gateway cannot be a router, such as
 * an address of this host, is refused.
 */
export function rankRoutes(host: Host, family: Family): Ranking {
  const refused: string[] = [];
  const routes: RankedRoute[] = [];
  for (const route of defaultRoutes(host, family)) {
    const link = findLink(host, route.interface);
    const { gateway } = route;
    const fault = gateway === undefined ? "has no gateway" : faultOf(gateway, link, host);
    if (gateway !== undefined && fault === undefined) routes.push({ route, gateway, link });
    else refused.push(`the one through "${route.interface}" ${fault}`);
  }
  return { routes: routes.toSorted(compare), refused };
}

/** Why the route at `index` has its place among the ranked routes of its family. */
export function reasonFor(ranked: readonly RankedRoute[], index: number): string {
  const entry = ranked[index] as RankedRoute;
  const place = placeOf(entry, ranked, index);
  const isTunnelNamed = place.includes(showNetwork(entry));
  const notes = [
    ...isTunnel(entry) && !isTunnelNamed ? [showNetwork(entry)] : [],
    ...entry.link?.properties.has("container") ? ["through a container's interface"] : [],
  ];
  return [place, ...notes].join(", ");
}

function placeOf(entry: RankedRoute, ranked: readonly RankedRoute[], index: number): string {
  const [, second] = ranked;
  if (second === undefined) return "the only default gateway";
  const other = index === 0 ? second : ranked[index - 1] as RankedRoute;
  const criterion = difference(entry, other);
  const [place, relation] = index === 0
    ? ["first", "precedes"]
    : [`after "${other.gateway}"`, "follows"];
  return criterion === undefined
    ? `${place} in the list of the system`
    : `${place}: ${criterion.show(entry)} ${relation} ${criterion.show(other)}`;
}

/** Why a router cannot have this address, or be at this interface; undefined if it can. */
function faultOf(gateway: IpAddress, link: Link | undefined, host: Host): string | undefined {
  if (gateway.isUnspecified || gateway.isMulticast || gateway.isLoopback) {
    return `has the gateway "${gateway}", which is no address of a router`;
  }
  if (isOwn(gateway, link, host)) {
    return `has the gateway "${gateway}", which is an address of this host`;
  }
  const prefixes =
    link?.addresses.map(({ address, prefixLength: length }) => ({ address, length })) ??
      [];
  // macOS shows a route into a tunnel as one to "fe80::%utun0". The prefix of link-local addresses has 64 bits (RFC 4291 2.5.6).
  if (isScoped(gateway)) {
    prefixes.push({ address: gateway, length: 64 });
  }
  if (prefixes.some((prefix) => isNetworkOrBroadcast(gateway, prefix))) {
    return `has the gateway "${gateway}", which is the address of a network`;
  }
  const has = (property: LinkProperty): boolean => link?.properties.has(property) ?? false;
  if (has("loopback")) return "leads to a loopback interface";
  if (has("dummy")) return "leads to a dummy interface";
  if (has("down")) return "leads to an interface that is down";
  // A tunnel needs no ARP. A broadcast network without ARP finds no neighbour: it is a dummy interface or the like.
  if (has("noArp") && !has("pointToPoint") && !has("noLinkLayer")) {
    return "leads to an interface without ARP (NOARP)";
  }
  return undefined;
}

/** A link-local address is one of this host only on the link of that address. */
function isOwn(gateway: IpAddress, link: Link | undefined, host: Host): boolean {
  const links = isScoped(gateway) ? link === undefined ? [] : [link] : host.links;
  return links.some(({ addresses }) => addresses.some(({ address }) => address.equals(gateway)));
}

/** The signs of a tunnel, with the name that its users know. */
const TUNNEL_SIGNS: readonly (readonly [LinkProperty, string])[] = [
  ["pointToPoint", "POINTOPOINT"],
  ["noArp", "NOARP"],
  ["noLinkLayer", "no link layer"],
  ["program", "its other end is a program"],
  ["software", "no hardware"],
];

function tunnelSigns({ link }: RankedRoute): string[] {
  return TUNNEL_SIGNS.flatMap(([property, name]) => link?.properties.has(property) ? [name] : []);
}

function isTunnel(entry: RankedRoute): boolean {
  return tunnelSigns(entry).length > 0;
}

interface Criterion {
  /** Lower is preferred. */
  readonly rank: (entry: RankedRoute) => number;
  /** The entry's value in words. */
  readonly show: (entry: RankedRoute) => string;
}

/** In the order of their weight. */
const CRITERIA: readonly Criterion[] = [
  { rank: (entry) => Number(isTunnel(entry)), show: showNetwork },
  {
    rank: ({ route }) => Number(route.scoped),
    show: ({ route }) => route.scoped ? "a secondary network" : "the primary network",
  },
  { rank: ({ route }) => route.metric, show: ({ route }) => `metric ${route.metric}` },
  {
    rank: ({ route }) => -route.preference,
    show: ({ route }) => `router preference ${["low", "medium", "high"][route.preference + 1]}`,
  },
  { rank: ({ route }) => -route.weight, show: ({ route }) => `weight ${route.weight}` },
];

function compare(a: RankedRoute, b: RankedRoute): number {
  const criterion = difference(a, b);
  return criterion === undefined ? 0 : criterion.rank(a) - criterion.rank(b);
}

/** The first criterion by which two entries differ. */
function difference(a: RankedRoute, b: RankedRoute): Criterion | undefined {
  return CRITERIA.find(({ rank }) => rank(a) !== rank(b));
}

function showNetwork(entry: RankedRoute): string {
  const signs = tunnelSigns(entry);
  return signs.length === 0 ? "a local network" : `a tunnel (${signs.join(", ")})`;
}
