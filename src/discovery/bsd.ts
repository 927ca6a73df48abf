/** Reads the network of macOS, the BSDs and illumos. */

import { type Family, IpAddress } from "../wire/address.ts";
import type { Host, Link, LinkAddress, LinkProperty, Route } from "./host.ts";
import { contains } from "./prefix.ts";
import type { System } from "./system.ts";

/**
 * Reads the default routes from `netstat` and the interfaces from `ifconfig`, run side by side.
 *
 * @throws {SystemError} If one of them cannot be run.
 */
export async function readBsd(system: System): Promise<Host> {
  const [routes, links] = await Promise.all([
    system.run("netstat", ["-rn"]),
    system.run("ifconfig", ["-a"]),
  ]);
  const found = parseIfconfig(links);
  return { links: found, routes: parseNetstat(routes).map((route) => named(route, found)) };
}

/** illumos does not always show the interface of a route: it is the one that has the gateway in a prefix. */
function named(route: Route, links: readonly Link[]): Route {
  const { gateway } = route;
  if (route.interface !== "" || gateway === undefined) return route;
  const link = links.find(({ addresses }) =>
    addresses.some(({ address, prefixLength: length }) => contains({ address, length }, gateway))
  );
  return { ...route, interface: link?.name ?? "" };
}

/** Parses the default routes in the output of `netstat -rn`, in which each family has a table with a head of its own. */
function parseNetstat(text: string): Route[] {
  let columns: readonly string[] = [];
  return text.split("\n").flatMap((line): Route[] => {
    const fields = line.trim().split(/\s+/);
    if (fields[0]?.startsWith("Destination")) {
      columns = fields;
      return [];
    }
    const route = DEFAULTS.has(fields[0] ?? "") ? routeOf(fields, columns) : undefined;
    return route === undefined ? [] : [route];
  });
}

/** Parses the output of `ifconfig -a`. */
export function parseIfconfig(text: string): Link[] {
  const links = new Map<string, Link>();
  for (const block of text.split(/^(?=\S)/m)) {
    const [, name, flags = ""] = /^(\S+?):? flags=[0-9a-fx]+<([^>]*)>/i.exec(block) ?? [];
    if (name === undefined) continue;
    const index = /\bscopeid 0x([0-9a-f]+)/.exec(block)?.[1];
    const addresses = block.split("\n").flatMap(addressOf);
    const before = links.get(name);
    links.set(name, {
      name,
      index: index === undefined ? before?.index : parseInt(index, 16),
      properties: before?.properties ?? propertiesOf(flags.split(","), block),
      // illumos shows an interface once for each family.
      addresses: [...before?.addresses ?? [], ...addresses],
    });
  }
  return [...links.values()];
}

/** The names of the default destination; illumos has the last one for IPv6. */
const DEFAULTS: ReadonlySet<string> = new Set(["default", "0.0.0.0", "0.0.0.0/0", "::/0"]);

function routeOf(fields: readonly string[], columns: readonly string[]): Route | undefined {
  const value = (...names: string[]): string | undefined =>
    fields[columns.findIndex((column) => names.includes(column))];
  const flags = value("Flags") ?? "";
  const device = value("Netif", "Interface", "Iface", "If");
  // macOS shows a route to a whole link as "link#5" or "fe80::%utun0".
  const gateway = IpAddress.tryParse(value("Gateway") ?? "");
  if (!flags.includes("U") || /[RB]/.test(flags)) return undefined;
  const family: Family = gateway?.family ?? "IPv4";
  return {
    destination: { address: IpAddress.any(family), length: 0 },
    gateway: flags.includes("G") ? gateway : undefined,
    interface: device ?? gateway?.scope ?? "",
    metric: Number(value("Prio") ?? 0),
    preference: 0,
    weight: 1,
    scoped: flags.includes("I"),
    source: undefined,
  };
}

function propertiesOf(flags: readonly string[], block: string): Set<LinkProperty> {
  const properties = new Set<LinkProperty>();
  const isDown = /^\s+status: (inactive|no carrier|no network)/m.test(block);
  if (!flags.includes("UP") || isDown) properties.add("down");
  if (flags.includes("LOOPBACK")) properties.add("loopback");
  if (flags.includes("NOARP")) properties.add("noArp");
  if (flags.includes("POINTOPOINT")) properties.add("pointToPoint");
  if (!/^\s+(ether|lladdr|address:) /m.test(block)) properties.add("noLinkLayer");
  return properties;
}

/** `inet 192.168.1.2 netmask 0xffffff00`, `inet6 fe80::1%em0 prefixlen 64 scopeid 0x1`, or with a length after a slash. */
function addressOf(line: string): LinkAddress[] {
  const [, text = "", attributes = ""] = /^\s+inet6? (\S+)(.*)$/.exec(line) ?? [];
  const [plain = "", length] = text.split("/");
  const address = IpAddress.tryParse(plain.replace(/%.*$/, ""));
  if (address === undefined) return [];
  const prefix = length ?? /\bprefixlen (\d+)/.exec(attributes)?.[1];
  const mask = /\bnetmask (?:0x)?(\S+)/.exec(attributes)?.[1];
  const lifetime = /\bpltime (\d+)/.exec(attributes)?.[1];
  return [{
    address,
    prefixLength: prefix === undefined ? maskLength(mask, address.family) : Number(prefix),
    usable: !/\b(tentative|deprecated|duplicated|detached)\b/.test(attributes),
    temporary: /\btemporary\b/.test(attributes),
    preferredLifetime: lifetime === undefined ? Infinity : Number(lifetime),
  }];
}

/** The length of a mask as `ffffff00` or `255.255.255.0`. */
function maskLength(mask: string | undefined, family: Family): number {
  if (mask === undefined) return family === "IPv4" ? 32 : 128;
  const word = IpAddress.tryParse(mask)?.w3 ?? parseInt(mask, 16);
  return Math.clz32(~word);
}
