import { NATPMP_VERSION, R_BIT } from "../wire/constants.ts";
import { viewOf } from "../wire/octets.ts";
import { NatPmpResultCode } from "../wire/natpmp.ts";

/** A refusal of PCP's version by a server that speaks NAT-PMP. */
export interface NatPmpVersionError {
  /** Seconds since the server lost its mappings (RFC 6886 section 3.6); undefined if the datagram has no such field. */
  readonly epoch: number | undefined;
  /** Its result is that of RFC 6886; otherwise it may as well be the answer to a request in NAT-PMP. */
  readonly isExplicit: boolean;
}

/**
 * Reads a datagram of version 0 that can be the answer to a PCP request of one of the opcodes. Servers send it in 4 octets
 * and more, with the R bit and without (RFC 6886 section 3.5 draws it without), with the result in the wrong octet order, or
 * with another result. Undefined if it is something else: an announced address (section 3.2.1), or the answer of common
 * servers to a malformed PCP request.
 */
export function readNatPmpVersionError(
  bytes: Uint8Array,
  opcodes: ReadonlySet<number>,
): NatPmpVersionError | undefined {
  if (bytes.length < LEAST_LENGTH || bytes[0] !== NATPMP_VERSION) return undefined;
  const view = viewOf(bytes);
  const opcode = view.getUint8(1) & ~R_BIT;
  const results = [view.getUint16(2), view.getUint16(2, true)];
  const epoch = bytes.length === WITH_EPOCH ? view.getUint32(4) : undefined;
  if (results.includes(NatPmpResultCode.UnsupportedVersion)) {
    return { epoch, isExplicit: true };
  }
  if (results.some((result) => ANNOUNCED.has(result))) return undefined;
  return opcodes.has(opcode) ? { epoch, isExplicit: false } : undefined;
}

/** The results of an announced address; the second one is also that of a malformed request (RFC 6887 section 7.4). */
const ANNOUNCED: ReadonlySet<number> = new Set([
  NatPmpResultCode.Success,
  NatPmpResultCode.NetworkFailure,
]);

const LEAST_LENGTH = 4;

/** RFC 6886 section 3.5; a longer one is an echo of the request, which has other fields there. */
const WITH_EPOCH = 8;
