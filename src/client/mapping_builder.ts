import type { MappingSpec } from "../engine/mapping_spec.ts";
import { IpAddress } from "../wire/address.ts";
import { MAX_LIFETIME } from "../wire/constants.ts";
import type { Option } from "../wire/option.ts";
import { ProtocolNumber } from "../wire/protocol_number.ts";

/** The settings that inbound and outbound mappings have in common. Each may be given once. */
export abstract class MappingBuilder {
  /** Inbound: accepts traffic from outside. Outbound: keeps the translation of a flow to one remote peer. */
  abstract readonly kind: "inbound" | "outbound";
  /** Internal port, 0 to 65535; 0 means all ports of the protocol. */
  readonly internalPort: number;
  /** Requested lifetime in seconds, from 1. */
  readonly lifetime: number;
  /** @internal */
  protected readonly attempt: string;
  #given: readonly string[] = NONE;
  #options: readonly Option[] = NONE;
  #protocol: number = ProtocolNumber.Tcp;
  #externalPort = 0;
  #externalAddress: IpAddress | undefined;

  /** @internal */
  protected constructor(attempt: string, internalPort: number, lifetime: number) {
    this.attempt = attempt;
    this.internalPort = this.checkInteger("internal port", internalPort, 0, 65535);
    this.lifetime = this.checkInteger("lifetime in seconds", lifetime, 1, MAX_LIFETIME);
  }

  /**
   * Sets the transport protocol, an IANA number: see `ProtocolNumber`. TCP by default. 0 means all protocols and requires
   * internal port 0 (RFC 6887 section 11.1).
   *
   * @param protocol An integer from 0 to 255.
   * @throws {RangeError} If the number is out of range.
   * @throws {TypeError} If the protocol was given before.
   */
  protocol(protocol: number): this {
    this.once("protocol");
    this.#protocol = this.checkInteger("protocol", protocol, 0, 255);
    return this;
  }

  /**
   * Suggests an external port. The server may assign another one (RFC 6887 section 11.2).
   *
   * @param port An integer from 1 to 65535.
   * @throws {RangeError} If the port is out of range.
   * @throws {TypeError} If an external port was given before.
   */
  externalPort(port: number): this {
    this.once("externalPort");
    this.#externalPort = this.checkInteger("external port", port, 1, 65535);
    return this;
  }

  /**
   * Suggests an external address. The server may assign another one (RFC 6887 section 11.2).
   *
   * @param address An IPv4 or IPv6 address; `0.0.0.0` or `::` requests any address of that family. Without a suggestion an
   * address of the client's family is requested.
   * @throws {TypeError} If the text is not an IP address, or an external address was given before.
   */
  externalAddress(address: string): this {
    this.once("externalAddress");
    this.#externalAddress = this.parseAddress("external address", address);
    return this;
  }

  /**
   * Requests the mapping for another host (THIRD_PARTY, RFC 6887 section 13.1). For fully trusted networks only: the client
   * must be started with `allowThirdParty`, and most servers refuse such requests.
   *
   * @param address The internal address of that host.
   * @throws {TypeError} If the text is not an IP address, or a third party was given before.
   */
  thirdParty(address: string): this {
    this.once("thirdParty");
    return this.add({ type: "thirdParty", address: this.parseAddress("third party", address) });
  }

  /**
   * Distinguishes several hosts behind one address, together with {@linkcode MappingBuilder.thirdParty}
   * (THIRD_PARTY_ID, RFC 7843).
   *
   * @param id 1 to 1016 octets, in an encoding that the network's standard defines.
   * @throws {TypeError} If the value is not a `Uint8Array`, or an id was given before.
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
   * Describes the mapping in the router's list (DESCRIPTION, RFC 7220). Others can read it: no names, no places.
   *
   * @param text At most 1016 octets of UTF-8; the empty text erases the description that the server has.
   * @throws {TypeError} If the text is not well-formed Unicode, or a description was given before.
   * @throws {RangeError} If the text is too long.
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

  /** @internal */
  protected specFor(opcode: "map" | "peer", clientAddress: IpAddress): MappingSpec {
    return {
      opcode,
      protocol: this.#protocol,
      internalPort: this.internalPort,
      lifetime: this.lifetime,
      externalPort: this.#externalPort,
      externalAddress: this.#externalAddress ?? IpAddress.any(clientAddress.family),
      options: this.#options,
    };
  }

  /** @internal */
  protected add(option: Option): this {
    this.#options = this.#options.concat(option);
    return this;
  }

  /**
   * Refuses a second value of a setting: it is more likely a mistake than a correction.
   *
   * @internal
   */
  protected once(setting: string): void {
    if (this.#given.includes(setting)) {
      throw new TypeError(`${this.attempt}: ${setting} was given twice`);
    }
    this.#given = this.#given.concat(setting);
  }

  /** @internal */
  protected checkInteger(what: string, value: number, least: number, most: number): number {
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new RangeError(
      `${this.attempt}: ${what} must be an integer from ${least} to ${most}, got "${value}"${
        typeHint(value)
      }`,
    );
  }

  /** @internal */
  protected parseAddress(what: string, text: string): IpAddress {
    const address = typeof text === "string" ? IpAddress.tryParse(text) : undefined;
    if (address !== undefined) return address;
    throw new TypeError(`${this.attempt}: ${what} must be an IPv4 or IPv6 address, got "${text}"`);
  }
}

/** What to pass instead of a value that is no number. */
function typeHint(value: unknown): string {
  if (typeof value !== "string") return typeof value === "number" ? "" : ": expected a number";
  const names = Object.keys(ProtocolNumber);
  const name = names.find((each) => each.toLowerCase() === value.toLowerCase());
  if (name !== undefined) return `: use ProtocolNumber.${name}`;
  return `: expected a number, got the string "${value}"`;
}

const NONE: readonly never[] = [];

/** RFC 7220 section 2, RFC 7843 section 4. */
const MAX_OPTION_DATA = 1016;
