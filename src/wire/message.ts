import { IpAddress } from "./address.ts";
import { fixedLength, lengthFault, OPCODES, writeMessageBody } from "./body.ts";
import { noRoom } from "./check.ts";
import {
  AUTHENTICATION_LENGTH,
  HEADER_LENGTH,
  MAP_LENGTH,
  MAX_LENGTH,
  NATPMP_VERSION,
  PCP_VERSION,
  PEER_LENGTH,
} from "./constants.ts";
import { copyOctets, viewOf } from "./data_view.ts";
import { type Decoded, refused } from "./errors.ts";
import { opcodeAndReserved, R_BIT, writeRequestHeader, writeResponseHeader } from "./header.ts";
import type {
  Body,
  BodyInit,
  MessageOptions,
  Request,
  RequestInit,
  Response,
  ResponseInit,
} from "./message_type.ts";
import { readMap } from "./map.ts";
import { Opcode } from "./opcode.ts";
import { decodeOptions, encodeOption, type Option, optionLength } from "./option.ts";
import { readPeer } from "./peer.ts";
import { ResultCode } from "./result_code.ts";

export type * from "./message_type.ts";

/**
 * The octets of a request (RFC 6887 section 7.1).
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
 * @throws {RangeError} If it is longer than 1100 octets or a number does not fit its field.
 * @throws {TypeError} If a value is of the wrong kind.
 */
export function encodeRequest(request: RequestInit): Uint8Array {
  const bytes = new Uint8Array(messageLength(request));
  writeRequest(request, viewOf(bytes));
  return bytes;
}

/**
 * As {@linkcode encodeRequest}, into a buffer that the caller uses again and again, from its first octet on.
 *
 * @returns The number of octets written.
 * @throws {RangeError} If the buffer is too small, and as {@linkcode encodeRequest}.
 * @throws {TypeError} As {@linkcode encodeRequest}.
 */
export function encodeRequestInto(request: RequestInit, buffer: Uint8Array): number {
  const length = messageLength(request);
  if (buffer.length < length) throw noRoom(buffer.length, 0, length, "a request");
  writeRequest(request, viewOf(buffer));
  return length;
}

function writeRequest(request: RequestInit, view: DataView): void {
  const octets = request.type === "other"
    ? opcodeAndReserved(request.opcode, request.reserved)
    : OPCODES[request.type] << 16;
  writeRequestHeader(request, octets, view);
  writeMessageBody(request, view);
  if (request.options !== undefined) writeOptions(request, request.options, view);
}

/**
 * The octets of a response (RFC 6887 section 7.2), always in the form of at least 24 octets.
 *
 * @throws {RangeError} If it is longer than 1100 octets or a number does not fit its field.
 * @throws {TypeError} If a value is of the wrong kind.
 */
export function encodeResponse(response: ResponseInit): Uint8Array {
  const bytes = new Uint8Array(messageLength(response));
  const view = viewOf(bytes);
  writeResponseHeader(
    view,
    response.version ?? PCP_VERSION,
    response.type === "other" ? response.opcode : OPCODES[response.type],
    response.type === "other" ? response.reserved ?? 0 : 0,
    response.result,
    response.lifetime,
    response.epoch,
  );
  writeMessageBody(response, view);
  if (response.options !== undefined) writeOptions(response, response.options, view);
  return bytes;
}

/**
 * The request in a datagram. Never throws. It does not judge: a MAP with impossible fields decodes, and is for the
 * server to refuse.
 */
export function decodeRequest(bytes: Uint8Array): Decoded<Request> {
  const length = bytes.length;
  if (length < 2) return refused("tooShort");
  const view = viewOf(bytes);
  const opcode = view.getUint8(1);
  if (opcode >= R_BIT) return refused("notRequest");
  if (view.getUint8(0) !== PCP_VERSION) return refused("version");
  const reason = lengthFault(length, opcode);
  if (reason !== undefined) return refused(reason);
  const header = {
    version: PCP_VERSION,
    opcode,
    lifetime: view.getUint32(4),
    clientAddress: IpAddress.read(view, 8),
  };
  return { ok: true, value: { ...header, ...readBody(view, opcode, view.getUint16(2)) } };
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
  const { length } = bytes;
  if (length < 4) return refused("tooShort");
  const view = viewOf(bytes);
  if (isVersionError(view)) return { ok: true, value: readVersionError(view) };
  const opcode = view.getUint8(1) & ~R_BIT;
  if (view.getUint8(1) < R_BIT) return refused("notResponse");
  if (view.getUint8(0) !== PCP_VERSION) return refused("version");
  const reason = lengthFault(length, opcode);
  if (reason !== undefined) return refused(reason);
  const header = {
    version: PCP_VERSION,
    opcode,
    result: view.getUint8(3),
    lifetime: view.getUint32(4),
    epoch: view.getUint32(8),
  };
  return { ok: true, value: { ...header, ...readBody(view, opcode, view.getUint8(2)) } };
}

/** What follows the header, and the options. `reserved` is what an opcode without a name keeps of the header. */
function readBody(view: DataView, opcode: number, reserved: number): Body & MessageOptions {
  switch (opcode) {
    case Opcode.Announce:
      return { type: "announce", ...readOptions(view, HEADER_LENGTH) };
    case Opcode.Map:
      return { type: "map", ...readMap(view, HEADER_LENGTH), ...readOptions(view, MAP_LENGTH) };
    case Opcode.Peer:
      return { type: "peer", ...readPeer(view, HEADER_LENGTH), ...readOptions(view, PEER_LENGTH) };
    default: {
      const data = readData(view, opcode);
      const options = readOptions(view, HEADER_LENGTH + data.length);
      return { type: "other", reserved, data, ...options };
    }
  }
}

function readOptions(view: DataView, offset: number): MessageOptions {
  const { options, fault } = decodeOptions(view, offset);
  return { options, optionFault: fault };
}

/**
 * Whether an answer with result octet 1 is to be believed whatever its length. The 16-bit result of NAT-PMP makes octet 2
 * count in version 0. An answer of our own version is one if its body cannot be read as its opcode's.
 */
function isVersionError(view: DataView): boolean {
  const [version, second] = [view.getUint8(0), view.getUint8(1)];
  if (view.getUint8(3) !== ResultCode.UnsuppVersion) return false;
  const isResponse = second >= R_BIT;
  switch (version) {
    case NATPMP_VERSION:
      if (view.getUint8(2) !== 0) return false;
      return isResponse || (second === 0 && view.byteLength >= NATPMP_ERROR_LENGTH);
    case PCP_VERSION:
      return isResponse && lengthFault(view.byteLength, second & ~R_BIT) !== undefined;
    default:
      return isResponse;
  }
}

function readVersionError(view: DataView): Response {
  const word = (at: number): number => view.byteLength >= at + 4 ? view.getUint32(at) : 0;
  const version = view.getUint8(0);
  const isNatPmp = version === NATPMP_VERSION;
  // Another version may lay out what follows as it likes.
  const hasData = lengthFault(view.byteLength, Opcode.Announce) === undefined;
  return {
    type: "other",
    version,
    opcode: view.getUint8(1) & ~R_BIT,
    result: ResultCode.UnsuppVersion,
    lifetime: isNatPmp ? 0 : word(4),
    epoch: isNatPmp ? word(4) : word(8),
    reserved: view.getUint8(2),
    data: hasData
      ? copyOctets(view, HEADER_LENGTH, view.byteLength - HEADER_LENGTH)
      : new Uint8Array(0),
    options: [],
    optionFault: undefined,
  };
}

/** The data of AUTHENTICATION have a length; those of an opcode without a name go on to the end. */
function readData(view: DataView, opcode: number): Uint8Array {
  const end = opcode === Opcode.Authentication ? AUTHENTICATION_LENGTH : view.byteLength;
  return copyOctets(view, HEADER_LENGTH, end - HEADER_LENGTH);
}

function messageLength(message: BodyInit & { readonly options?: readonly Option[] }): number {
  const { options } = message;
  const length = fixedLength(message) + (options === undefined ? 0 : optionsLength(options));
  return length <= MAX_LENGTH ? length : tooLong(length);
}

function optionsLength(options: readonly Option[]): number {
  let length = 0;
  for (const option of options) length += optionLength(option);
  return length;
}

function tooLong(length: number): never {
  throw new RangeError(`Cannot encode a message: at most ${MAX_LENGTH} octets, got "${length}"`);
}

function writeOptions(body: BodyInit, options: readonly Option[], view: DataView): void {
  let at = fixedLength(body);
  for (const option of options) at = encodeOption(option, view, at);
}

/** Octets of the NAT-PMP version error (RFC 6886 section 3.5). */
const NATPMP_ERROR_LENGTH = 8;
