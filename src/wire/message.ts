import { IpAddress } from "./address.ts";
import { checkUnsigned, noRoom } from "./check.ts";
import {
  AUTHENTICATION_LENGTH,
  HEADER_LENGTH,
  MAP_LENGTH,
  MAX_LENGTH,
  MAX_LIFETIME,
  NATPMP_VERSION,
  PCP_VERSION,
  PEER_LENGTH,
  R_BIT,
} from "./constants.ts";
import { type Decoded, decoded, type DecodeReason, refused } from "./errors.ts";
import type {
  Body,
  BodyInit,
  MapFields,
  MessageOptions,
  Request,
  RequestInit,
  RequestInitHeader,
  Response,
  ResponseInit,
} from "./message_type.ts";
import { Nonce } from "./nonce.ts";
import { octetsOf, viewOf } from "./octets.ts";
import { Opcode } from "./opcode.ts";
import { decodeOptions, encodeOption, optionLength, type OptionSelection } from "./option.ts";
import { ResultCode } from "./result_code.ts";

export type * from "./message_type.ts";

/** Offsets of the fields (RFC 6887 sections 7.1, 7.2, 11.1 and 12.1). */
const AT = {
  version: 0,
  opcode: 1,
  /** Two octets in a request, one in a response. */
  reserved: 2,
  result: 3,
  lifetime: 4,
  clientAddress: 8,
  epoch: 8,
  nonce: 24,
  protocol: 36,
  internalPort: 40,
  externalPort: 42,
  externalAddress: 44,
  remotePort: 60,
  remoteAddress: 64,
} as const;

/** Minimum length by opcode; for opcodes 0 to 2 also the offset of the options. */
const MIN_LENGTHS: readonly number[] = [
  HEADER_LENGTH,
  MAP_LENGTH,
  PEER_LENGTH,
  AUTHENTICATION_LENGTH,
];

/** Octets before the options. */
const FIXED_LENGTHS = { announce: HEADER_LENGTH, map: MAP_LENGTH, peer: PEER_LENGTH } as const;

/** Length of the NAT-PMP version error (RFC 6886 section 3.5). */
const NATPMP_ERROR_LENGTH = 8;

/** Where NAT-PMP has its epoch (RFC 6886 section 3.5). */
const NATPMP_EPOCH_OFFSET = 4;

const OPCODES = { announce: Opcode.Announce, map: Opcode.Map, peer: Opcode.Peer } as const;

// ---- Encode ----------------------------------------------------------------------------------------------------------

/**
 * Encodes a request (RFC 6887 section 7.1).
 *
 * @example
 * ```ts
 * import { encodeRequest, IpAddress } from "@portcontrol/pcp/wire";
 * import { assertEquals } from "@std/assert";
 *
 * const clientAddress = IpAddress.parse("192.168.1.10");
 * assertEquals(encodeRequest({ type: "announce", lifetime: 0, clientAddress }).length, 24);
 * ```
 *
 * @throws {RangeError} If the message is longer than 1100 octets (RFC 6887 section 7) or a number does not fit its field.
 * @throws {TypeError} If a value has the wrong type.
 */
export function encodeRequest(request: RequestInit): Uint8Array {
  // A typed array of its own would get its buffer, which the view needs, later and for more.
  const buffer = new ArrayBuffer(messageLength(request));
  writeRequest(request, new DataView(buffer));
  return new Uint8Array(buffer);
}

/**
 * As {@linkcode encodeRequest}, into the start of a buffer that the caller can use again.
 *
 * @returns The number of octets written.
 * @throws {RangeError} If the buffer is too small, and as {@linkcode encodeRequest}.
 * @throws {TypeError} As {@linkcode encodeRequest}.
 */
export function encodeRequestInto(request: RequestInit, buffer: Uint8Array): number {
  const length = messageLength(request);
  if (buffer.length < length) throw noRoom(buffer.length, 0, length, "a request");
  const bytes = buffer.subarray(0, length);
  // The fields are written one by one; the reserved octets between them must be zero.
  writeRequest(request, viewOf(bytes.fill(0)));
  return length;
}

/**
 * Encodes a response (RFC 6887 section 7.2), always with the full header of 24 octets.
 *
 * @throws {RangeError} If the message is longer than 1100 octets (RFC 6887 section 7) or a number does not fit its field.
 * @throws {TypeError} If a value has the wrong type.
 */
export function encodeResponse(response: ResponseInit): Uint8Array {
  const bytes = new Uint8Array(messageLength(response));
  const view = viewOf(bytes);
  view.setUint8(AT.version, checkUnsigned(response.version ?? PCP_VERSION, 0xff, "version"));
  view.setUint8(AT.opcode, R_BIT | opcodeOf(response));
  view.setUint8(AT.reserved, checkUnsigned(reservedOf(response), 0xff, "reserved"));
  view.setUint8(AT.result, checkUnsigned(response.result, 0xff, "result"));
  view.setUint32(AT.lifetime, checkUnsigned(response.lifetime, MAX_LIFETIME, "lifetime"));
  view.setUint32(AT.epoch, checkUnsigned(response.epoch, 0xffff_ffff, "epoch"));
  writeBody(response, view);
  return bytes;
}

function writeRequest(request: RequestInit, view: DataView): void {
  view.setUint8(AT.version, checkUnsigned(request.version ?? PCP_VERSION, 0xff, "version"));
  view.setUint8(AT.opcode, opcodeOf(request));
  view.setUint16(AT.reserved, checkUnsigned(reservedOf(request), 0xffff, "reserved"));
  view.setUint32(AT.lifetime, checkUnsigned(request.lifetime, MAX_LIFETIME, "lifetime"));
  request.clientAddress.write(view, AT.clientAddress);
  writeBody(request, view);
}

function opcodeOf(body: BodyInit): number {
  return body.type === "other" ? checkUnsigned(body.opcode, 0x7f, "opcode") : OPCODES[body.type];
}

function reservedOf(body: BodyInit): number {
  return body.type === "other" ? body.reserved ?? 0 : 0;
}

/** Writes the opcode's data and the options. */
function writeBody(message: RequestInit | ResponseInit, view: DataView): void {
  if (message.type === "map" || message.type === "peer") writeMap(message, view);
  if (message.type === "peer") {
    view.setUint16(AT.remotePort, checkUnsigned(message.remotePort, 0xffff, "remote port"));
    message.remoteAddress.write(view, AT.remoteAddress);
  }
  if (message.type === "other") writeData(message.data, view);
  if (message.options === undefined || message.options.length === 0) return;
  let at = optionsOffset(message);
  for (const option of message.options) at = encodeOption(option, view, at);
}

function writeMap(fields: MapFields, view: DataView): void {
  fields.nonce.write(view, AT.nonce);
  view.setUint8(AT.protocol, checkUnsigned(fields.protocol, 0xff, "protocol"));
  view.setUint16(AT.internalPort, checkUnsigned(fields.internalPort, 0xffff, "internal port"));
  view.setUint16(AT.externalPort, checkUnsigned(fields.externalPort, 0xffff, "external port"));
  fields.externalAddress.write(view, AT.externalAddress);
}

function writeData(data: Uint8Array, view: DataView): void {
  if ((data.length & 3) !== 0) {
    throw new RangeError(
      `Cannot encode a message: opcode data must be a multiple of 4 octets, got "${data.length}"`,
    );
  }
  octetsOf(view, HEADER_LENGTH).set(data);
}

function messageLength(message: BodyInit & Pick<RequestInitHeader, "options">): number {
  const { options = [] } = message;
  let length = optionsOffset(message);
  if (options.length > 0) { for (const option of options) length += optionLength(option); }
  if (length <= MAX_LENGTH) return length;
  throw new RangeError(`Cannot encode a message: at most ${MAX_LENGTH} octets, got "${length}"`);
}

function optionsOffset(body: BodyInit): number {
  return body.type === "other" ? HEADER_LENGTH + body.data.length : FIXED_LENGTHS[body.type];
}

// ---- Decode ----------------------------------------------------------------------------------------------------------

/**
 * Decodes the request in a datagram. Never throws. Values are not validated: a MAP whose fields contradict each other
 * decodes, and the server has to refuse it.
 */
export function decodeRequest(bytes: Uint8Array): Decoded<Request> {
  if (bytes.length < 2) return refused("tooShort");
  const view = viewOf(bytes);
  const opcode = view.getUint8(AT.opcode);
  if (opcode >= R_BIT) return refused("notRequest");
  if (view.getUint8(AT.version) !== PCP_VERSION) return refused("version");
  const reason = lengthFault(bytes.length, opcode);
  if (reason !== undefined) return refused(reason);
  return decoded({
    ...readBody(view, opcode, view.getUint16(AT.reserved)),
    version: PCP_VERSION,
    opcode,
    lifetime: view.getUint32(AT.lifetime),
    clientAddress: IpAddress.read(view, AT.clientAddress),
  });
}

/**
 * Decodes the response in a datagram. Never throws. The reserved octets are ignored, and are zero when the response is
 * encoded again.
 *
 * The checks follow the order of RFC 6887 section 8.3, so UNSUPP_VERSION is recognised before the length is checked: such
 * a response may have only four octets. Fields beyond its end are 0. A response of version 0 comes from a NAT-PMP server;
 * its octets 4 to 7 are the epoch (RFC 6886 section 3.5). It is accepted with the R bit clear too, as in the figure there.
 *
 * @param selection Which options are decoded; all if it is left out.
 */
export function decodeResponse(bytes: Uint8Array, selection?: OptionSelection): Decoded<Response> {
  if (bytes.length < 4) return refused("tooShort");
  const view = viewOf(bytes);
  if (isVersionError(view)) return decoded(readVersionError(view));
  const reason = responseFault(bytes);
  if (reason !== undefined) return refused(reason);
  const opcode = view.getUint8(AT.opcode) & ~R_BIT;
  // A spread is cheap if it is the first property.
  return decoded({
    ...readBody(view, opcode, view.getUint8(AT.reserved), selection),
    version: PCP_VERSION,
    opcode,
    result: view.getUint8(AT.result),
    lifetime: view.getUint32(AT.lifetime),
    epoch: view.getUint32(AT.epoch),
  });
}

/** Which rule the header or the length breaks of a response that is no version error. Decodes nothing. */
export function responseFault(bytes: Uint8Array): DecodeReason | undefined {
  const opcode = bytes[AT.opcode] ?? 0;
  if (opcode < R_BIT) return "notResponse";
  if (bytes[AT.version] !== PCP_VERSION) return "version";
  return lengthFault(bytes.length, opcode & ~R_BIT);
}

/** Which rule the length breaks (RFC 6887 sections 7, 8.3, 11.4 and 12.4). */
function lengthFault(length: number, opcode: number): DecodeReason | undefined {
  if (length < minLength(opcode)) return "tooShort";
  if (length > MAX_LENGTH) return "tooLong";
  return (length & 3) === 0 ? undefined : "oddLength";
}

/** Minimum length of a message (RFC 6887 sections 7, 11.1, 12.1; RFC 7652 section 5.1). */
function minLength(opcode: number): number {
  return MIN_LENGTHS[opcode] ?? HEADER_LENGTH;
}

/** Reads the opcode's data and the options. `reserved` are the header's reserved octets, kept for `other`. */
function readBody(
  view: DataView,
  opcode: number,
  reserved: number,
  selection?: OptionSelection,
): Body & MessageOptions {
  switch (opcode) {
    case Opcode.Announce:
      return { ...readOptions(view, HEADER_LENGTH, selection), type: "announce" };
    case Opcode.Map:
      return readMap("map", view, MAP_LENGTH, selection);
    case Opcode.Peer:
      return {
        ...readMap("peer", view, PEER_LENGTH, selection),
        remotePort: view.getUint16(AT.remotePort),
        remoteAddress: IpAddress.read(view, AT.remoteAddress),
      };
    default: {
      const end = opcode === Opcode.Authentication ? AUTHENTICATION_LENGTH : view.byteLength;
      const data = octetsOf(view, HEADER_LENGTH, end - HEADER_LENGTH).slice();
      return { ...readOptions(view, end, selection), type: "other", reserved, data };
    }
  }
}

/** Reads what MAP and PEER have in common. */
function readMap<Type extends "map" | "peer">(
  type: Type,
  view: DataView,
  end: number,
  selection: OptionSelection | undefined,
): { readonly type: Type } & MapFields & MessageOptions {
  const { options, fault } = decodeOptions(view, end, selection);
  return {
    type,
    nonce: Nonce.read(view, AT.nonce),
    protocol: view.getUint8(AT.protocol),
    internalPort: view.getUint16(AT.internalPort),
    externalPort: view.getUint16(AT.externalPort),
    externalAddress: IpAddress.read(view, AT.externalAddress),
    options,
    optionFault: fault,
  };
}

function readOptions(
  view: DataView,
  offset: number,
  selection: OptionSelection | undefined,
): MessageOptions {
  const { options, fault } = decodeOptions(view, offset, selection);
  return { options, optionFault: fault };
}

/**
 * Whether the response is an UNSUPP_VERSION that counts whatever its length. In version 0 octets 2 and 3 are the 16-bit
 * result of NAT-PMP. One of version 2 is read as its opcode's response if its length allows.
 */
function isVersionError(view: DataView): boolean {
  if (view.getUint8(AT.result) !== ResultCode.UnsuppVersion) return false;
  const second = view.getUint8(AT.opcode);
  const isResponse = second >= R_BIT;
  switch (view.getUint8(AT.version)) {
    case NATPMP_VERSION:
      if (view.getUint8(AT.reserved) !== 0) return false;
      return isResponse || (second === 0 && view.byteLength >= NATPMP_ERROR_LENGTH);
    case PCP_VERSION:
      return isResponse && lengthFault(view.byteLength, second & ~R_BIT) !== undefined;
    default:
      return isResponse;
  }
}

function readVersionError(view: DataView): Response {
  const word = (at: number): number => view.byteLength >= at + 4 ? view.getUint32(at) : 0;
  const version = view.getUint8(AT.version);
  const isNatPmp = version === NATPMP_VERSION;
  // Kept only if a message can hold it: the layout of another version is unknown.
  const hasData = lengthFault(view.byteLength, Opcode.Announce) === undefined;
  return {
    type: "other",
    version,
    opcode: view.getUint8(AT.opcode) & ~R_BIT,
    result: ResultCode.UnsuppVersion,
    lifetime: isNatPmp ? 0 : word(AT.lifetime),
    epoch: word(isNatPmp ? NATPMP_EPOCH_OFFSET : AT.epoch),
    reserved: view.getUint8(AT.reserved),
    data: hasData ? octetsOf(view, HEADER_LENGTH).slice() : new Uint8Array(0),
    options: [],
    optionFault: undefined,
  };
}
