/** Parses the JSON output of iproute2's `ip -j -d`. Unused fields may have any value. */

import { type Family, IpAddress } from "../wire/address.ts";
import { SystemError } from "./discovery_error.ts";
import type { Link, LinkAddress, LinkProperty, Prefix, Route } from "./host.ts";
import { isLinkLayer } from "./link_layer.ts";

/**
 * Parses the output of `ip -j -d address`.
 *
 * @throws {SystemError} If the text is not the JSON of interfaces.
 */
export function parseLinks(json: string): Link[] {
  return parseArray(json).flatMap((entry): Link[] => {
    const { ifname: name, ifindex: index, addr_info: list } = entry;
    if (typeof name !== "string") return [];
    const addresses = Array.isArray(list) ? list.filter(isRecord).flatMap(addressOf) : [];
    return [{ name, index: number(index), properties: propertiesOf(entry), addresses }];
  });
}

/**
 * Parses the output of `ip -j -d route`. Routes that are down are left out, and those to another family's gateway have none.
 *
 * @param family The family of the default route, which `ip` shows without an address.
 * @throws {SystemError} If the text is not the JSON of routes.
 */
export function parseRoutes(json: string, family: Family): Route[] {
  return parseArray(json).filter(isUp).flatMap((route) => {
    const destination = destinationOf(route["dst"], family);
    if (destination === undefined) return [];
    const hops = Array.isArray(route["nexthops"]) ? route["nexthops"].filter(isRecord) : [route];
    return hops.filter(isUp).flatMap((hop): Route[] => {
      const gateway = address(hop["gateway"]);
      const device = hop["dev"] ?? route["dev"];
      if (typeof device !== "string") return [];
      return [{
        destination,
        gateway: gateway?.family === family ? gateway : undefined,
        interface: device,
        metric: number(route["metric"]) ?? 0,
        preference: PREFERENCES[String(route["pref"])] ?? 0,
        weight: number(hop["weight"]) ?? 1,
        scoped: false,
        source: address(route["prefsrc"]),
      }];
    });
  });
}

/** The source address and interface that the system would use for a destination. */
export interface SourceRoute {
  readonly source: IpAddress;
  readonly interface: string;
}

/**
 * Parses the output of `ip -j route get ADDRESS`.
 *
 * @throws {SystemError} If the text is not the JSON of a route, or the route has no source address.
 */
export function parseRouteGet(json: string): SourceRoute {
  const [route] = parseArray(json);
  const source = address(route?.["prefsrc"]);
  const device = route?.["dev"];
  if (source === undefined || typeof device !== "string") {
    throw new SystemError("noLocalAddress", "the route has no source address");
  }
  return { source, interface: device };
}

function propertiesOf(entry: Record<string, unknown>): Set<LinkProperty> {
  const flags = Array.isArray(entry["flags"]) ? entry["flags"] : [];
  const info = isRecord(entry["linkinfo"]) ? entry["linkinfo"] : {};
  const kind = info["info_kind"];
  const type = entry["link_type"];
  const signs: Record<LinkProperty, boolean> = {
    // A link_netnsid names the namespace of the other end.
    container: kind === "veth" && entry["link_netnsid"] !== undefined,
    down: flags.includes("NO-CARRIER") || (flags.length > 0 && !flags.includes("UP")),
    dummy: kind === "dummy",
    loopback: flags.includes("LOOPBACK"),
    noArp: flags.includes("NOARP"),
    noLinkLayer: typeof type === "string" && !isLinkLayer(type),
    pointToPoint: flags.includes("POINTOPOINT"),
    program: kind === "tun",
    software: false,
  };
  return new Set(Object.entries(signs).flatMap(([name, is]) => is ? [name as LinkProperty] : []));
}

function addressOf(info: Record<string, unknown>): LinkAddress[] {
  const local = address(info["local"]);
  if (local === undefined) return [];
  const preferredLifetime = number(info["preferred_life_time"]) ?? FOREVER;
  return [{
    address: local,
    prefixLength: number(info["prefixlen"]) ?? (local.family === "IPv4" ? 32 : 128),
    usable: preferredLifetime > 0 && !NOT_USABLE.some((flag) => info[flag] === true),
    temporary: info["temporary"] === true,
    preferredLifetime: preferredLifetime >= FOREVER ? Infinity : preferredLifetime,
  }];
}

/** `default`, an address or a prefix. */
function destinationOf(value: unknown, family: Family): Prefix | undefined {
  if (value === "default") return { address: IpAddress.any(family), length: 0 };
  if (typeof value !== "string") return undefined;
  const [text = "", length = family === "IPv4" ? "32" : "128"] = value.split("/");
  const found = address(text);
  return found === undefined ? undefined : { address: found, length: Number(length) };
}

/** Routes of a type other than unicast, such as `unreachable`, forbid the destination. */
function isUp(route: Record<string, unknown>): boolean {
  const flags = Array.isArray(route["flags"]) ? route["flags"] : [];
  const type = route["type"] ?? "unicast";
  return type === "unicast" && !flags.includes("dead") && !flags.includes("linkdown");
}

function parseArray(json: string): Record<string, unknown>[] {
  if (json.trim() === "") return []; // some versions print nothing for an empty list
  try {
    const value: unknown = JSON.parse(json);
    if (Array.isArray(value)) return value.filter(isRecord);
  } catch (cause) {
    throw new SystemError("programFailed", 'the output of "ip -j" is not JSON', { cause });
  }
  throw new SystemError("programFailed", 'the output of "ip -j" is not a JSON array');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function address(value: unknown): IpAddress | undefined {
  return typeof value === "string" ? IpAddress.tryParse(value) : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

const PREFERENCES: Record<string, number> = { high: 1, medium: 0, low: -1 };

const NOT_USABLE = ["deprecated", "tentative", "dadfailed", "detached"] as const;

/** The value that ip prints for an infinite lifetime. */
const FOREVER = 0xffff_ffff;
