import type { Endpoint } from "../wire/address.ts";
import { NATPMP_VERSION, R_BIT } from "../wire/constants.ts";
import { decodeResponse, responseFault } from "../wire/message.ts";
import type { MappingResponse } from "../wire/message_type.ts";
import { decodeNatPmpResponse } from "../wire/natpmp.ts";
import { Opcode } from "../wire/opcode.ts";
import type { GatewayKnowledge } from "./gateway_knowledge.ts";
import type { Mappings } from "./mappings.ts";
import { isMappingResponse, nonceWord, wantedOptions } from "./wanted_options.ts";

/**
 * Notes the address of an answer that came from another address than the server's. It is not accepted (RFC 6887 section
 * 8.3). But one router of a pair may answer from its own address to what was sent to their common one, and then people need
 * to know that address.
 */
export function noteOtherSource(
  gateway: GatewayKnowledge,
  mappings: Mappings,
  bytes: Uint8Array,
  { address, port }: Endpoint,
  serverPort: number,
): void {
  if (port !== serverPort || !gateway.isAsked || gateway.knowsSource(address)) return;
  if (isAnswer(bytes, mappings)) gateway.heardFrom(address);
}

function isAnswer(bytes: Uint8Array, mappings: Mappings): boolean {
  if (bytes[0] === NATPMP_VERSION) return decodeNatPmpResponse(bytes).ok;
  if (responseFault(bytes) !== undefined) return false;
  if (!isMappingResponse(bytes)) return bytes[1] === (R_BIT | Opcode.Announce);
  const candidates = mappings.withNonceWord(nonceWord(bytes));
  if (candidates === undefined) return false;
  const decoded = decodeResponse(bytes, wantedOptions(candidates));
  return decoded.ok && mappings.matching(decoded.value as MappingResponse) !== undefined;
}
