/** Parses the JSON output of iproute2's `ip -j`. Unused fields may have any value. */

import { type Family, IpAddress } from "../wire/address.ts";
import { SystemError } from "./discovery_error.ts";

/** A default route with a gateway. */
export interface DefaultRoute {
  readonly gateway: IpAddress;
  readonly interface: string;
  /** Lower is preferred. */
  readonly metric: number;
  /** Preference of an IPv6 router (RFC 4191 section 2.1): 1 high, 0 medium, -1 low. */
  readonly preference: number;
  /** Share of the traffic among the next hops of one route. */
  readonly weight: number;
}

/** The source address and interface that the system would use for a destination. */
export interface SourceRoute {
  readonly source: IpAddress;
  readonly interface: string;
}

/** An address of an interface. */
export interface InterfaceAddress {
  readonly address: IpAddress;
  /** Whether new communication may use it: neither deprecated nor tentative (RFC 4862 section 5.5.4). */
  readonly usable: boolean;
  /** A privacy address, which is replaced regularly (RFC 8981). */
  readonly temporary: boolean;
  /** Remaining preferred lifetime in seconds. */
  readonly preferredLifetime: number;
}

/**
 * Parses the output of `ip -j -4 route show default`, or of the same with `-6`. Routes without a gateway of the family, such
 * as those of most tunnels, and routes that are down are left out.
 *
 * @throws {SystemError} If the text is not the JSON of routes.
 */
export function parseDefaultRoutes(json: string, family: Family): DefaultRoute[] {
  return parseArray(json).filter(isUp).flatMap((route) => {
    const hops = Array.isArray(route["nexthops"]) ? route["nexthops"].filter(isRecord) : [route];
    return hops.filter(isUp).flatMap((hop): DefaultRoute[] => {
      const gateway = address(hop["gateway"]);
      const device = hop["dev"] ?? route["dev"];
      if (gateway?.family !== family || typeof device !== "string") return [];
      return [{
        gateway,
        interface: device,
        metric: number(route["metric"]) ?? 0,
        preference: PREFERENCES[String(route["pref"])] ?? 0,
        weight: number(hop["weight"]) ?? 1,
      }];
    });
  });
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

/**
 * Parses the output of `ip -j address show dev NAME`.
 *
 * @throws {SystemError} If the text is not the JSON of addresses.
 */
export function parseAddresses(json: string): InterfaceAddress[] {
  const lists = parseArray(json).map((entry) => entry["addr_info"]).filter(Array.isArray);
  return lists.flat().filter(isRecord).flatMap((info): InterfaceAddress[] => {
    const local = address(info["local"]);
    if (local === undefined) return [];
    const preferredLifetime = number(info["preferred_life_time"]) ?? FOREVER;
    return [{
      address: local,
      usable: preferredLifetime > 0 && !NOT_USABLE.some((flag) => info[flag] === true),
      temporary: info["temporary"] === true,
      preferredLifetime,
    }];
  });
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
    throw new SystemError("programFailed", "the program ip does not speak JSON", { cause });
  }
  throw new SystemError("programFailed", "the program ip speaks another JSON");
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
