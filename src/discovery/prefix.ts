import type { IpAddress } from "../wire/address.ts";
import type { Prefix } from "./host.ts";

/** Whether an address is in a prefix of its family. */
export function contains({ address, length }: Prefix, other: IpAddress): boolean {
  return address.family === other.family && sharedBits(address, other) >= length;
}

/**
 * Whether an address is the first of its prefix, which is the network itself (RFC 4291 section 2.6.1 for IPv6), or for IPv4 the
 * last, which is its broadcast address. Prefixes of one or two addresses have neither (RFC 3021, RFC 6164).
 */
export function isNetworkOrBroadcast(
  address: IpAddress,
  { address: own, length }: Prefix,
): boolean {
  const isIpv4 = address.family === "IPv4";
  if (length > (isIpv4 ? 30 : 126) || !contains({ address: own, length }, address)) return false;
  const rest = length + (isIpv4 ? 96 : 0);
  return hostBits(address, rest, 0) || isIpv4 && hostBits(address, rest, -1);
}

/** Whether all bits after the first `start` of 128 are those of `fill`, which is 0 or -1. */
function hostBits({ w0, w1, w2, w3 }: IpAddress, start: number, fill: number): boolean {
  return [w0, w1, w2, w3].every((word, index) => {
    const skipped = Math.max(0, start - index * 32);
    return skipped >= 32 || ((word ^ fill) << skipped) === 0;
  });
}

/** The number of leading bits that two addresses of one family share, counted as a prefix length of that family. */
function sharedBits(a: IpAddress, b: IpAddress): number {
  let bits = a.family === "IPv4" ? -96 : 0;
  for (const difference of [a.w0 ^ b.w0, a.w1 ^ b.w1, a.w2 ^ b.w2, a.w3 ^ b.w3]) {
    bits += Math.clz32(difference);
    if (difference !== 0) break;
  }
  return bits;
}
