/** Parses the files of Linux in `/proc/net` and `/sys/class/net`. A row that makes no sense is left out. */

import { IpAddress } from "../wire/address.ts";
import type { LinkAddress, LinkProperty, Route } from "./host.ts";
import { isLinkLayer } from "./link_layer.ts";

/** Parses `/proc/net/route`, the main table of IPv4. */
export function parseIpv4Routes(text: string): Route[] {
  return rows(text).flatMap(([device, destination, gateway, flags, , , metric, mask]): Route[] => {
    const [to, via] = [ipv4(destination), ipv4(gateway)];
    const length = ipv4(mask);
    const set = parseInt(flags ?? "", 16);
    if (device === undefined || to === undefined || length === undefined || !isUsable(set)) {
      return [];
    }
    return [{
      destination: { address: to, length: 32 - zeros(length.w3) },
      gateway: (set & GATEWAY) !== 0 ? via : undefined,
      interface: device,
      metric: Number(metric),
      preference: 0,
      weight: 1,
      scoped: false,
      source: undefined,
    }];
  });
}

/** Parses `/proc/net/ipv6_route`, all tables of IPv6. */
export function parseIpv6Routes(text: string): Route[] {
  return rows(text).flatMap((row): Route[] => {
    const [destination, length, , , gateway, metric, , , flags, device] = row;
    const [to, via] = [ipv6(destination), ipv6(gateway)];
    const set = parseInt(flags ?? "", 16);
    if (device === undefined || to === undefined || !isUsable(set)) return [];
    if ((set & (LOCAL | ANYCAST | CACHE)) !== 0) return [];
    return [{
      destination: { address: to, length: parseInt(length ?? "", 16) },
      gateway: (set & GATEWAY) !== 0 ? via : undefined,
      interface: device,
      metric: parseInt(metric ?? "", 16),
      preference: PREFERENCES[(set >>> 27) & 3] ?? 0,
      weight: 1,
      scoped: false,
      source: undefined,
    }];
  });
}

/** An IPv6 address with the interface that has it. */
export interface InterfaceIpv6 extends LinkAddress {
  readonly interface: string;
  readonly index: number;
}

/** Parses `/proc/net/if_inet6`, which has no lifetimes. */
export function parseIfInet6(text: string): InterfaceIpv6[] {
  return rows(text).flatMap(([hex, index, length, , flags, device]): InterfaceIpv6[] => {
    const address = ipv6(hex);
    const set = parseInt(flags ?? "", 16);
    if (address === undefined || device === undefined || Number.isNaN(set)) return [];
    return [{
      address,
      prefixLength: parseInt(length ?? "", 16),
      usable: (set & (DADFAILED | DEPRECATED | TENTATIVE)) === 0,
      temporary: (set & TEMPORARY) !== 0,
      preferredLifetime: Infinity,
      interface: device,
      index: parseInt(index ?? "", 16),
    }];
  });
}

/** The files of `/sys/class/net/NAME`; undefined for a missing one. */
export interface LinkFiles {
  readonly flags: string | undefined;
  readonly type: string | undefined;
  readonly operstate: string | undefined;
  /** Only a TUN or TAP device has it. */
  readonly tun_flags: string | undefined;
}

/** The properties of an interface of which the files are known. */
export function parseLinkFiles(files: LinkFiles): Set<LinkProperty> {
  const flags = Number(files.flags ?? UP);
  const type = Number(files.type ?? ETHER);
  const signs: Partial<Record<LinkProperty, boolean>> = {
    down: (flags & UP) === 0 || DOWN.has(files.operstate?.trim() ?? ""),
    loopback: (flags & LOOPBACK) !== 0,
    noArp: (flags & NOARP) !== 0,
    noLinkLayer: !isLinkLayer(type),
    pointToPoint: (flags & POINTOPOINT) !== 0,
    program: files.tun_flags !== undefined,
  };
  return new Set(Object.entries(signs).flatMap(([name, is]) => is ? [name as LinkProperty] : []));
}

// No regular expressions: their compilation takes a millisecond, and every program with discovery reads these files.

/** The fields of each line, between blanks or tabs. */
function rows(text: string): string[][] {
  return text.split("\n").map((line) => {
    return line.replaceAll("\t", " ").split(" ").filter((field) => field !== "");
  });
}

function isUsable(flags: number): boolean {
  return (flags & ROUTE_UP) !== 0 && (flags & REJECT) === 0;
}

/** Eight hexadecimal digits: the four octets in the order of this machine's words. */
function ipv4(hex: string | undefined): IpAddress | undefined {
  const word = hex?.length === 8 ? hexadecimal(hex) : NaN;
  if (Number.isNaN(word)) return undefined;
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, word, IS_LITTLE_ENDIAN);
  return new IpAddress(0, 0, 0xffff, view.getInt32(0));
}

/** 32 hexadecimal digits. */
function ipv6(hex: string | undefined): IpAddress | undefined {
  if (hex?.length !== 32) return undefined;
  const word = (at: number): number => hexadecimal(hex.slice(at, at + 8));
  const words = [word(0), word(8), word(16), word(24)] as const;
  return words.some(Number.isNaN) ? undefined : new IpAddress(...words);
}

/** NaN if the text has other characters than digits. */
function hexadecimal(digits: string): number {
  return Number(`0x${digits}`);
}

/** The number of bits after the last one that is set. */
function zeros(word: number): number {
  return word === 0 ? 32 : 31 - Math.clz32(word & -word);
}

const IS_LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** Flags of routes (linux/route.h, linux/ipv6_route.h). */
const ROUTE_UP = 0x0001;
const GATEWAY = 0x0002;
const REJECT = 0x0200;
const ANYCAST = 0x0010_0000;
const CACHE = 0x0100_0000;
const LOCAL = 0x8000_0000;

/** The bits of the router's preference (RFC 4191 section 2.1): 1 high, 0 medium, 3 low. */
const PREFERENCES: Readonly<Record<number, number>> = { 0: 0, 1: 1, 3: -1 };

/** Flags of interfaces (linux/if.h), and the type of Ethernet (linux/if_arp.h). */
const UP = 0x01;
const LOOPBACK = 0x08;
const POINTOPOINT = 0x10;
const NOARP = 0x80;
const ETHER = 1;

/** States in which nothing is sent (RFC 2863 section 3.1.14). */
const DOWN: ReadonlySet<string> = new Set(["down", "lowerlayerdown", "notpresent"]);

/** Flags of addresses (linux/if_addr.h). */
const TEMPORARY = 0x01;
const DADFAILED = 0x08;
const DEPRECATED = 0x20;
const TENTATIVE = 0x40;
