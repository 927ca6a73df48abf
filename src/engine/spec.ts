import type { IpAddress } from "../wire/address.ts";
import { MAP_LENGTH, MAX_LIFETIME, PEER_LENGTH } from "../wire/constants.ts";
import { encodeOption, type Option, optionLength } from "../wire/option.ts";
import type { MapFields, MappingResponse } from "../wire/message_type.ts";

/** What a mapping is wanted to be. Checked by {@linkcode checkSpec} before anything is sent. */
export interface MappingSpec {
  /** MAP for inbound traffic, PEER for a flow to one remote peer. */
  readonly opcode: "map" | "peer";
  /** IANA protocol number; 0 with internal port 0 means all protocols (RFC 6887 section 11.1). */
  readonly protocol: number;
  /** Internal port; 0 means all ports of the protocol. */
  readonly internalPort: number;
  /** Wanted lifetime in seconds, from 1. */
  readonly lifetime: number;
  /** Suggested external port, 0 for no preference. */
  readonly externalPort: number;
  /** Suggested external address; the all-zeros address of a family asks for that family (section 11.1). */
  readonly externalAddress: IpAddress;
  /** The remote peer of a PEER request. */
  readonly remotePort?: number;
  /** The remote peer of a PEER request, as this host sees it (section 12.1). */
  readonly remoteAddress?: IpAddress;
  /** Options in the order in which they are sent. */
  readonly options: readonly Option[];
}

/**
 * Refuses what RFC 6887 forbids to send.
 *
 * @param spec What is wanted.
 * @param clientAddress The address that requests are sent from.
 * @throws {TypeError} If families do not fit, an option does not go with the opcode or stands twice.
 * @throws {RangeError} If ports and protocol do not fit each other.
 */
export function checkSpec(spec: MappingSpec, clientAddress: IpAddress): void {
  const attempt = spec.opcode === "map"
    ? "Cannot request an inbound mapping"
    : "Cannot request an outbound mapping";
  checkInteger(spec.protocol, 0, 0xff, "protocol", attempt);
  checkInteger(spec.internalPort, 0, 0xffff, "internal port", attempt);
  checkInteger(spec.externalPort, 0, 0xffff, "external port", attempt);
  checkLifetime(spec.lifetime, attempt);
  if (spec.protocol === 0 && spec.internalPort !== 0) {
    throw new RangeError(
      `${attempt}: protocol 0 (all protocols) goes with internal port 0 only, got port "${spec.internalPort}"`,
    );
  }
  if (
    PORTLESS_PROTOCOLS.has(spec.protocol) && (spec.internalPort !== 0 || spec.externalPort !== 0)
  ) {
    throw new RangeError(
      `${attempt}: protocol "${spec.protocol}" has no ports, so both ports must be 0, got "${spec.internalPort}" and "${spec.externalPort}"`,
    );
  }
  if (spec.opcode === "peer") checkPeer(spec, clientAddress, attempt);
  checkOptions(spec, clientAddress, attempt);
  checkLength(spec, attempt);
}

/**
 * Refuses a lifetime that cannot be asked for; 0 would delete (RFC 6887 section 15).
 *
 * @throws {RangeError} If it is not an integer from 1 to 2^32 - 1.
 */
export function checkLifetime(lifetime: number, attempt: string): void {
  checkInteger(lifetime, 1, MAX_LIFETIME, "lifetime in seconds", attempt);
}

/**
 * Refuses to want a mapping for less than one lifetime.
 *
 * @throws {RangeError} If it is less, or no number.
 */
export function checkLifetimes(lifetimes: number, attempt: string): void {
  if (lifetimes >= 1) return;
  throw new RangeError(`${attempt}: it must be wanted for 1 lifetime at least, got "${lifetimes}"`);
}

/** What a server tells two mappings of one client apart by (section 11.4, 12.4), as text. */
export type MappingKey = string;

/** The identity of a mapping. */
export function mappingKey(spec: MappingSpec): MappingKey {
  const { opcode, protocol, internalPort, externalAddress, options } = spec;
  const internal = thirdPartyOf(options)?.toString() ?? "";
  const remote = opcode === "peer" ? `${spec.remoteAddress} ${spec.remotePort}` : "";
  return `${opcode} ${protocol} ${internalPort} ${externalAddress.family} ${internal} ${remote}`;
}

/**
 * What makes two requests the same, so that a refusal of one holds back the other (section 8.3, where it is undefined):
 * the mapping and the options; of what is suggested only that which the server must not change.
 */
export function requestKey(spec: MappingSpec): MappingKey {
  if (spec.opcode === "map" && spec.options.length === 0) return mappingKey(spec);
  const length = encodeOptions(spec.options);
  const key = `${mappingKey(spec)} ${OPTIONS.subarray(0, length)}`;
  return isSuggestionBinding(spec) ? `${key} ${spec.externalAddress} ${spec.externalPort}` : key;
}

/** Whether the server assigns what is suggested or nothing (sections 12.1, 13.2). */
export function isSuggestionBinding(spec: MappingSpec): boolean {
  return spec.opcode === "peer" || spec.options.some(({ type }) => type === "preferFailure");
}

/** Whether a success is the answer to the request: with PREFER_FAILURE only what was suggested is (section 13.2). */
export function isSuggested(spec: MappingSpec, answer: MapFields): boolean {
  if (spec.options.length === 0) return true;
  if (!spec.options.some((option) => option.type === "preferFailure")) return true;
  if (answer.externalPort !== spec.externalPort) return false;
  if (answer.externalAddress.equals(spec.externalAddress)) return true;
  return spec.externalAddress.isUnspecified &&
    answer.externalAddress.family === spec.externalAddress.family;
}

/** Whether a response is about the mapping: everything that RFC 6887 sections 11.4 and 12.4 name, besides the nonce. */
export function answerFits(spec: MappingSpec, answer: MappingResponse): boolean {
  if (
    answer.type !== spec.opcode || answer.protocol !== spec.protocol ||
    answer.internalPort !== spec.internalPort
  ) {
    return false;
  }
  if (answer.type === "peer") {
    if (answer.remotePort !== spec.remotePort) return false;
    if (spec.remoteAddress === undefined || !answer.remoteAddress.equals(spec.remoteAddress)) {
      return false;
    }
  }
  if (spec.options.length === 0 && answer.options.length === 0) return true;
  const wanted = thirdPartyOf(spec.options);
  const told = thirdPartyOf(answer.options);
  return wanted === undefined ? told === undefined : told !== undefined && told.equals(wanted);
}

/** Whether the effect of an option of the request depends on data in the response (section 7.3). */
export function needsOptionData(spec: MappingSpec): boolean {
  return spec.options.some(({ type }) => DATA_OPTIONS.has(type));
}

/** The options that a deletion carries: those that tell which mapping is meant (sections 11.3, 13.3). */
export function deletionOptions(spec: MappingSpec): readonly Option[] {
  return spec.options.filter(({ type }) =>
    type === "thirdParty" || type === "thirdPartyId" || type === "portSet"
  );
}

/** ICMP, ICMPv6, ESP, AH, GRE, RSVP, OSPF: no ports, so both port fields are zero (RFC 6887 section 11.2). */
const PORTLESS_PROTOCOLS: ReadonlySet<number> = new Set([1, 2, 46, 47, 50, 51, 58, 89]);

const DATA_OPTIONS: ReadonlySet<string> = new Set([
  "thirdParty",
  "portSet",
  "prefix64",
  "description",
]);

/** FILTER and PREFER_FAILURE go with MAP only, and so does PORT_SET (section 13, RFC 7753 section 4). */
const MAP_ONLY: ReadonlySet<string> = new Set(["filter", "preferFailure", "portSet"]);

/** What servers add to the echoed request must fit into 1100 octets, too (section 7.3). */
const LARGEST_REQUEST = 1024;

/** Room for the options of any request, written again and again. */
const OPTIONS = new Uint8Array(LARGEST_REQUEST);
const OPTIONS_VIEW = new DataView(OPTIONS.buffer);

function checkInteger(
  value: number,
  least: number,
  most: number,
  what: string,
  attempt: string,
): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(
    `${attempt}: ${what} must be an integer from ${least} to ${most}, got "${value}"`,
  );
}

/** Throws if the options can be encoded in no way, or not together. */
function checkLength(spec: MappingSpec, attempt: string): void {
  if (spec.options.length === 0) return;
  const fixed = spec.opcode === "map" ? MAP_LENGTH : PEER_LENGTH;
  const length = spec.options.reduce((sum, option) => sum + optionLength(option), fixed);
  if (length > LARGEST_REQUEST) {
    throw new RangeError(
      `${attempt}: a request has at most ${LARGEST_REQUEST} octets so that its answer fits, got "${length}"`,
    );
  }
  encodeOptions(spec.options);
}

function encodeOptions(options: readonly Option[]): number {
  return options.reduce((offset, option) => encodeOption(option, OPTIONS_VIEW, offset), 0);
}

function checkPeer(spec: MappingSpec, clientAddress: IpAddress, attempt: string): void {
  if (spec.protocol === 0 || spec.internalPort === 0) {
    throw new RangeError(
      `${attempt}: protocol and internal port must not be 0 (RFC 6887 section 12.1)`,
    );
  }
  checkInteger(spec.remotePort ?? 0, 0, 0xffff, "remote port", attempt);
  if (spec.remotePort === undefined || spec.remotePort === 0 || spec.remoteAddress === undefined) {
    throw new RangeError(
      `${attempt}: the remote address and a remote port other than 0 are needed (RFC 6887 section 12.1)`,
    );
  }
  const family = internalAddress(spec, clientAddress).family;
  if (spec.remoteAddress.family !== family) {
    throw new TypeError(
      `${attempt}: the remote address must be ${family} as the internal address is, got "${spec.remoteAddress}"`,
    );
  }
}

function checkOptions(spec: MappingSpec, clientAddress: IpAddress, attempt: string): void {
  if (spec.options.length === 0) return;
  const seen = new Set<string>();
  for (const option of spec.options) {
    if (spec.opcode === "peer" && MAP_ONLY.has(option.type)) {
      throw new TypeError(
        `${attempt}: option "${option.type}" goes with inbound mappings only (RFC 6887 section 13)`,
      );
    }
    if (seen.has(option.type) && option.type !== "filter" && option.type !== "unknown") {
      throw new TypeError(`${attempt}: option "${option.type}" must not stand twice`);
    }
    seen.add(option.type);
    if (option.type === "thirdParty" && option.address.equals(clientAddress)) {
      throw new TypeError(
        `${attempt}: the third party must be another host, got this client's own address "${option.address}" (RFC 6887 section 13.1)`,
      );
    }
    if (option.type === "filter" && !fitsFamily(option, internalAddress(spec, clientAddress))) {
      throw new TypeError(
        `${attempt}: a filter must be of the family of the internal address, got "${option.remoteAddress}"`,
      );
    }
  }
  if (seen.has("preferFailure") && spec.externalPort === 0) {
    throw new RangeError(
      `${attempt}: preferFailure needs an external port other than 0 (RFC 6887 section 13.2)`,
    );
  }
  if (seen.has("preferFailure") && seen.has("portSet")) {
    throw new TypeError(
      `${attempt}: preferFailure and portSet exclude each other (RFC 7753 section 4.1)`,
    );
  }
  if (seen.has("thirdPartyId") && !seen.has("thirdParty")) {
    throw new TypeError(
      `${attempt}: a third party id needs the third party's address (RFC 7843 section 5.1)`,
    );
  }
}

function fitsFamily(option: Option & { type: "filter" }, internal: IpAddress): boolean {
  // The "no filter" form has the address :: for both families (RFC 6887 erratum 3891).
  return option.prefixLength === 0 || option.remoteAddress.family === internal.family;
}

function internalAddress(spec: MappingSpec, clientAddress: IpAddress): IpAddress {
  return thirdPartyOf(spec.options) ?? clientAddress;
}

function thirdPartyOf(options: readonly Option[]): IpAddress | undefined {
  if (options.length === 0) return undefined;
  return options.find((option) => option.type === "thirdParty")?.address;
}
