import { IpAddress } from "./address.ts";
import type { Prefix64Option } from "./option_type.ts";

/** The option of a client's request: the prefix ::/96 and no list (RFC 7225 section 4.3). */
export function prefix64Request(): Prefix64Option {
  const prefix = new Uint8Array(12);
  return { type: "prefix64", prefix, suffix: new Uint8Array(0), ipv4Prefixes: undefined };
}

/** Whether the option is {@linkcode prefix64Request}, which some servers send back: it is no prefix. */
export function isPrefix64Request({ prefix, suffix }: Prefix64Option): boolean {
  return prefix.length === 12 && [...prefix, ...suffix].every((octet) => octet === 0);
}

/**
 * Chooses the server's prefix for an IPv4 destination: the one whose list has the longest match, otherwise the first one
 * without a list (RFC 7225 section 4.3). `undefined` if there is neither.
 */
export function choosePrefix64(
  options: readonly Prefix64Option[],
  destination: IpAddress,
): Prefix64Option | undefined {
  let best: Prefix64Option | undefined;
  let longest = -1;
  for (const option of options) {
    const match = longestMatch(option, destination);
    if (match > longest) {
      best = option;
      longest = match;
    }
  }
  return best;
}

/**
 * The IPv6 address of an IPv4 destination behind a NAT64 (RFC 7225 section 4.1, RFC 6052 section 2.2).
 *
 * @example
 * ```ts
 * import { IpAddress, synthesizeAddress } from "@portcontrol/pcp/wire";
 * import { assertEquals } from "@std/assert";
 *
 * const prefix = Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0x01, 0x22, 0x03);
 * const option = { type: "prefix64", prefix, suffix: new Uint8Array(5), ipv4Prefixes: undefined } as const;
 * const address = synthesizeAddress(option, IpAddress.parse("192.0.2.33"));
 * assertEquals(address.toString(), "2001:db8:122:3c0:0:221::");
 * ```
 *
 * @throws {TypeError} If the address is not IPv4.
 * @throws {RangeError} If prefix and suffix do not have 12 octets together.
 */
export function synthesizeAddress(option: Prefix64Option, ipv4: IpAddress): IpAddress {
  const { prefix, suffix } = option;
  if (ipv4.family !== "IPv4") {
    throw new TypeError(`Cannot synthesize an address: expected an IPv4 address, got "${ipv4}"`);
  }
  if (prefix.length + suffix.length !== 12) {
    throw new RangeError(
      `Cannot synthesize an address: prefix and suffix must have 12 octets together, got "${
        prefix.length + suffix.length
      }"`,
    );
  }
  const octets = [24, 16, 8, 0].map((shift) => (ipv4.w3 >>> shift) & 0xff);
  // Octet 8 is zero; the IPv4 octets continue after it (RFC 6052 section 2.2).
  const before = Math.max(0, 8 - prefix.length);
  const all = suffix.length === 0
    ? [...prefix, ...octets]
    : [...prefix, ...octets.slice(0, before), 0, ...octets.slice(before), ...suffix.slice(1)];
  const word = (at: number): number => {
    return all.slice(at, at + 4).reduce((high, octet) => (high << 8) | octet, 0);
  };
  return new IpAddress(word(0), word(4), word(8), word(12));
}

/** Prefix length of the longest network in the list that contains the address; 0 without a list, -1 without a match. */
function longestMatch(option: Prefix64Option, destination: IpAddress): number {
  const prefixes = option.ipv4Prefixes;
  if (prefixes === undefined || prefixes.length === 0) return 0;
  let longest = -1;
  for (const { address, prefixLength } of prefixes) {
    const differing = address.w3 ^ destination.w3;
    const isInside = prefixLength === 0 || (differing >>> (32 - prefixLength)) === 0;
    if (isInside) longest = Math.max(longest, prefixLength);
  }
  return longest;
}
