import { IpAddress } from "../wire/address.ts";
import { toHex } from "../wire/octets.ts";
import type { Prefix64Option } from "../wire/option.ts";

/** How a NAT64 of the network builds IPv6 addresses from IPv4 addresses (RFC 7225). Plain JSON. */
export interface Prefix64 {
  /** The IPv6 prefix, such as `2001:db8:122:300::/56`. */
  readonly prefix: string;
  /** The octets that follow the IPv4 address, as hexadecimal digits (RFC 6052 section 2.2). */
  readonly suffix: string;
  /** The IPv4 destinations that it serves, such as `192.0.2.0/24`; absent if it serves all. */
  readonly ipv4Prefixes?: readonly string[];
}

/** The plain JSON of a PREFIX64 option. */
export function prefix64Of({ prefix, suffix, ipv4Prefixes }: Prefix64Option): Prefix64 {
  const octets = new Uint8Array(16);
  octets.set(prefix);
  const address = IpAddress.read(new DataView(octets.buffer), 0);
  return {
    prefix: `${address}/${prefix.length * 8}`,
    suffix: toHex(suffix),
    ...(ipv4Prefixes === undefined || ipv4Prefixes.length === 0 ? {} : {
      ipv4Prefixes: ipv4Prefixes.map(({ address, prefixLength }) => `${address}/${prefixLength}`),
    }),
  };
}
