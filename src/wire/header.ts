import type { IpAddress } from "./address.ts";
import { checkUnsigned } from "./check.ts";
import { MAX_LIFETIME } from "./constants.ts";

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
  view: DataView,
  version: number,
  opcode: number,
  reserved: number,
  lifetime: number,
  clientAddress: IpAddress,
): void {
  checkUnsigned(version, 0xff, "version");
  checkUnsigned(opcode, 0x7f, "opcode");
  checkUnsigned(reserved, 0xffff, "reserved");
  view.setInt32(0, (version << 24) | (opcode << 16) | reserved);
  view.setUint32(4, checkUnsigned(lifetime, MAX_LIFETIME, "lifetime"));
  clientAddress.write(view, 8);
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
  checkUnsigned(version, 0xff, "version");
  checkUnsigned(opcode, 0x7f, "opcode");
  checkUnsigned(reserved, 0xff, "reserved");
  checkUnsigned(result, 0xff, "result");
  view.setInt32(0, (version << 24) | ((R_BIT | opcode) << 16) | (reserved << 8) | result);
  view.setUint32(4, checkUnsigned(lifetime, MAX_LIFETIME, "lifetime"));
  view.setUint32(8, checkUnsigned(epoch, 0xffff_ffff, "epoch"));
  view.setInt32(12, 0);
  view.setInt32(16, 0);
  view.setInt32(20, 0);
}
