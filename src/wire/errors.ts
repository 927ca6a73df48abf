/**
 * Why octets are not the message they were taken for, one word for each rule:
 *
 * - `tooShort`: fewer octets than the header, or than the opcode asks for (RFC 6887 sections 8.3, 11.4, 12.4).
 * - `tooLong`: more than 1100 octets (RFC 6887 section 7), or more than 16 in NAT-PMP (RFC 6886 section 3).
 * - `oddLength`: not a multiple of four octets (RFC 6887 section 7).
 * - `notRequest`: the R bit is set where a request is wanted (RFC 6887 section 7.1).
 * - `notResponse`: the R bit is clear where a response is wanted (RFC 6887 section 8.3).
 * - `version`: a version that the decoder does not speak (RFC 6887 section 9).
 * - `opcode`: an opcode that NAT-PMP does not know (RFC 6886 section 3.5).
 */
export type DecodeReason =
  | "tooShort"
  | "tooLong"
  | "oddLength"
  | "notRequest"
  | "notResponse"
  | "version"
  | "opcode";

/** What a decoder gives: the value, or the rule that the octets break. Decoders never throw. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: DecodeReason };

/** A refusal. */
export function refused(
  reason: DecodeReason,
): { readonly ok: false; readonly reason: DecodeReason } {
  return { ok: false, reason };
}
