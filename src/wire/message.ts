import { IpAddress } from "./address.ts";
import { fixedLength, lengthFault, OPCODES, writeData, writeMessageBody } from "./body.ts";
import {
  AUTHENTICATION_LENGTH,
  HEADER_LENGTH,
  MAP_LENGTH,
  MAX_LENGTH,
  PCP_VERSION,
  PEER_LENGTH,
} from "./constants.ts";
import { copyOctets, ViewCache, viewOf } from "./data_view.ts";
import { type Decoded, refused } from "./errors.ts";
import { opcodeAndReserved, R_BIT, writeRequestHeader, writeResponseHeader } from "./header.ts";
import type {
  AnnounceBody,
  BodyInit,
  MapBody,
  OtherInit,
  Request,
  RequestInit,
  ResponseInit,
} from "./message_type.ts";
import { readMap, writeMap } from "./map.ts";
import { Opcode } from "./opcode.ts";
import { decodeOptions, encodeOption, type Option, optionLength } from "./option.ts";
import { readPeer, writePeer } from "./peer.ts";

export type * from "./message_type.ts";
export { decodeResponse } from "./response_reader.ts";

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
  const { options } = request;
  if (request.type !== "map" || (options !== undefined && options.length > 0)) {
    return encodeAnyInto(request, buffer);
  }
  // What is asked for most often needs no adding up.
  writePlainMap(request, OUTGOING.of(buffer, MAP_LENGTH), 0);
  return MAP_LENGTH;
}

/** By itself, so that the usual case is small enough for the compiler to put it into its callers. */
function encodeAnyInto(request: RequestInit, buffer: Uint8Array): number {
  const { options } = request;
  const length = messageLength(request);
  const view = OUTGOING.of(buffer, length);
  switch (request.type) {
    case "map":
      writeRequestHeader(request, Opcode.Map << 16, view);
      writeMap(request, view, HEADER_LENGTH);
      break;
    case "peer":
      writeRequestHeader(request, Opcode.Peer << 16, view);
      writePeer(request, view, HEADER_LENGTH);
      break;
    default:
      writeOther(request, view);
  }
  if (options !== undefined) writeOptions(request, options, view);
  return length;
}

/**
 * As {@linkcode encodeRequest} of a MAP without options, but in memory that many requests have in common: to allocate some
 * for each takes longer than to write it. The octets are the caller's alone.
 */
export function encodeAmongOthers(request: RequestInit & MapBody): Uint8Array {
  if (poolUsed + MAP_LENGTH > pool.byteLength) {
    pool = new DataView(new ArrayBuffer(POOL_LENGTH));
    poolUsed = 0;
  }
  const at = poolUsed;
  writePlainMap(request, pool, at);
  poolUsed += MAP_LENGTH;
  return new Uint8Array(pool.buffer, at, MAP_LENGTH);
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
  const lifetime = view.getUint32(4);
  const clientAddress = IpAddress.read(view, 8);
  return { ok: true, value: readRequest(view, opcode, lifetime, clientAddress) };
}

// Each object is spelt out member by member: to spread one object into another costs more than all the rest.

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

/** The data of AUTHENTICATION have a length; those of an opcode without a name go on to the end. */
function readData(view: DataView, opcode: number): Uint8Array {
  const end = opcode === Opcode.Authentication ? AUTHENTICATION_LENGTH : view.byteLength;
  return copyOctets(view, HEADER_LENGTH, end - HEADER_LENGTH);
}

/** All in one go, if all is in order; who finds out what is not is in no hurry. */
function writePlainMap(request: RequestInit & MapBody, view: DataView, at: number): void {
  const { lifetime, clientAddress, nonce, protocol, internalPort, externalPort, externalAddress } =
    request;
  const isInOrder = request.version === undefined && lifetime >>> 0 === lifetime &&
    (protocol & 0xff) === protocol && (internalPort & 0xffff) === internalPort &&
    (externalPort & 0xffff) === externalPort;
  if (!isInOrder) {
    writeRequestHeader(request, Opcode.Map << 16, view, at);
    return writeMap(request, view, at + HEADER_LENGTH);
  }
  view.setInt32(at, PCP_VERSION << 24 | Opcode.Map << 16);
  view.setInt32(at + 4, lifetime);
  clientAddress.write(view, at + 8);
  nonce.write(view, at + 24);
  view.setInt32(at + 36, protocol << 24);
  view.setInt32(at + 40, internalPort << 16 | externalPort);
  externalAddress.write(view, at + 44);
}

function writeOther(request: RequestInit & (AnnounceBody | OtherInit), view: DataView): void {
  if (request.type === "announce") {
    return writeRequestHeader(request, Opcode.Announce << 16, view);
  }
  writeRequestHeader(request, opcodeAndReserved(request.opcode, request.reserved), view);
  writeData(request.data, view);
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

const OUTGOING = new ViewCache();

/** Room for so many requests as are in flight at the most, about. */
const POOL_LENGTH = 96 * MAP_LENGTH;
let pool = new DataView(new ArrayBuffer(0));
let poolUsed = 0;

/** Room for any message. */
const SCRATCH = new Uint8Array(MAX_LENGTH);
