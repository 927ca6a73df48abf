import { IpAddress } from "./address.ts";
import { fixedLength, leastLength, OPCODES, writeMessageBody } from "./body.ts";
import { checkRoom } from "./check.ts";
import {
  AUTHENTICATION_LENGTH,
  HEADER_LENGTH,
  MAP_LENGTH,
  MAX_LENGTH,
  NATPMP_VERSION,
  PCP_VERSION,
  PEER_LENGTH,
} from "./constants.ts";
import { copyOctets, ViewCache, viewOf } from "./data_view.ts";
import { type Decoded, type DecodeReason, refused } from "./errors.ts";
import { R_BIT, writeRequestHeader, writeResponseHeader } from "./header.ts";
import type { BodyInit, Request, RequestInit, Response, ResponseInit } from "./message_type.ts";
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
  // A view of a new buffer would cost more than the rest.
  return SCRATCH.slice(0, encodeRequestInto(request, SCRATCH));
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
  checkRoom(buffer.length, 0, length, "a request");
  const view = OUTGOING.of(buffer);
  writeRequestHeader(
    view,
    request.version ?? PCP_VERSION,
    request.type === "other" ? request.opcode : OPCODES[request.type],
    request.type === "other" ? request.reserved ?? 0 : 0,
    request.lifetime,
    request.clientAddress,
  );
  writeMessageBody(request, view);
  if (request.options !== undefined) writeOptions(request.options, view, fixedLength(request));
  return length;
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
  if (response.options !== undefined) writeOptions(response.options, view, fixedLength(response));
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
  const lifetime = view.getUint32(4);
  const clientAddress = IpAddress.read(view, 8);
  return { ok: true, value: readRequest(view, opcode, lifetime, clientAddress) };
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
  const length = bytes.length;
  if (length < 4) return refused("tooShort");
  const view = viewOf(bytes);
  const version = view.getUint8(0);
  const isResponse = view.getUint8(1) >= R_BIT;
  const opcode = view.getUint8(1) & ~R_BIT;
  const result = view.getUint8(3);
  if (result === ResultCode.UnsuppVersion && isVersionError(view)) {
    return { ok: true, value: versionError(view) };
  }
  if (!isResponse) return refused("notResponse");
  if (version !== PCP_VERSION) return refused("version");
  const reason = lengthFault(length, opcode);
  if (reason !== undefined) return refused(reason);
  return {
    ok: true,
    value: readResponse(view, opcode, result, view.getUint32(4), view.getUint32(8)),
  };
}

// Both spell their objects out member by member: to spread one object into another costs more than all the rest.

function readRequest(
  view: DataView,
  opcode: number,
  lifetime: number,
  clientAddress: IpAddress,
): Request {
  const version = PCP_VERSION;
  switch (opcode) {
    case Opcode.Announce: {
      const { options, fault } = decodeOptions(view, HEADER_LENGTH);
      return {
        version,
        opcode,
        lifetime,
        clientAddress,
        type: "announce",
        options,
        optionFault: fault,
      };
    }
    case Opcode.Map: {
      const { nonce, protocol, internalPort, externalPort, externalAddress } = readMap(
        view,
        HEADER_LENGTH,
      );
      const { options, fault } = decodeOptions(view, MAP_LENGTH);
      return {
        version,
        opcode,
        lifetime,
        clientAddress,
        type: "map",
        nonce,
        protocol,
        internalPort,
        externalPort,
        externalAddress,
        options,
        optionFault: fault,
      };
    }
    case Opcode.Peer: {
      const { options, fault } = decodeOptions(view, PEER_LENGTH);
      const fields = readPeer(view, HEADER_LENGTH);
      return {
        version,
        opcode,
        lifetime,
        clientAddress,
        type: "peer",
        ...fields,
        options,
        optionFault: fault,
      };
    }
    default: {
      const data = readData(view, opcode);
      const { options, fault } = decodeOptions(view, HEADER_LENGTH + data.length);
      const reserved = view.getUint16(2);
      return {
        version,
        opcode,
        lifetime,
        clientAddress,
        type: "other",
        reserved,
        data,
        options,
        optionFault: fault,
      };
    }
  }
}

function readResponse(
  view: DataView,
  opcode: number,
  result: number,
  lifetime: number,
  epoch: number,
): Response {
  const version = PCP_VERSION;
  switch (opcode) {
    case Opcode.Announce: {
      const { options, fault } = decodeOptions(view, HEADER_LENGTH);
      return {
        version,
        opcode,
        result,
        lifetime,
        epoch,
        type: "announce",
        options,
        optionFault: fault,
      };
    }
    case Opcode.Map: {
      const { nonce, protocol, internalPort, externalPort, externalAddress } = readMap(
        view,
        HEADER_LENGTH,
      );
      const { options, fault } = decodeOptions(view, MAP_LENGTH);
      return {
        version,
        opcode,
        result,
        lifetime,
        epoch,
        type: "map",
        nonce,
        protocol,
        internalPort,
        externalPort,
        externalAddress,
        options,
        optionFault: fault,
      };
    }
    case Opcode.Peer: {
      const { options, fault } = decodeOptions(view, PEER_LENGTH);
      const fields = readPeer(view, HEADER_LENGTH);
      return {
        version,
        opcode,
        result,
        lifetime,
        epoch,
        type: "peer",
        ...fields,
        options,
        optionFault: fault,
      };
    }
    default: {
      const data = readData(view, opcode);
      const { options, fault } = decodeOptions(view, HEADER_LENGTH + data.length);
      const reserved = view.getUint8(2);
      return {
        version,
        opcode,
        result,
        lifetime,
        epoch,
        type: "other",
        reserved,
        data,
        options,
        optionFault: fault,
      };
    }
  }
}

/** The data of AUTHENTICATION have a length; those of an opcode without a name go on to the end. */
function readData(view: DataView, opcode: number): Uint8Array {
  const end = opcode === Opcode.Authentication ? AUTHENTICATION_LENGTH : view.byteLength;
  return copyOctets(view, HEADER_LENGTH, end - HEADER_LENGTH);
}

/**
 * Whether an answer with result octet 1 is to be believed whatever its length. The 16-bit result of NAT-PMP makes octet 2
 * count in version 0. An answer of our own version is one if its body cannot be read as its opcode's.
 */
function isVersionError(view: DataView): boolean {
  const length = view.byteLength;
  const second = view.getUint8(1);
  const isResponse = second >= R_BIT;
  switch (view.getUint8(0)) {
    case NATPMP_VERSION:
      if (view.getUint8(2) !== 0) return false;
      return isResponse || (second === 0 && length >= NATPMP_ERROR_LENGTH);
    case PCP_VERSION:
      return isResponse && lengthFault(length, second & ~R_BIT) !== undefined;
    default:
      return isResponse;
  }
}

function versionError(view: DataView): Response {
  const length = view.byteLength;
  const version = view.getUint8(0);
  const isNatPmp = version === NATPMP_VERSION;
  const word = (offset: number): number => length >= offset + 4 ? view.getUint32(offset) : 0;
  const hasData = lengthFault(length, Opcode.Announce) === undefined;
  return {
    version,
    opcode: view.getUint8(1) & ~R_BIT,
    result: ResultCode.UnsuppVersion,
    lifetime: isNatPmp ? 0 : word(4),
    epoch: isNatPmp ? word(4) : word(8),
    type: "other",
    reserved: view.getUint8(2),
    // Another version may lay out what follows as it likes.
    data: hasData ? copyOctets(view, HEADER_LENGTH, length - HEADER_LENGTH) : new Uint8Array(0),
    options: [],
    optionFault: undefined,
  };
}

/** RFC 6887 sections 7 and 8.3; too short for the opcode: sections 11.4 and 12.4. */
function lengthFault(length: number, opcode: number): DecodeReason | undefined {
  if (length < leastLength(opcode)) return "tooShort";
  if (length > MAX_LENGTH) return "tooLong";
  if ((length & 3) !== 0) return "oddLength";
  return undefined;
}

function messageLength(message: BodyInit & { readonly options?: readonly Option[] }): number {
  let length = fixedLength(message);
  if (message.options !== undefined) {
    for (const option of message.options) length += optionLength(option);
  }
  if (length > MAX_LENGTH) {
    throw new RangeError(`Cannot encode a message: at most ${MAX_LENGTH} octets, got "${length}"`);
  }
  return length;
}

function writeOptions(options: readonly Option[], view: DataView, offset: number): void {
  let at = offset;
  for (const option of options) at = encodeOption(option, view, at);
}

/** Octets of the NAT-PMP version error (RFC 6886 section 3.5). */
const NATPMP_ERROR_LENGTH = 8;

const OUTGOING = new ViewCache();

/** Room for any message. */
const SCRATCH = new Uint8Array(MAX_LENGTH);
