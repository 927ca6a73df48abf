import { IpAddress } from "../wire/address.ts";
import type { Link } from "./host.ts";

/** Whether an address is ambiguous without its interface, as an IPv6 link-local one is (RFC 4007 section 6). */
export function isScoped(address: IpAddress): boolean {
  return address.family === "IPv6" && address.isLinkLocal;
}

/** Adds the interface to an address that is ambiguous without it; returns other addresses unchanged. */
export function withScope(address: IpAddress, scope: string): IpAddress {
  if (!isScoped(address)) return address;
  // A name that cannot be written as a zone, such as one with a space, is left out.
  return IpAddress.tryParse(`${address.withScope(undefined)}%${scope}`) ?? address;
}

/** The scope that the platform uses for an interface: its number on Windows, otherwise its name. */
export function scopeOf({ name, index }: Link, platform: string): string {
  return platform === "windows" && index !== undefined ? String(index) : name;
}
