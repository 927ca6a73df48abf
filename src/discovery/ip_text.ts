/** Parses the text output of `ip`, for BusyBox, whose `ip` has no JSON. Lines that make no sense are left out. */

import { type Family, IpAddress } from "../wire/address.ts";
import type { Link, LinkAddress, LinkProperty, Route } from "./host.ts";
import { isLinkLayer } from "./link_layer.ts";

/** Parses the output of `ip address`. */
export function parseLinkText(text: string): Link[] {
  return text.split(/^(?=\d+: )/m).flatMap((block): Link[] => {
    const [, index, name, flags = ""] = /^(\d+): ([^:@\s]+)\S*:? <([^>]*)>/.exec(block) ?? [];
    if (name === undefined) return [];
    const type = /^\s+link\/(\S+)/m.exec(block)?.[1];
    const addresses = [...block.matchAll(/^\s+inet6? (\S+)(.*)$/gm)].flatMap(addressOf);
    return [{
      name,
      index: Number(index),
      properties: propertiesOf(flags.split(","), type),
      addresses,
    }];
  });
}

/** Parses the output of `ip route` for a family. */
export function parseRouteText(text: string, family: Family): Route[] {
  return text.split("\n").flatMap((line): Route[] => {
    const [to = "", ...rest] = line.trim().split(/\s+/);
    const value = (key: string): string | undefined => {
      const at = rest.indexOf(key);
      return at < 0 ? undefined : rest[at + 1];
    };
    const device = value("dev");
    if (to !== "default" || device === undefined) return [];
    const gateway = IpAddress.tryParse(value("via") ?? "");
    return [{
      destination: { address: IpAddress.any(family), length: 0 },
      gateway: gateway?.family === family ? gateway : undefined,
      interface: device,
      metric: Number(value("metric") ?? 0),
      preference: 0,
      weight: 1,
      scoped: false,
      source: IpAddress.tryParse(value("src") ?? ""),
    }];
  });
}

function propertiesOf(flags: readonly string[], type: string | undefined): Set<LinkProperty> {
  const properties = new Set<LinkProperty>();
  if (!flags.includes("UP") || flags.includes("NO-CARRIER")) properties.add("down");
  if (flags.includes("LOOPBACK")) properties.add("loopback");
  if (flags.includes("NOARP")) properties.add("noArp");
  if (flags.includes("POINTOPOINT")) properties.add("pointToPoint");
  if (type !== undefined && !isLinkLayer(type)) properties.add("noLinkLayer");
  return properties;
}

/** `192.168.1.2/24`, or `10.8.0.2` of an interface with one peer, and the attributes after it. */
function addressOf([, cidr = "", attributes = ""]: RegExpExecArray): LinkAddress[] {
  const [text = "", length] = cidr.split("/");
  const address = IpAddress.tryParse(text);
  if (address === undefined) return [];
  return [{
    address,
    prefixLength: Number(length ?? (address.family === "IPv4" ? 32 : 128)),
    usable: !/\b(tentative|deprecated|dadfailed)\b/.test(attributes),
    temporary: /\btemporary\b/.test(attributes),
    preferredLifetime: Infinity,
  }];
}
