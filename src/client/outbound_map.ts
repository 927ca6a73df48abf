import type { MappingSpec } from "../engine/mapping_spec.ts";
import type { IpAddress } from "../wire/address.ts";
import { MappingBuilder } from "./mapping_builder.ts";

/**
 * The description of an outbound mapping: the router keeps the translation of a flow to one remote peer and reports its
 * external address and port (PEER, RFC 6887 section 12), so that fewer keepalives are needed. Such a mapping cannot be
 * deleted; it expires.
 *
 * @example
 * ```ts
 * import { OutboundMap, ProtocolNumber } from "@portcontrol/pcp";
 *
 * const map = new OutboundMap(51000, "198.51.100.7", 443, 3600).protocol(ProtocolNumber.Tcp);
 * console.assert(map.remotePort === 443);
 * ```
 */
export class OutboundMap extends MappingBuilder {
  /** `outbound`. */
  override readonly kind = "outbound";
  /** Port of the remote peer, 1 to 65535. */
  readonly remotePort: number;
  readonly #remoteAddress: IpAddress;

  /**
   * Describes a mapping; nothing is sent before {@linkcode Handle.request}.
   *
   * @param internalPort The port that this host sends from, 1 to 65535.
   * @param remoteAddress Address of the remote peer as this host knows it, of the family of this host's address.
   * @param remotePort Port of the remote peer, 1 to 65535.
   * @param lifetime Requested lifetime in seconds, from 1. The server may grant more, and never shortens it.
   * @throws {RangeError} If a number is out of range.
   * @throws {TypeError} If the text is not an IP address.
   */
  constructor(internalPort: number, remoteAddress: string, remotePort: number, lifetime: number) {
    super("Cannot create an outbound mapping", internalPort, lifetime);
    this.checkInteger("internal port", internalPort, 1, 65535);
    this.#remoteAddress = this.parseAddress("remote address", remoteAddress);
    this.remotePort = this.checkInteger("remote port", remotePort, 1, 65535);
  }

  /** Address of the remote peer. */
  get remoteAddress(): string {
    return this.#remoteAddress.toString();
  }

  /**
   * The request for the engine.
   *
   * @internal
   */
  toSpec(clientAddress: IpAddress): MappingSpec {
    const { remotePort } = this;
    return {
      ...this.specFor("peer", clientAddress),
      remotePort,
      remoteAddress: this.#remoteAddress,
    };
  }
}
