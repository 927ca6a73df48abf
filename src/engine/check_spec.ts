import type { IpAddress } from "../wire/address.ts";
import { MAP_LENGTH, MAX_LENGTH, MAX_LIFETIME, PEER_LENGTH } from "../wire/constants.ts";
import { encodeOption, type Option, optionLength } from "../wire/option.ts";
import type { MappingId } from "./events.ts";
import { type MappingSpec, thirdPartyOf } from "./mapping_spec.ts";
import { optionRules } from "./option_rules.ts";

/**
 * Refuses a request that RFC 6887 forbids to send.
 *
 * @param spec The wanted mapping.
 * @param clientAddress The address that requests are sent from.
 * @throws {TypeError} If address families differ, or an option does not go with the opcode or stands twice.
 * @throws {RangeError} If a number is out of range, or ports and protocol exclude each other.
 */
export function checkSpec(spec: MappingSpec, clientAddress: IpAddress): void {
  const attempt = spec.opcode === "map"
    ? "Cannot request an inbound mapping"
    : "Cannot request an outbound mapping";
  const { protocol, internalPort, externalPort } = spec;
  if (protocol !== (protocol & 0xff)) throw outOfRange(protocol, 0, 0xff, "protocol", attempt);
  if (internalPort !== (internalPort & 0xffff)) {
    throw outOfRange(internalPort, 0, 0xffff, "internal port", attempt);
  }
  if (externalPort !== (externalPort & 0xffff)) {
    throw outOfRange(externalPort, 0, 0xffff, "external port", attempt);
  }
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
  if (spec.options.length === 0) return;
  checkOptions(spec, clientAddress, attempt);
  checkLength(spec, attempt);
}

/**
 * Refuses a lifetime that no request can carry; 0 would delete (RFC 6887 section 15).
 *
 * @throws {RangeError} If it is not an integer from 1 to 2^32 - 1.
 */
export function checkLifetime(lifetime: number, attempt: string): void {
  if (lifetime === lifetime >>> 0 && lifetime > 0) return;
  throw outOfRange(lifetime, 1, MAX_LIFETIME, "lifetime in seconds", attempt);
}

/**
 * Refuses less than one lifetime.
 *
 * @throws {RangeError} If the number is less than 1, or NaN.
 */
export function checkLifetimes(lifetimes: number, attempt: string): void {
  if (lifetimes >= 1) return;
  throw new RangeError(`${attempt}: it must be wanted for 1 lifetime at least, got "${lifetimes}"`);
}

/**
 * Refuses an id that is no integer, or was used before.
 *
 * @param lastId The greatest id so far.
 * @throws {RangeError} If the id is not a safe integer greater than `lastId`.
 */
export function checkId(id: MappingId, lastId: MappingId): void {
  if (!Number.isSafeInteger(id)) {
    throw new RangeError(`Cannot request a mapping: its id must be a safe integer, got "${id}"`);
  }
  if (id <= lastId) {
    throw new RangeError(
      `Cannot request a mapping: its id must be greater than any before, got "${id}"`,
    );
  }
}

/** ICMP, IGMP, RSVP, GRE, ESP, AH, ICMPv6, OSPF have no ports: both port fields are 0 (RFC 6887 section 11.2). */
const PORTLESS_PROTOCOLS: ReadonlySet<number> = new Set([1, 2, 46, 47, 50, 51, 58, 89]);

function outOfRange(
  value: number,
  least: number,
  most: number,
  what: string,
  attempt: string,
): RangeError {
  return new RangeError(
    `${attempt}: ${what} must be an integer from ${least} to ${most}, got "${value}"`,
  );
}

/** Refuses options that cannot be encoded, or do not fit into one request. */
function checkLength({ opcode, options }: MappingSpec, attempt: string): void {
  const fixed = opcode === "map" ? MAP_LENGTH : PEER_LENGTH;
  const length = options.reduce((sum, option) => sum + optionLength(option), fixed);
  if (length > MAX_LENGTH) {
    throw new RangeError(
      `${attempt}: a request has at most ${MAX_LENGTH} octets (RFC 6887 section 7), got "${length}"`,
    );
  }
  const view = new DataView(new ArrayBuffer(length));
  options.reduce((offset, option) => encodeOption(option, view, offset), fixed);
}

function checkPeer(spec: MappingSpec, clientAddress: IpAddress, attempt: string): void {
  if (spec.protocol === 0 || spec.internalPort === 0) {
    throw new RangeError(
      `${attempt}: protocol and internal port must not be 0 (RFC 6887 section 12.1)`,
    );
  }
  const { remotePort = 0 } = spec;
  if (remotePort !== (remotePort & 0xffff)) {
    throw outOfRange(remotePort, 0, 0xffff, "remote port", attempt);
  }
  if (remotePort === 0 || spec.remoteAddress === undefined) {
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
  const seen = new Set<string>();
  for (const option of spec.options) {
    const { mapOnly, repeatable } = optionRules(option);
    if (mapOnly && spec.opcode === "peer") {
      throw new TypeError(
        `${attempt}: option "${option.type}" goes with inbound mappings only (RFC 6887 section 13)`,
      );
    }
    if (!repeatable && seen.has(option.type)) {
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
