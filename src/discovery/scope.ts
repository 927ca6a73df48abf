import type { IpAddress } from "../wire/address.ts";

/** Adds the interface to an IPv6 link-local address, which is ambiguous without it; returns other addresses unchanged. */
export function withScope(address: IpAddress, device: string): IpAddress {
  return address.family === "IPv6" && address.isLinkLocal ? address.withScope(device) : address;
}
