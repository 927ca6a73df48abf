import type { MappingResponse } from "../wire/message_type.ts";
import { ResultCode } from "../wire/result_code.ts";
import { failAndDelete } from "./deletion.ts";
import { errorHold } from "./error_hold.ts";
import { type IgnoreReason, LocalCode } from "./events.ts";
import type { Mapping } from "./mapping.ts";
import type { MappingContext } from "./mapping_context.ts";
import type { MappingSpec } from "./mapping_spec.ts";
import { ignoresThirdParty, isSuggested } from "./response_match.ts";
import { errorState, failFor, noteRefusal } from "./transitions.ts";

// Servers that ignore an option which they must obey or refuse (RFC 6887 section 7.3), and make another mapping instead.

/** Why a success does not count at first, if it grants another mapping than the requested one. */
export function otherThanRequested(
  spec: MappingSpec,
  response: MappingResponse,
): "unmatched" | "notSuggested" | undefined {
  if (spec.options.length === 0) return undefined; // nearly always
  if (ignoresThirdParty(spec, response)) return "unmatched";
  return isSuggested(spec, response) ? undefined : "notSuggested";
}

/**
 * Another mapping than the requested one was granted. The first such answer may be late or forged; the same one again is the
 * server's last word. The mapping fails, and what the server made is deleted.
 */
export function refuseOther(
  context: MappingContext,
  mapping: Mapping,
  { externalAddress, externalPort, lifetime }: MappingResponse,
  reason: "unmatched" | "notSuggested",
): IgnoreReason | void {
  const before = mapping.otherGrant;
  mapping.otherGrant = { externalAddress, externalPort };
  const isSame = before?.externalPort === externalPort &&
    before.externalAddress.equals(externalAddress);
  if (!isSame) return reason;
  const state = reason === "notSuggested"
    ? errorState(ResultCode.CannotProvideExternal)
    : errorState(LocalCode.UnusableAssignment, "thirdParty");
  const { code } = state;
  const retryAfter = context.now + errorHold(code, 0, mapping.refusal?.count ?? 0, context.config);
  // A client cannot delete a PEER mapping (RFC 6887 section 12.1).
  if (mapping.spec.opcode === "peer") {
    return failFor(context, mapping, code, retryAfter, state.reason);
  }
  noteRefusal(context, mapping, code, retryAfter);
  failAndDelete(context, mapping, state, lifetime);
}
