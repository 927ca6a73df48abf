import { type Endpoint, IpAddress } from "../../wire/address.ts";
import {
  HEADER_LENGTH,
  MAP_LENGTH,
  MAX_LENGTH,
  PCP_VERSION,
  PEER_LENGTH,
} from "../../wire/constants.ts";
import { Opcode } from "../../wire/opcode.ts";
import { ResultCode } from "../../wire/result_code.ts";
import type { Settings } from "./server_options.ts";

/** How a datagram is to be handled, by its first octets. */
export type Validation =
  | { readonly kind: "drop"; readonly reason: string }
  | { readonly kind: "natpmp" }
  | { readonly kind: "version" }
  /** `parsed` is false if the length is wrong, so that the fields after the header are unknown. */
  | { readonly kind: "refuse"; readonly result: number; readonly parsed: boolean }
  | { readonly kind: "accept" };

/** Validates version, length, opcode and client address, in the order of RFC 6887 section 8.2. */
export function validateDatagram(
  bytes: Uint8Array,
  source: Endpoint,
  settings: Settings,
): Validation {
  const [version, opcode] = bytes;
  if (version === undefined || opcode === undefined) return { kind: "drop", reason: "short" };
  if (opcode >= 0x80) return { kind: "drop", reason: "response" };
  const { spoken } = settings;
  if (!spoken.has("pcp") && !spoken.has("nat-pmp")) return { kind: "drop", reason: "closed" };
  if (version === 0 && spoken.has("nat-pmp")) return { kind: "natpmp" };
  const isSupported = version === settings.supportedVersion && version === PCP_VERSION;
  if (!spoken.has("pcp") || !isSupported) {
    return settings.quirks.dropsOtherVersions
      ? { kind: "drop", reason: "version" }
      : { kind: "version" };
  }
  if (bytes.length < HEADER_LENGTH) return { kind: "drop", reason: "shortHeader" };
  if (bytes.length > MAX_LENGTH || bytes.length % 4 !== 0) {
    return { kind: "refuse", result: ResultCode.MalformedRequest, parsed: false };
  }
  if (!settings.opcodes.includes(opcode)) {
    return { kind: "refuse", result: ResultCode.UnsuppOpcode, parsed: true };
  }
  if (bytes.length < fixedLength(opcode)) {
    return { kind: "refuse", result: ResultCode.MalformedRequest, parsed: false };
  }
  const claimed = IpAddress.read(new DataView(bytes.buffer, bytes.byteOffset), 8);
  // For every opcode (RFC 6887 section 8.2).
  if (!claimed.equals(source.address)) {
    return { kind: "refuse", result: ResultCode.AddressMismatch, parsed: true };
  }
  return { kind: "accept" };
}

/** Octets of a message before its options. */
export function fixedLength(opcode: number): number {
  if (opcode === Opcode.Map) return MAP_LENGTH;
  return opcode === Opcode.Peer ? PEER_LENGTH : HEADER_LENGTH;
}
