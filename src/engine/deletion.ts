import type { MappingResponse } from "../wire/message_type.ts";
import { ResultCode } from "../wire/result_code.ts";
import { errorHold, stretchedWait } from "./error_hold.ts";
import type { IgnoreReason } from "./events.ts";
import { type Answer, protocolOf } from "./fallback.ts";
import { retryWithout } from "./left_out_options.ts";
import type { Deletion, Mapping } from "./mapping.ts";
import type { MappingContext } from "./mapping_context.ts";
import { encodeMappingRequest } from "./mapping_request.ts";
import { encodeNatPmpMapRequest } from "./natpmp_terms.ts";
import { isLateGrant } from "./response_match.ts";
import { begin, clearLease, emitState, end, failFor } from "./transitions.ts";

// Deletion (RFC 6887 section 15.1): a request with lifetime 0, repeated until confirmed.

/** Deletes what the server may hold. */
export function beginDeletion(
  context: MappingContext,
  mapping: Mapping,
  endAs: "revoked" | "dropped",
): void {
  const { spec, lease, unanswered, mayExistUntil } = mapping;
  const { now } = context;
  const mayExist = lease !== undefined || unanswered !== undefined || mayExistUntil > now;
  // A client cannot delete a PEER mapping (RFC 6887 section 12.1).
  if (!mayExist || spec.opcode === "peer") {
    deleteInNatPmp(context, mapping);
    return end(context, mapping, { type: endAs });
  }
  const pendingCreates = unanswered?.transmissions ?? 0;
  mapping.deletion = { endAs: { type: endAs }, pendingCreates, successors: [] };
  mapping.expireAt = Math.max(
    lease?.assignment.expiresAt ?? -Infinity,
    unanswered === undefined ? -Infinity : now + mapping.lifetime * 1000,
    mayExistUntil,
  );
  begin(context, mapping, "deleting");
  context.deleting(mapping);
}

/**
 * The mapping fails, because the server made another one in its place, which is deleted. The state is the final one from now
 * on; the mapping is over when the deletion is.
 *
 * @param lifetime Of what the server made, in seconds.
 */
export function failAndDelete(
  context: MappingContext,
  mapping: Mapping,
  state: Deletion["endAs"],
  lifetime: number,
): void {
  const { now } = context;
  if (mapping.exchange !== undefined) mapping.exchange.responsePending = false;
  mapping.expireAt = Math.max(
    mapping.expireAt === Infinity ? now : mapping.expireAt,
    now + lifetime * 1000,
  );
  clearLease(context, mapping);
  mapping.deletion = { endAs: state, pendingCreates: 0, successors: [] };
  emitState(context, mapping, state);
  begin(context, mapping, "deleting");
  context.deleting(mapping);
}

/** A success that meets a deletion. */
export function deleted(
  context: MappingContext,
  mapping: Mapping,
  response: MappingResponse,
): IgnoreReason | void {
  const isLate = response.lifetime !== 0 &&
    (answersCreation(mapping) || isLateGrant(mapping, context.now, response));
  if (isLate) return "stale";
  // A server may let the mapping idle out instead (RFC 6887 section 15).
  mapping.expireAt = context.now + response.lifetime * 1000;
  return endDeletion(context, mapping);
}

/** An error that meets a deletion. */
export function refuseDeletion(
  context: MappingContext,
  mapping: Mapping,
  response: Answer,
): IgnoreReason | void {
  const { result, lifetime } = response;
  const { exchange, lease } = mapping;
  // It may as well answer the creation. If it does not, the repetition of the deletion gets the same answer.
  if (protocolOf(response) === "pcp" && answersCreation(mapping)) return "stale";
  if (retryWithout(context, mapping, response, "deleting")) return;
  const isRepeated = exchange !== undefined && exchange.transmissions > 1;
  // Common servers answer NO_RESOURCES when they do not hold the mapping: an earlier copy deleted it, or it never was.
  const isGone = result === ResultCode.NoResources && (isRepeated || lease === undefined);
  if (isGone) {
    mapping.expireAt = context.now;
    return endDeletion(context, mapping);
  }
  if (!RETRIED.has(result)) {
    if (mapping.deletion?.endAs.type === "error") return endDeletion(context, mapping);
    return failFor(context, mapping, result, mapping.retryAfter, undefined, response.upnpCode);
  }
  const wait = errorHold(result, lifetime, 0, context.config);
  mapping.countShort(wait);
  const retryAt = context.now + stretchedWait(wait, mapping.shortAnswers);
  // RFC 6887 section 11.4
  if (result === ResultCode.NoResources && protocolOf(response) !== "upnp") {
    context.server.hold("all", retryAt);
  }
  mapping.retransmitAt = Infinity;
  context.dequeue(mapping);
  if (exchange !== undefined && protocolOf(response) !== "pcp") {
    exchange.protocol = "pcp"; // so that the other protocol takes it anew
    exchange.responsePending = false;
  }
  mapping.retryAt = retryAt;
}

/** Whether the response may answer a request to create the mapping. Each of these is answered once. */
function answersCreation({ deletion }: Mapping): boolean {
  if (deletion === undefined || deletion.pendingCreates === 0) return false;
  deletion.pendingCreates--;
  return true;
}

/** The mapping is deleted, or has expired. */
export function endDeletion(context: MappingContext, mapping: Mapping): void {
  deleteInNatPmp(context, mapping);
  end(context, mapping, mapping.deletion?.endAs ?? { type: "revoked" });
}

/** One request is what NAT-PMP demands at the least (RFC 6886 section 3.1); without an answer the mapping expires. */
function deleteInNatPmp({ now, outputs }: MappingContext, mapping: Mapping): void {
  if (mapping.natPmpUntil <= now) return;
  // Its phase makes the request a deletion.
  mapping.phase = "deleting";
  outputs.push({ type: "send", bytes: encodeNatPmpMapRequest(mapping), id: mapping.id });
}

/** A server that does not speak PCP leaves the deletion unanswered: it cannot be repeated in PCP. */
export function giveUpDeletion(context: MappingContext, mapping: Mapping): void {
  if (mapping.exchange?.protocol !== "pcp") endDeletion(context, mapping);
}

/** A success after the end: a request to create the mapping overtook its deletion. Each response is met with a deletion. */
export function deleteAgain(
  context: MappingContext,
  mapping: Mapping,
  { lifetime }: MappingResponse,
): IgnoreReason | void {
  if (lifetime === 0) return "stale";
  return context.enqueue(mapping);
}

/** Deletes once more, without an exchange. */
export function resendDeletion({ clientAddress, outputs }: MappingContext, mapping: Mapping): void {
  const bytes = encodeMappingRequest(mapping, clientAddress);
  outputs.push({ type: "send", bytes, id: mapping.id });
}

/** Errors after which a deletion is tried again: their class is "short" (RFC 6887 section 7.4). */
const RETRIED: ReadonlySet<number> = new Set([
  ResultCode.NetworkFailure,
  ResultCode.NoResources,
  ResultCode.UserExQuota,
]);
