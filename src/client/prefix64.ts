import { IpAddress } from "../wire/address.ts";
import type { Prefix64Option } from "../wire/option.ts";

/** How a NAT64 of the network builds IPv6 addresses from IPv4 ones (RFC 7225). Plain JSON. */
export interface Prefix64 {
  /** The prefix, such as `2001:db8:122:300::/56`. */
  readonly prefix: string;
  /** The octets that follow the IPv4 address, as hexadecimal digits; mostly zeros. */
  readonly suffix: string;
  /** The IPv4 destinations that it serves, such as `192.0.2.0/24`; undefined if it serves all. */
  readonly ipv4Prefixes?: readonly string[];
}

/** The option in plain JSON. */
export function prefix64Of({ prefix, suffix, ipv4Prefixes }: Prefix64Option): Prefix64 {
  const octets = new Uint8Array(16);
  octets.set(prefix);
  const address = IpAddress.read(new DataView(octets.buffer), 0);
  return {
    prefix: `${address}/${prefix.length * 8}`,
    suffix: [...suffix].map((octet) => octet.toString(16).padStart(2, "0")).join(""),
    ...(ipv4Prefixes === undefined || ipv4Prefixes.length === 0 ? {} : {
      ipv4Prefixes: ipv4Prefixes.map(({ address, prefixLength }) => `${address}/${prefixLength}`),
    }),
  };
}
