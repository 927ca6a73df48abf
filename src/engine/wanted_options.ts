import { PCP_VERSION, R_BIT } from "../wire/constants.ts";
import { Opcode } from "../wire/opcode.ts";
import { OptionCode, optionCode, type OptionSelection } from "../wire/option.ts";
import { ResultCode } from "../wire/result_code.ts";
import type { Mapping } from "./mapping.ts";

// What can be said of a response before it is decoded, and which of its options are worth decoding.

/** Whether the datagram seems to be a response to MAP or PEER; a version error is none. */
export function isMappingResponse(bytes: Uint8Array): boolean {
  const opcode = bytes[1];
  return bytes[0] === PCP_VERSION && bytes[3] !== ResultCode.UnsuppVersion &&
    (opcode === (R_BIT | Opcode.Map) || opcode === (R_BIT | Opcode.Peer));
}

/** The first 32 bits of the nonce in a response to MAP or PEER of sufficient length, as in `Nonce.w0`. */
export function nonceWord(bytes: Uint8Array): number {
  const { [NONCE_AT]: a = 0, [NONCE_AT + 1]: b = 0, [NONCE_AT + 2]: c = 0, [NONCE_AT + 3]: d = 0 } =
    bytes;
  return a << 24 | b << 16 | c << 8 | d;
}

/** No response needs so many: it has room for 43 filters, or 57 NAT64 prefixes (RFC 6887 section 7). */
const MOST_READ = 57;

/** Our decision: so many others are passed on. */
const MOST_UNASKED = 2;

/** What an announcement may say besides its epoch (RFC 7225 section 4.3). */
export const prefixesOnly: OptionSelection = {
  most: MOST_READ,
  wants: (code, length) => code === OptionCode.Prefix64 && length >= LEAST_PREFIX64,
};

/** The options that the request had, those that any response may have, and the first of the others. */
export function wantedOptions(candidates: readonly Mapping[]): OptionSelection {
  if (candidates.every(({ spec }) => spec.options.length === 0)) return unasked;
  const requested = new Set(candidates.flatMap(({ spec }) => spec.options.map(optionCode)));
  return {
    most: MOST_READ,
    wants(code, length, before) {
      if (!requested.has(code)) return unasked.wants(code, length, before);
      return code === OptionCode.Filter || !before.some((option) => optionCode(option) === code);
    },
  };
}

const unasked: OptionSelection = {
  most: MOST_READ,
  wants(code, length, before) {
    if (code === OptionCode.Prefix64) return length >= LEAST_PREFIX64;
    // It says more of the mapping than the nonce.
    if (code === OptionCode.ThirdParty) return length === THIRD_PARTY;
    return before.length < MOST_UNASKED;
  },
};

/** Offset in a message (RFC 6887 section 11.1). */
const NONCE_AT = 24;

/** Octets of the shortest PREFIX64 (RFC 7225 section 4.1). */
const LEAST_PREFIX64 = 14;

/** Octets of THIRD_PARTY (RFC 6887 section 13.1). */
const THIRD_PARTY = 16;
