import { IpAddress } from "./address.ts";
import { lengthFault } from "./body.ts";
import { AUTHENTICATION_LENGTH, HEADER_LENGTH, NATPMP_VERSION, PCP_VERSION } from "./constants.ts";
import { MAP_LENGTH, PEER_LENGTH } from "./constants.ts";
import { copyOctets, MemoryView } from "./data_view.ts";
import type { Decoded, DecodeReason } from "./errors.ts";
import { R_BIT } from "./header.ts";
import { type Mutable, readMapInto } from "./map.ts";
import type { Response } from "./message_type.ts";
import { Nonce } from "./nonce.ts";
import { Opcode } from "./opcode.ts";
import { NO_OPTIONS, readOptions } from "./option.ts";
import type { DecodedOptions } from "./option_type.ts";
import { readPeerInto } from "./peer.ts";
import { ResultCode } from "./result_code.ts";

/**
 * Reads responses as {@linkcode decodeResponse} does, with the same verdicts and the same values, into objects that it uses
 * again: a MAP or PEER response without options allocates nothing, unless its addresses are others than those of the one
 * before.
 *
 * What `read` gives is good until it is called again, and then holds the next response: the result, the response and its
 * nonce. Addresses, options and octets in it stay as they are for ever.
 *
 * @example
 * ```ts
 * import { encodeResponse, ResponseReader } from "@portcontrol/pcp/wire";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const reader = new ResponseReader();
 * const datagram = encodeResponse({ type: "announce", result: 0, lifetime: 0, epoch: 1000 });
 * const decoded = reader.read(datagram);
 * assert(decoded.ok);
 * assertEquals(decoded.value.epoch, 1000);
 * ```
 */
export class ResponseReader {
  readonly #memory = new MemoryView();
  readonly #into = new Slots();

  /**
   * The response in a datagram, until the next call. Never throws.
   *
   * The octets are best a part of one and the same `ArrayBuffer` each time: how to look at another one has to be found out.
   */
  read(bytes: Uint8Array): Decoded<Response> {
    return readResponse(bytes, this.#memory, this.#into);
  }
}

/**
 * The response in a datagram. Never throws. The reserved octets are ignored; encoded again they are zeros.
 *
 * The checks are those of RFC 6887 section 8.3 in its order, so that UNSUPP_VERSION is seen before anything is asked
 * of the length: such an answer may have as few as four octets. Fields that it is too short for are 0. An answer that
 * names version 0 comes from a NAT-PMP server, whose octets 4 to 7 are its epoch (RFC 6886 section 3.5); it is taken
 * with the R bit clear too, as the figure there has it.
 */
export function decodeResponse(bytes: Uint8Array): Decoded<Response> {
  return readResponse(bytes, INCOMING, new Slots());
}

/** The results that are filled, each made when it is first needed. */
class Slots {
  map: Slot<"map"> | undefined = undefined;
  peer: Slot<"peer"> | undefined = undefined;
  announce: Slot<"announce"> | undefined = undefined;
  other: Slot<"other"> | undefined = undefined;
  refusal: Mutable<Decoded<Response> & { ok: false }> | undefined = undefined;
}

interface Slot<T extends Response["type"]> {
  readonly ok: true;
  readonly value: Mutable<Extract<Response, { type: T }>>;
}

function readResponse(bytes: Uint8Array, memory: MemoryView, into: Slots): Decoded<Response> {
  const { length } = bytes;
  if (length < 4) return refuse("tooShort", into);
  // The view shows all of the memory that the datagram is a part of: `start` and `end` are its bounds in it.
  const view = memory.of(bytes);
  const start = bytes.byteOffset;
  const first = view.getInt32(start);
  // Most are MAP or PEER of this version and of the least length, which is no version error and breaks no rule.
  if (length === MAP_LENGTH && first >>> 16 === MAP_RESPONSE) {
    return fillMap(first & 0xff, NO_OPTIONS, view, start, into);
  }
  if (length === PEER_LENGTH && first >>> 16 === PEER_RESPONSE) {
    return fillPeer(first & 0xff, NO_OPTIONS, view, start, into);
  }
  return readRest(first, view, start, start + length, into);
}

function fillMap(
  result: number,
  options: DecodedOptions,
  view: DataView,
  start: number,
  into: Slots,
): Decoded<Response> {
  const decoded = into.map ??= { ok: true, value: blankMap() };
  const map = decoded.value;
  map.result = result;
  map.lifetime = view.getUint32(start + 4);
  map.epoch = view.getUint32(start + 8);
  readMapInto(map, view, start + HEADER_LENGTH);
  map.options = options.options;
  map.optionFault = options.fault;
  return decoded;
}

function fillPeer(
  result: number,
  options: DecodedOptions,
  view: DataView,
  start: number,
  into: Slots,
): Decoded<Response> {
  const decoded = into.peer ??= { ok: true, value: blankPeer() };
  const peer = decoded.value;
  readHeader(peer, result, view, start);
  readPeerInto(peer, view, start + HEADER_LENGTH);
  setOptions(peer, options);
  return decoded;
}

function readRest(
  first: number,
  view: DataView,
  start: number,
  end: number,
  into: Slots,
): Decoded<Response> {
  const length = end - start;
  const result = first & 0xff;
  if (result === ResultCode.UnsuppVersion && isVersionError(first, length)) {
    return readVersionError(view, start, end, into);
  }
  if ((first & R_BIT << 16) === 0) return refuse("notResponse", into);
  if (first >>> 24 !== PCP_VERSION) return refuse("version", into);
  const opcode = (first >>> 16) & ~R_BIT & 0xff;
  const reason = lengthFault(length, opcode);
  if (reason !== undefined) return refuse(reason, into);
  switch (opcode) {
    case Opcode.Map:
      return fillMap(result, readOptions(view, start + MAP_LENGTH, end), view, start, into);
    case Opcode.Peer:
      return fillPeer(result, readOptions(view, start + PEER_LENGTH, end), view, start, into);
    case Opcode.Announce: {
      const decoded = into.announce ??= { ok: true, value: blankAnnounce() };
      readHeader(decoded.value, result, view, start);
      setOptions(decoded.value, readOptions(view, start + HEADER_LENGTH, end));
      return decoded;
    }
    default:
      return readOther(opcode, result, view, start, end, into);
  }
}

function readOther(
  opcode: number,
  result: number,
  view: DataView,
  start: number,
  end: number,
  into: Slots,
): Decoded<Response> {
  const decoded = into.other ??= { ok: true, value: blankOther() };
  const other = decoded.value;
  other.version = PCP_VERSION;
  other.opcode = opcode;
  readHeader(other, result, view, start);
  other.reserved = view.getUint8(start + 2);
  // The data of AUTHENTICATION have a length; those of an opcode without a name go on to the end.
  const dataEnd = opcode === Opcode.Authentication ? start + AUTHENTICATION_LENGTH : end;
  other.data = copyOctets(view, start + HEADER_LENGTH, dataEnd - start - HEADER_LENGTH);
  setOptions(other, readOptions(view, dataEnd, end));
  return decoded;
}

function refuse(reason: DecodeReason, into: Slots): Decoded<Response> {
  const refusal = into.refusal ??= { ok: false, reason };
  refusal.reason = reason;
  return refusal;
}

/** What the header says beside version and opcode (RFC 6887 section 7.2). */
function readHeader(
  into: { result: number; lifetime: number; epoch: number },
  result: number,
  view: DataView,
  offset: number,
): void {
  into.result = result;
  into.lifetime = view.getUint32(offset + 4);
  into.epoch = view.getUint32(offset + 8);
}

function setOptions(
  into: { options: DecodedOptions["options"]; optionFault: DecodedOptions["fault"] },
  decoded: DecodedOptions,
): void {
  into.options = decoded.options;
  into.optionFault = decoded.fault;
}

/**
 * Whether an answer with result octet 1 is to be believed whatever its length. The 16-bit result of NAT-PMP makes octet 2
 * count in version 0. An answer of our own version is one if its body cannot be read as its opcode's.
 */
function isVersionError(first: number, length: number): boolean {
  const second = (first >>> 16) & 0xff;
  const isResponse = second >= R_BIT;
  switch (first >>> 24) {
    case NATPMP_VERSION:
      if ((first & 0xff00) !== 0) return false;
      return isResponse || (second === 0 && length >= NATPMP_ERROR_LENGTH);
    case PCP_VERSION:
      return isResponse && lengthFault(length, second & ~R_BIT) !== undefined;
    default:
      return isResponse;
  }
}

function readVersionError(
  view: DataView,
  start: number,
  end: number,
  into: Slots,
): Decoded<Response> {
  const length = end - start;
  const word = (at: number): number => length >= at + 4 ? view.getUint32(start + at) : 0;
  const decoded = into.other ??= { ok: true, value: blankOther() };
  const other = decoded.value;
  other.version = view.getUint8(start);
  other.opcode = view.getUint8(start + 1) & ~R_BIT;
  other.result = ResultCode.UnsuppVersion;
  const isNatPmp = other.version === NATPMP_VERSION;
  other.lifetime = isNatPmp ? 0 : word(4);
  other.epoch = isNatPmp ? word(4) : word(8);
  other.reserved = view.getUint8(start + 2);
  // Another version may lay out what follows as it likes.
  const hasData = lengthFault(length, Opcode.Announce) === undefined;
  other.data = hasData
    ? copyOctets(view, start + HEADER_LENGTH, length - HEADER_LENGTH)
    : new Uint8Array(0);
  setOptions(other, readOptions(view, end, end));
  return decoded;
}

// Each kind of response is written out in full once, so that all of a kind have one shape, and to read one is to fill it.

function blankMap(): Slot<"map">["value"] {
  return {
    version: PCP_VERSION,
    opcode: Opcode.Map,
    result: 0,
    lifetime: 0,
    epoch: 0,
    type: "map",
    nonce: new Nonce(0, 0, 0),
    protocol: 0,
    internalPort: 0,
    externalPort: 0,
    externalAddress: IpAddress.ANY_IPV4,
    options: [],
    optionFault: undefined,
  };
}

function blankPeer(): Slot<"peer">["value"] {
  return {
    version: PCP_VERSION,
    opcode: Opcode.Peer,
    result: 0,
    lifetime: 0,
    epoch: 0,
    type: "peer",
    nonce: new Nonce(0, 0, 0),
    protocol: 0,
    internalPort: 0,
    externalPort: 0,
    externalAddress: IpAddress.ANY_IPV4,
    remotePort: 0,
    remoteAddress: IpAddress.ANY_IPV4,
    options: [],
    optionFault: undefined,
  };
}

function blankAnnounce(): Slot<"announce">["value"] {
  return {
    version: PCP_VERSION,
    opcode: Opcode.Announce,
    result: 0,
    lifetime: 0,
    epoch: 0,
    type: "announce",
    options: [],
    optionFault: undefined,
  };
}

function blankOther(): Slot<"other">["value"] {
  return {
    version: PCP_VERSION,
    opcode: Opcode.Authentication,
    result: 0,
    lifetime: 0,
    epoch: 0,
    type: "other",
    reserved: 0,
    data: NOTHING,
    options: [],
    optionFault: undefined,
  };
}

/** Octets 0 and 1 of the responses that come most often. */
const MAP_RESPONSE = (PCP_VERSION << 8) | R_BIT | Opcode.Map;
const PEER_RESPONSE = (PCP_VERSION << 8) | R_BIT | Opcode.Peer;

/** Octets of the NAT-PMP version error (RFC 6886 section 3.5). */
const NATPMP_ERROR_LENGTH = 8;

const NOTHING = new Uint8Array(0);

const INCOMING = new MemoryView();
