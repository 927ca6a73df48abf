import type { Endpoint, IpAddress } from "../../wire/address.ts";
import { HEADER_LENGTH, MAX_LENGTH, PCP_VERSION } from "../../wire/constants.ts";
import { encodeResponse } from "../../wire/message.ts";
import { Nonce } from "../../wire/nonce.ts";
import { Opcode } from "../../wire/opcode.ts";
import { encodeOption, optionLength } from "../../wire/option.ts";
import type { Option } from "../../wire/option_type.ts";
import type { ServerMapping } from "./mapping.ts";
import { fixedLength } from "./validation.ts";

/** A datagram to send. */
export interface Datagram {
  /** Its octets. */
  readonly bytes: Uint8Array;
  /** Its destination. */
  readonly to: Endpoint;
}

/** The header fields of a response that do not copy the request (RFC 6887 section 7.2). */
export interface ReplyHeader {
  readonly version?: number;
  readonly result: number;
  readonly lifetime: number;
  readonly epoch: number;
}

/**
 * An error response: the request with another header (RFC 6887 section 8.2). Without `parsed` the last 12 octets of the
 * header stay those of the request.
 */
export function errorReply(request: Uint8Array, header: ReplyHeader, parsed: boolean): Uint8Array {
  const length = Math.min(MAX_LENGTH, Math.max(HEADER_LENGTH, (request.length + 3) & ~3));
  const bytes = new Uint8Array(length);
  bytes.set(request.subarray(0, length));
  writeHeader(new DataView(bytes.buffer), request[1] ?? 0, header, parsed);
  return bytes;
}

/**
 * A success response: nonce, protocol, ports and remote peer of the request, the external side as assigned. Undefined if
 * it would be longer than 1,100 octets (RFC 6887 section 7).
 */
export function successReply(
  request: Uint8Array,
  header: ReplyHeader,
  external: { readonly externalAddress: IpAddress; readonly externalPort: number } | undefined,
  options: readonly Option[],
): Uint8Array | undefined {
  const opcode = request[1] ?? 0;
  const fixed = fixedLength(opcode);
  const length = options.reduce((sum, option) => sum + optionLength(option), fixed);
  if (length > MAX_LENGTH) return undefined;
  const bytes = new Uint8Array(length);
  bytes.set(request.subarray(0, fixed));
  const view = new DataView(bytes.buffer);
  writeHeader(view, opcode, header, true);
  if (external !== undefined) {
    // Reserved octets of a response are zeros (RFC 6887 sections 11.1, 12.1).
    bytes.fill(0, 37, 40);
    if (opcode === Opcode.Peer) bytes.fill(0, 62, 64);
    view.setUint16(42, external.externalPort);
    external.externalAddress.write(view, 44);
  }
  let offset = fixed;
  for (const option of options) offset = encodeOption(option, view, offset);
  return bytes;
}

/**
 * A mapping update: an unsolicited response with the present state of a mapping (RFC 6887 section 14.2).
 *
 * @throws {RangeError} If its options do not fit.
 */
export function updateReply(mapping: ServerMapping, header: ReplyHeader): Uint8Array {
  const { kind, nonce = new Nonce(0, 0, 0), internalAddress, internalPort, remote, ports } =
    mapping;
  const options: Option[] = [];
  if (mapping.thirdParty) options.push({ type: "thirdParty", address: internalAddress });
  options.push(...mapping.filters);
  if (ports > 1) {
    options.push({ type: "portSet", size: ports, firstInternalPort: internalPort, parity: false });
  }
  const fields = { ...mapping, ...header, nonce, options };
  if (kind !== "peer" || remote === undefined) return encodeResponse({ ...fields, type: "map" });
  const { address: remoteAddress, port: remotePort } = remote;
  return encodeResponse({ ...fields, type: "peer", remoteAddress, remotePort });
}

function writeHeader(view: DataView, opcode: number, header: ReplyHeader, parsed: boolean): void {
  view.setUint8(0, header.version ?? PCP_VERSION);
  view.setUint8(1, 0x80 | opcode);
  view.setUint8(2, 0);
  view.setUint8(3, header.result);
  view.setUint32(4, header.lifetime);
  view.setUint32(8, header.epoch);
  if (!parsed) return;
  for (let offset = 12; offset < HEADER_LENGTH; offset += 4) view.setUint32(offset, 0);
}
