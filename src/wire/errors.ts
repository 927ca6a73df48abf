/**
 * The rule that a datagram breaks:
 *
 * - `tooShort`: shorter than the header or than the opcode's data (RFC 6887 sections 8.3, 11.4, 12.4).
 * - `tooLong`: longer than 1100 octets (RFC 6887 section 7), or than 16 in NAT-PMP (RFC 6886 section 3).
 * - `oddLength`: not a multiple of four octets (RFC 6887 section 7).
 * - `notRequest`: the R bit is set in a request (RFC 6887 section 7.1).
 * - `notResponse`: the R bit is clear in a response (RFC 6887 section 8.3).
 * - `version`: a version that the decoder does not support (RFC 6887 section 9).
 * - `opcode`: an opcode that NAT-PMP does not define (RFC 6886 section 3.5).
 */
export type DecodeReason =
  | "tooShort"
  | "tooLong"
  | "oddLength"
  | "notRequest"
  | "notResponse"
  | "version"
  | "opcode";

/** The result of a decoder: the value, or the rule that the octets break. Decoders never throw. */
export type Decoded<T, Reason = DecodeReason> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: Reason };

/** The result for octets that decode. */
export function decoded<T>(value: T): Decoded<T, never> {
  return { ok: true, value };
}

/** The result for octets that break a rule. */
export function refused<Reason extends string>(reason: Reason): Decoded<never, Reason> {
  return { ok: false, reason };
}
