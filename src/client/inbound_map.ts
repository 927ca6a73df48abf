import type { MappingSpec } from "../engine/mapping_spec.ts";
import { IpAddress } from "../wire/address.ts";
import { MappingBuilder } from "./mapping_builder.ts";

/**
 * The description of an inbound mapping: the router forwards what arrives at an external port to a port of this host
 * (MAP, RFC 6887 section 11).
 *
 * @example
 * ```ts
 * import { InboundMap, ProtocolNumber } from "@portcontrol/pcp";
 *
 * const map = new InboundMap(6000, 3600).protocol(ProtocolNumber.Tcp).externalPort(6000);
 * console.assert(map.internalPort === 6000);
 * ```
 */
export class InboundMap extends MappingBuilder {
  /** `inbound`. */
  override readonly kind = "inbound";
  #filtered = false;

  /**
   * Describes a mapping; nothing is sent before {@linkcode Handle.request}.
   *
   * @param internalPort The port that this host listens on, 0 to 65535; 0 means all ports of the protocol. The program must
   * have bound it before (RFC 6887 section 11).
   * @param lifetime Requested lifetime in seconds, from 1. The server may grant less or more.
   * @throws {RangeError} If a number is out of range.
   */
  constructor(internalPort: number, lifetime: number) {
    super("Cannot create an inbound mapping", internalPort, lifetime);
  }

  /**
   * Makes the request fail unless the server assigns the suggested external port and address (PREFER_FAILURE, RFC 6887
   * section 13.2). Requires {@linkcode InboundMap.externalPort}.
   *
   * @throws {TypeError} If it was given before.
   */
  preferFailure(): this {
    this.once("preferFailure");
    return this.add({ type: "preferFailure" });
  }

  /**
   * Accepts traffic from these remote peers only; may be called for several (FILTER, RFC 6887 section 13.3): 42 fit into a
   * request, less with other options. The filters of a request replace those that the mapping has at the server.
   *
   * @param remotePort Port of the peer, 0 to 65535; 0 means every port.
   * @param remoteAddress Address of the peer, of the family of this host's address.
   * @param prefix Number of significant bits of the address: 1 to 32 for IPv4, 1 to 128 for IPv6. 0 removes all filters:
   * traffic from everywhere is accepted.
   * @throws {RangeError} If a number is out of range.
   * @throws {TypeError} If the text is not an IP address.
   */
  filter(remotePort: number, remoteAddress: string, prefix: number): this {
    const address = this.parseAddress("remote address", remoteAddress);
    const bits = address.family === "IPv4" ? 32 : 128;
    this.checkInteger("remote port", remotePort, 0, 65535);
    this.checkInteger(`prefix of "${remoteAddress}"`, prefix, 0, bits);
    if (prefix === 0 && remotePort !== 0) {
      throw new RangeError(
        `${this.attempt}: prefix 0 removes all filters, so the remote port must be 0, got "${remotePort}"`,
      );
    }
    // Servers add filters to those that the mapping has, so the first one removes them (section 13.3).
    if (!this.#filtered) this.add(NO_FILTER);
    this.#filtered = true;
    if (prefix === 0) return this;
    const prefixLength = address.family === "IPv4" ? 96 + prefix : prefix;
    return this.add({ type: "filter", prefixLength, remotePort, remoteAddress: address });
  }

  /**
   * Requests a run of consecutive ports that begins with the internal port (PORT_SET, RFC 7753). The server may grant fewer:
   * see `assigned.portSet`.
   *
   * @param size Number of ports, 1 to 65535; 65535 means as many as possible, 1 is the same as no port set.
   * @param parity Whether the external port must be even if the internal one is, and odd if it is odd.
   * @throws {RangeError} If the size is out of range, or the run goes past port 65535.
   * @throws {TypeError} If a port set was given before.
   */
  portSet(size: number, parity = false): this {
    this.once("portSet");
    this.checkInteger("size of the port set", size, 1, 65535);
    if (size !== ALL_PORTS && this.internalPort + size - 1 > 65535) {
      throw new RangeError(
        `${this.attempt}: ${size} ports from "${this.internalPort}" on go past port 65535`,
      );
    }
    if (size === 1) return this; // one port is not a set (RFC 7753 section 4.1)
    return this.add({ type: "portSet", size, firstInternalPort: this.internalPort, parity });
  }

  /**
   * The request for the engine.
   *
   * @internal
   */
  toSpec(clientAddress: IpAddress): MappingSpec {
    return this.specFor("map", clientAddress);
  }
}

/** Prefix length 0, port 0 and `::` remove every filter (RFC 6887 erratum 3891). */
const NO_FILTER = {
  type: "filter",
  prefixLength: 0,
  remotePort: 0,
  remoteAddress: IpAddress.ANY_IPV6,
} as const;

/** As many ports as possible (RFC 7753 section 4.1). */
const ALL_PORTS = 0xffff;
