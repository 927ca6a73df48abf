import type { IpAddress } from "../wire/address.ts";

/** An IPv6 link-local address means nothing without its interface; other addresses stay as they are. */
export function withScope(address: IpAddress, device: string): IpAddress {
  return address.family === "IPv6" && address.isLinkLocal ? address.withScope(device) : address;
}
