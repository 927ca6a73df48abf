import type { MapFields, MappingResponse } from "../wire/message_type.ts";
import { ResultCode } from "../wire/result_code.ts";
import type { Milliseconds } from "./events.ts";
import { type Answer, protocolOf } from "./fallback.ts";
import type { Exchange, Mapping } from "./mapping.ts";
import { type MappingSpec, thirdPartyOf } from "./mapping_spec.ts";
import { optionRules } from "./option_rules.ts";

// What a response is an answer to: datagrams overtake each other, and arrive twice.

/** Whether a response is about the mapping by all that RFC 6887 sections 11.4 and 12.4 name besides the nonce. */
export function matchesSpec(spec: MappingSpec, response: MappingResponse): boolean {
  if (
    response.type !== spec.opcode || response.protocol !== spec.protocol ||
    response.internalPort !== spec.internalPort
  ) {
    return false;
  }
  if (response.type === "peer") {
    if (response.remotePort !== spec.remotePort) return false;
    if (spec.remoteAddress === undefined || !response.remoteAddress.equals(spec.remoteAddress)) {
      return false;
    }
  }
  if (spec.options.length === 0 && response.options.length === 0) return true;
  const requested = thirdPartyOf(spec.options);
  const echoed = thirdPartyOf(response.options);
  if (requested === undefined) return echoed === undefined;
  // A server that ignores the option makes a mapping for this host, which must be deleted.
  if (echoed === undefined) return response.result === ResultCode.Success;
  return echoed.equals(requested);
}

/** Whether the success is for this host, although another one was requested (RFC 6887 section 13.1). */
export function ignoresThirdParty(spec: MappingSpec, { options }: MappingResponse): boolean {
  return thirdPartyOf(spec.options) !== undefined && thirdPartyOf(options) === undefined;
}

/** Whether the effect of an option of the request depends on data in the response (RFC 6887 section 7.3). */
export function needsOptionData({ options }: Mapping): boolean {
  return options.some((option) => optionRules(option).hasResponseData);
}

/** Whether a success grants what was requested: with PREFER_FAILURE only the suggestion does (RFC 6887 section 13.2). */
export function isSuggested(
  spec: MappingSpec,
  response: Pick<MapFields, "externalAddress" | "externalPort">,
): boolean {
  if (!spec.options.some(({ type }) => type === "preferFailure")) return true;
  if (response.externalPort !== spec.externalPort) return false;
  if (response.externalAddress.equals(spec.externalAddress)) return true;
  return spec.externalAddress.isUnspecified &&
    response.externalAddress.family === spec.externalAddress.family;
}

/**
 * Until when the server may hold the mapping beyond the end that it has just granted; -Infinity if it will not.
 *
 * An update that the server sends unasked (RFC 6887 section 14.2) may cross a request on its way. It then arrives after the
 * answer to that request, or passes for the answer, with an earlier end than the server has granted since. The mapping must
 * be deleted until the later end all the same.
 */
export function mayExistAfterGrant(
  { lease, mayExistUntil }: Mapping,
  unanswered: Exchange | undefined,
  lifetime: number,
  expiresAt: Milliseconds,
): Milliseconds {
  const before = lease?.assignment;
  const isAnswer = unanswered !== undefined &&
    (before === undefined || lifetime >= before.lifetime);
  if (isAnswer) return -Infinity; // it also answers the earlier requests
  const granted = unanswered !== undefined && before !== undefined
    ? unanswered.lastSentAt + before.lifetime * 1000
    : before?.expiresAt ?? -Infinity;
  const until = Math.max(mayExistUntil, granted);
  return until - expiresAt < SAME_END ? -Infinity : until;
}

/** Each copy of an update has the lifetime that is left by then, in whole seconds: ends this close are one. */
export const SAME_END: Milliseconds = 2_000;

/** Whether an error answers the deletion of the mapping before: errors echo the request (RFC 6887 section 8.2). */
export function isOfPreviousDeletion(mapping: Mapping, response: Answer): boolean {
  const { phase, suggestedPort } = mapping;
  if (!mapping.reusesNonce || phase === "deleting" || phase === "ended") return false;
  if (protocolOf(response) !== "pcp" || suggestedPort === 0) return false;
  return response.result !== ResultCode.Success && response.externalPort === 0 &&
    response.externalAddress.isUnspecified;
}

/**
 * Whether a success that meets a deletion is a copy of the grant, or an update. A server that lets the mapping idle out
 * instead of deleting it (RFC 6887 section 15) answers with a lifetime that is shorter than what was left.
 */
export function isLateGrant(
  { lease }: Mapping,
  now: Milliseconds,
  response: MappingResponse,
): boolean {
  if (response.externalPort === 0) return false;
  if (lease === undefined) return true;
  const { externalPort, externalAddress, expiresAt } = lease.assignment;
  return response.externalPort !== externalPort ||
    !response.externalAddress.equals(externalAddress) ||
    now + response.lifetime * 1000 >= expiresAt;
}
