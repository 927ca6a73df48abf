import { PCP_VERSION } from "../wire/constants.ts";
import type { MappingResponse } from "../wire/message_type.ts";
import { ResultCode } from "../wire/result_code.ts";
import type { Mapping, Phase } from "./mapping.ts";
import type { MappingContext } from "./mapping_context.ts";
import { isOptional } from "./option_rules.ts";
import { begin } from "./transitions.ts";

// Options that a mapping can do without: a server that refuses one must not cost the mapping.

/** Whether the error answers the request as it was before options were left out: errors echo it (RFC 6887 section 8.2). */
export function answersLeftOut(mapping: Mapping, response: MappingResponse): boolean {
  return mapping.leavesOut && response.result !== ResultCode.Success &&
    response.options.some(isOptional);
}

/**
 * After an error that an optional option may have caused, requests the mapping once more without them.
 *
 * @param phase The phase of the new exchange.
 * @returns Whether it does.
 */
export function retryWithout(
  context: MappingContext,
  mapping: Mapping,
  { version, result }: MappingResponse,
  phase: Phase,
): boolean {
  if (version !== PCP_VERSION || !OPTION_ERRORS.has(result) || mapping.leavesOut) return false;
  if (!mapping.options.some(isOptional)) return false;
  mapping.leavesOut = true;
  if (mapping.exchange !== undefined) mapping.exchange.responsePending = false;
  begin(context, mapping, phase);
  return true;
}

/** MALFORMED_REQUEST as well: the server says so if its response would be too long (RFC 6887 section 7.4). */
const OPTION_ERRORS: ReadonlySet<number> = new Set([
  ResultCode.MalformedRequest,
  ResultCode.UnsuppOption,
  ResultCode.MalformedOption,
]);
