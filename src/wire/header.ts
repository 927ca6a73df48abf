import type { IpAddress } from "./address.ts";
import { checkField, type Field } from "./check.ts";
import { MAX_LIFETIME, PCP_VERSION } from "./constants.ts";

/** What every request begins with (RFC 6887 section 7.1). */
export interface RequestHeader {
  /** Version octet, 2 for this protocol. */
  readonly version: number;
  /** Opcode, 0 to 127. */
  readonly opcode: number;
  /** Wanted lifetime in seconds, 0 to 2^32 - 1. Zero deletes in MAP, and stands in ANNOUNCE. */
  readonly lifetime: number;
  /** The address the client believes it sends from; the server compares it with the true one. */
  readonly clientAddress: IpAddress;
}

/** What every response begins with (RFC 6887 section 7.2). */
export interface ResponseHeader {
  /** Version octet: 2, or in an UNSUPP_VERSION answer the nearest version the server speaks (0: it speaks NAT-PMP). */
  readonly version: number;
  /** Opcode, 0 to 127, without the R bit. */
  readonly opcode: number;
  /** Result code, 0 to 255; 0 is success. */
  readonly result: number;
  /** In seconds: how long the mapping lives, or how long the error is expected to last. */
  readonly lifetime: number;
  /** Epoch time in seconds: how long the server has known its mappings (RFC 6887 section 8.5). */
  readonly epoch: number;
}

/** Top bit of the second octet: set in responses (RFC 6887 section 7.1). */
export const R_BIT = 0x80;

/** Writes the 24 octets. `reserved` goes to octets 2 and 3, which only RFC 7652 gives a meaning. */
export function writeRequestHeader(
  header: {
    readonly version?: number;
    readonly lifetime: number;
    readonly clientAddress: IpAddress;
  },
  opcodeAndReserved: number,
  view: DataView,
  at = 0,
): void {
  const { version = PCP_VERSION, lifetime, clientAddress } = header;
  checkField(version, VERSION);
  checkField(lifetime, LIFETIME);
  view.setInt32(at, (version << 24) | opcodeAndReserved);
  view.setUint32(at + 4, lifetime);
  clientAddress.write(view, at + 8);
}

/** Octets 1 to 3 of a request. */
export function opcodeAndReserved(opcode: number, reserved = 0): number {
  checkField(opcode, OPCODE);
  checkField(reserved, REQUEST_RESERVED);
  return (opcode << 16) | reserved;
}

/** Writes the 24 octets. `reserved` goes to octet 2. */
export function writeResponseHeader(
  view: DataView,
  version: number,
  opcode: number,
  reserved: number,
  result: number,
  lifetime: number,
  epoch: number,
): void {
  checkField(version, VERSION);
  checkField(opcode, OPCODE);
  checkField(reserved, RESPONSE_RESERVED);
  checkField(result, RESULT);
  checkField(lifetime, LIFETIME);
  checkField(epoch, EPOCH);
  view.setInt32(0, (version << 24) | ((R_BIT | opcode) << 16) | (reserved << 8) | result);
  view.setUint32(4, lifetime);
  view.setUint32(8, epoch);
  view.setInt32(12, 0);
  view.setInt32(16, 0);
  view.setInt32(20, 0);
}

const VERSION: Field = { name: "version", max: 0xff };
const OPCODE: Field = { name: "opcode", max: 0x7f };
const REQUEST_RESERVED: Field = { name: "reserved", max: 0xffff };
const RESPONSE_RESERVED: Field = { name: "reserved", max: 0xff };
const RESULT: Field = { name: "result", max: 0xff };
const LIFETIME: Field = { name: "lifetime", max: MAX_LIFETIME };
const EPOCH: Field = { name: "epoch", max: 0xffff_ffff };
