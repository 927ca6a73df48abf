import { IpAddress } from "../wire/address.ts";
import type { Option } from "../wire/option.ts";
import { ProtocolNumber } from "../wire/protocol_number.ts";
import { MAX_LIFETIME } from "../wire/constants.ts";
import type { MappingSpec } from "../engine/mapping_spec.ts";

/** What inbound and outbound mappings have in common: ports, protocol, suggestions, and whom they are for. */
export abstract class MappingBuilder {
  /** Whether traffic is let in from anyone, or a flow to one remote peer is kept. */
  abstract readonly kind: "inbound" | "outbound";
  /** Internal port, 0 to 65535; 0 means all ports of the protocol. */
  readonly internalPort: number;
  /** Wanted lifetime in seconds. */
  readonly lifetime: number;
  /** @internal */
  protected readonly attempt: string;
  #protocol: number = ProtocolNumber.Tcp;
  #externalPort = 0;
  #externalAddress: IpAddress | undefined;
  #options: Option[] | undefined;
  /** The wishes that were given, a bit each. */
  #given = 0;

  /** @internal */
  protected constructor(attempt: string, internalPort: number, lifetime: number) {
    this.attempt = attempt;
    this.internalPort = this.checkInteger("internal port", internalPort, 0, 65535);
    this.lifetime = this.checkInteger("lifetime in seconds", lifetime, 1, MAX_LIFETIME);
  }

  /**
   * The transport protocol, an IANA number: see `ProtocolNumber`. TCP if not given. 0 means all protocols, and goes with
   * internal port 0 only (RFC 6887 section 11.1).
   *
   * @throws {RangeError} If it is not an integer from 0 to 255.
   * @throws {TypeError} If it was given before.
   */
  protocol(protocol: number): this {
    this.once("protocol");
    this.#protocol = this.checkInteger("protocol", protocol, 0, 255);
    return this;
  }

  /**
   * Suggests an external port, 1 to 65535. The server may assign another one (RFC 6887 section 11.2).
   *
   * @throws {RangeError} If it is out of range.
   * @throws {TypeError} If it was given before.
   */
  externalPort(port: number): this {
    this.once("externalPort");
    this.#externalPort = this.checkInteger("external port", port, 1, 65535);
    return this;
  }

  /**
   * Suggests an external address. The all-zeros address of a family, `0.0.0.0` or `::`, asks for any of that family.
   *
   * @throws {TypeError} If it is no IP address, or was given before.
   */
  externalAddress(address: string): this {
    this.once("externalAddress");
    this.#externalAddress = this.parseAddress("external address", address);
    return this;
  }

  /**
   * Asks on behalf of another host (THIRD_PARTY, RFC 6887 section 13.1). Only for fully trusted networks, so the client
   * must be started with `allowThirdParty`, and most servers refuse it.
   *
   * @throws {TypeError} If it is no IP address, or was given before.
   */
  thirdParty(address: string): this {
    this.once("thirdParty");
    return this.add({ type: "thirdParty", address: this.parseAddress("third party", address) });
  }

  /**
   * Tells which of several hosts behind one address is meant, with {@linkcode MappingBuilder.thirdParty}
   * (THIRD_PARTY_ID, RFC 7843).
   *
   * @param id 1 to 1016 octets, in the encoding that the network's standard defines.
   * @throws {TypeError} If it is no array of octets, or was given before.
   * @throws {RangeError} If its length is out of range.
   */
  thirdPartyId(id: Uint8Array): this {
    this.once("thirdPartyId");
    if (!(id instanceof Uint8Array)) {
      throw new TypeError(`${this.attempt}: third party id must be a Uint8Array, got "${id}"`);
    }
    this.checkInteger("length of the third party id", id.length, 1, MAX_OPTION_DATA);
    return this.add({ type: "thirdPartyId", id: id.slice() });
  }

  /**
   * A word for people who look at the router's list (DESCRIPTION, RFC 7220). It is seen by others: no names, no places.
   *
   * @param text At most 1016 octets of UTF-8; the empty text erases the one the server knows.
   * @throws {TypeError} If it is no well-formed text, or was given before.
   * @throws {RangeError} If it is too long.
   */
  description(text: string): this {
    this.once("description");
    if (typeof text !== "string" || !text.isWellFormed()) {
      throw new TypeError(`${this.attempt}: description must be well-formed text, got "${text}"`);
    }
    const length = new TextEncoder().encode(text).length;
    this.checkInteger("length of the description in octets", length, 0, MAX_OPTION_DATA);
    return this.add({ type: "description", text });
  }

  /**
   * What the engine is told. Without a wish for an external address, one of the client's family is asked for.
   *
   * @internal
   */
  protected specFor(opcode: "map" | "peer", clientAddress: IpAddress): MappingSpec {
    return {
      opcode,
      protocol: this.#protocol,
      internalPort: this.internalPort,
      lifetime: this.lifetime,
      externalPort: this.#externalPort,
      externalAddress: this.#externalAddress ?? IpAddress.any(clientAddress.family),
      options: this.#options === undefined ? NO_OPTIONS : [...this.#options],
    };
  }

  /** @internal */
  protected add(option: Option): this {
    (this.#options ??= []).push(option);
    return this;
  }

  /**
   * Every wish stands once: a second one is more likely a mistake than a change of mind.
   *
   * @internal
   */
  protected once(wish: Wish): void {
    const bit = 1 << WISHES.indexOf(wish);
    if (this.#given & bit) throw new TypeError(`${this.attempt}: ${wish} was given twice`);
    this.#given |= bit;
  }

  /** @internal */
  protected checkInteger(what: string, value: number, least: number, most: number): number {
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new RangeError(
      `${this.attempt}: ${what} must be an integer from ${least} to ${most}, got "${value}"`,
    );
  }

  /** @internal */
  protected parseAddress(what: string, text: string): IpAddress {
    const address = typeof text === "string" ? IpAddress.tryParse(text) : undefined;
    if (address !== undefined) return address;
    throw new TypeError(`${this.attempt}: ${what} must be an IPv4 or IPv6 address, got "${text}"`);
  }
}

/** What can be wished for once. */
const WISHES = [
  "protocol",
  "externalPort",
  "externalAddress",
  "thirdParty",
  "thirdPartyId",
  "description",
  "preferFailure",
  "portSet",
] as const;

type Wish = (typeof WISHES)[number];

const NO_OPTIONS: readonly Option[] = [];

/** RFC 7220 section 2, RFC 7843 section 4. */
const MAX_OPTION_DATA = 1016;
