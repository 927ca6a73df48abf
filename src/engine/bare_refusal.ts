import { HEADER_LENGTH, MAX_LENGTH, PCP_VERSION, R_BIT } from "../wire/constants.ts";
import type { MappingResponse } from "../wire/message_type.ts";
import { Opcode } from "../wire/opcode.ts";
import { ResultCode } from "../wire/result_code.ts";
import type { Milliseconds } from "./events.ts";
import type { Mapping } from "./mapping.ts";
import type { Mappings } from "./mappings.ts";

/**
 * The mapping that an UNSUPP_OPCODE without a copy of the request belongs to (RFC 6887 section 8.2 demands the copy; some
 * servers send the header alone, or zeros after it): the only one of the opcode that was requested and has no answer yet. A
 * lease is never touched, because such a response is easy to forge.
 */
export function bareRefusalOwner(bytes: Uint8Array, mappings: Mappings): Mapping | undefined {
  if (bytes[3] !== ResultCode.UnsuppOpcode || bytes.length > MAX_LENGTH) return undefined;
  if (bytes.length < HEADER_LENGTH || (bytes.length & 3) !== 0) return undefined;
  if (bytes.subarray(HEADER_LENGTH).some((octet) => octet !== 0)) return undefined;
  const opcode = bytes[1] === (R_BIT | Opcode.Peer) ? "peer" : "map";
  const mapping = mappings.onlyUnanswered(opcode);
  return mapping?.phase === "starting" ? mapping : undefined;
}

/**
 * That response in full.
 *
 * @param longest The mapping is not held longer, as after a version error, which has no nonce either.
 */
export function bareRefusal(
  bytes: Uint8Array,
  { spec, nonce, suggestedPort, suggestedAddress }: Mapping,
  longest: Milliseconds,
): MappingResponse {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_LENGTH);
  const { protocol, internalPort, remotePort = 0, remoteAddress = suggestedAddress } = spec;
  const fields = {
    version: PCP_VERSION,
    result: ResultCode.UnsuppOpcode,
    lifetime: Math.min(view.getUint32(4), longest / 1000),
    epoch: view.getUint32(8),
    nonce,
    protocol,
    internalPort,
    externalPort: suggestedPort,
    externalAddress: suggestedAddress,
    options: [],
    optionFault: undefined,
  };
  return spec.opcode === "map"
    ? { ...fields, type: "map", opcode: Opcode.Map }
    : { ...fields, type: "peer", opcode: Opcode.Peer, remotePort, remoteAddress };
}
