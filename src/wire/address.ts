import { formatIpv4, formatIpv6, parseWords } from "./address_text.ts";

/** The two families of addresses. */
export type Family = "IPv4" | "IPv6";

/** An address and a port. */
export interface Endpoint {
  /** The address. */
  readonly address: IpAddress;
  /** The UDP or TCP port, 0 to 65535. */
  readonly port: number;
}

/**
 * An IPv4 or IPv6 address as PCP encodes it: always 16 octets, an IPv4 address as `::ffff:a.b.c.d` (RFC 6887 section 5).
 * Immutable, four 32-bit words.
 *
 * @example
 * ```ts
 * import { IpAddress } from "@portcontrol/pcp/wire";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(IpAddress.parse("2001:DB8:0:0::1").toString(), "2001:db8::1");
 * assertEquals(IpAddress.parse("::ffff:192.0.2.1").family, "IPv4");
 * ```
 */
export class IpAddress {
  // Declared, not defined: a definition would first set each field to undefined, which makes it slower to read.

  /** Octets 0 to 3, a signed 32-bit number. */
  declare readonly w0: number;
  /** Octets 4 to 7, a signed 32-bit number. */
  declare readonly w1: number;
  /** Octets 8 to 11, a signed 32-bit number. */
  declare readonly w2: number;
  /** Octets 12 to 15, a signed 32-bit number. */
  declare readonly w3: number;
  /** The zone of a link-local IPv6 address (RFC 4007), such as `eth0` in `fe80::1%eth0`. Never encoded. */
  declare readonly scope: string | undefined;

  /** Any IPv4 address, `::ffff:0:0` (RFC 6887 section 5). */
  static readonly ANY_IPV4: IpAddress = new IpAddress(0, 0, 0xffff, 0);

  /** Any IPv6 address, `::` (RFC 6887 section 5). */
  static readonly ANY_IPV6: IpAddress = new IpAddress(0, 0, 0, 0);

  /**
   * An address of four big-endian words, signed or not.
   *
   * @throws {TypeError} If there is a scope and the address is not link-local, or the scope is not a zone name.
   */
  constructor(w0: number, w1: number, w2: number, w3: number, scope?: string) {
    this.w0 = w0 | 0;
    this.w1 = w1 | 0;
    this.w2 = w2 | 0;
    this.w3 = w3 | 0;
    this.scope = scope;
    if (scope !== undefined) checkScope(this, scope);
  }

  /**
   * Parses `192.0.2.1`, any form of RFC 4291 section 2.2, and `fe80::1%eth0`. `::ffff:192.0.2.1` is IPv4.
   *
   * @throws {TypeError} If the text is not an address.
   */
  static parse(text: string): IpAddress {
    const address = IpAddress.tryParse(text);
    if (address === undefined) {
      throw new TypeError(`Cannot parse an IP address: expected IPv4 or IPv6 text, got "${text}"`);
    }
    return address;
  }

  /** As {@linkcode IpAddress.parse}, but `undefined` where that throws. */
  static tryParse(text: string): IpAddress | undefined {
    if (typeof text !== "string") return undefined;
    const percent = text.indexOf("%");
    const words = parseWords(percent < 0 ? text : text.slice(0, percent));
    if (words === undefined) return undefined;
    const [w0, w1, w2, w3] = words;
    const address = new IpAddress(w0, w1, w2, w3);
    if (percent < 0) return address;
    const scope = text.slice(percent + 1);
    return isZone(scope) && mayHaveScope(address) ? address.withScope(scope) : undefined;
  }

  /** The address in the 16 octets at `offset`. */
  static read(view: DataView, offset: number): IpAddress {
    return new IpAddress(
      view.getInt32(offset),
      view.getInt32(offset + 4),
      view.getInt32(offset + 8),
      view.getInt32(offset + 12),
    );
  }

  /** The all-zeros address of a family, which stands for any of its addresses (RFC 6887 section 5). */
  static any(family: Family): IpAddress {
    return family === "IPv4" ? IpAddress.ANY_IPV4 : IpAddress.ANY_IPV6;
  }

  /** Writes the 16 octets at `offset`. */
  write(view: DataView, offset: number): void {
    view.setInt32(offset, this.w0);
    view.setInt32(offset + 4, this.w1);
    view.setInt32(offset + 8, this.w2);
    view.setInt32(offset + 12, this.w3);
  }

  /** The family. IPv4 requires all 96 leading bits, not only the two octets `ff ff` (RFC 6887 section 5). */
  get family(): Family {
    return this.w2 === 0xffff && this.w0 === 0 && this.w1 === 0 ? "IPv4" : "IPv6";
  }

  /** Whether it is one of the two all-zeros addresses, `0.0.0.0` or `::`. */
  get isUnspecified(): boolean {
    return this.w3 === 0 && this.w0 === 0 && this.w1 === 0 && (this.w2 === 0 || this.w2 === 0xffff);
  }

  /** Whether it is in 169.254.0.0/16 (RFC 3927) or fe80::/10 (RFC 4291 section 2.5.6). */
  get isLinkLocal(): boolean {
    return this.family === "IPv4" ? (this.w3 >>> 16) === 0xa9fe : (this.w0 >>> 22) === 0x3fa;
  }

  /** Whether it is a private IPv4 address (RFC 1918). */
  get isPrivate(): boolean {
    if (this.family !== "IPv4") return false;
    const [a, b] = [this.w3 >>> 24, (this.w3 >>> 16) & 0xff];
    return a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168);
  }

  /** Whether it is in 127.0.0.0/8 (RFC 1122 section 3.2.1.3) or is ::1 (RFC 4291 section 2.5.3). */
  get isLoopback(): boolean {
    if (this.family === "IPv4") return (this.w3 >>> 24) === 127;
    return this.w3 === 1 && this.w0 === 0 && this.w1 === 0 && this.w2 === 0;
  }

  /** Whether it is in 224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291 section 2.7). */
  get isMulticast(): boolean {
    return this.family === "IPv4" ? (this.w3 >>> 28) === 0xe : (this.w0 >>> 24) === 0xff;
  }

  /** Whether the 16 octets are the same. The scope is ignored, because it has a meaning on this host only. */
  equals(other: IpAddress): boolean {
    return this.w3 === other.w3 && this.w2 === other.w2 && this.w1 === other.w1 &&
      this.w0 === other.w0;
  }

  /**
   * The same octets with another scope, or without one.
   *
   * @throws {TypeError} If the address is not link-local, or the scope is not a zone name.
   */
  withScope(scope: string | undefined): IpAddress {
    if (scope === this.scope) return this;
    return new IpAddress(this.w0, this.w1, this.w2, this.w3, scope);
  }

  /** The text of RFC 5952, a dotted quad for IPv4, with `%scope` if there is one. */
  toString(): string {
    if (this.family === "IPv4") return formatIpv4(this.w3);
    const text = formatIpv6(this.w0, this.w1, this.w2, this.w3);
    return this.scope === undefined ? text : `${text}%${this.scope}`;
  }

  /** The text: an address in JSON is a string. */
  toJSON(): string {
    return this.toString();
  }
}

/** Unicast fe80::/10 and multicast ff02::/16: addresses that are unique on one link only (RFC 4007 section 4). */
function mayHaveScope(address: IpAddress): boolean {
  return (address.w0 >>> 22) === 0x3fa || (address.w0 >>> 16) === 0xff02;
}

/** An interface name or number: printable ASCII without the separators. */
function isZone(text: string): boolean {
  return /^[!-~]{1,64}$/.test(text) && !/[%\/\[\]]/.test(text);
}

function checkScope(address: IpAddress, scope: string): void {
  if (!mayHaveScope(address)) {
    const text = formatIpv6(address.w0, address.w1, address.w2, address.w3);
    throw new TypeError(
      `Cannot set the scope of an address: expected a link-local address, got "${text}"`,
    );
  }
  if (!isZone(scope)) {
    throw new TypeError(
      `Cannot set the scope of an address: expected the name of an interface, got "${scope}"`,
    );
  }
}
