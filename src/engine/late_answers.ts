import { ResultCode } from "../wire/result_code.ts";
import type { Milliseconds } from "./events.ts";
import type { Mapping } from "./mapping.ts";
import type { MappingResponse } from "../wire/message_type.ts";

// What an answer may be besides the answer to the last request: datagrams overtake each other, and come twice.

/**
 * Until when the server may hold the mapping beyond the end that it has just told; -Infinity if it will not. An update that
 * nobody asked for may have crossed a request on its way: it comes after the answer to that, or passes for the answer, and tells
 * less than the server has granted since. Who is let go of meanwhile must be deleted all the same.
 */
export function heldAfterGrant(
  m: Mapping,
  lifetime: number,
  expiresAt: Milliseconds,
): Milliseconds {
  const { assigned: before } = m;
  const isAnswer = m.awaiting && (before === undefined || lifetime >= before.lifetime);
  if (isAnswer) return -Infinity; // to all that was asked before, too
  const granted = m.awaiting && before !== undefined
    ? m.lastSentAt + before.lifetime * 1000
    : before?.expiresAt ?? -Infinity;
  const until = Math.max(m.heldByServerUntil, granted);
  return until - expiresAt < SAME_END ? -Infinity : until;
}

/** Copies of an update tell in whole seconds what is left: ends that are not further apart are one. */
export const SAME_END: Milliseconds = 2_000;

/** Whether it refuses the deletion of the mapping whose place this one takes: errors echo the request (RFC 6887 section 8.2). */
export function isOfDeletionBefore(m: Mapping, answer: MappingResponse): boolean {
  if (answer.result === ResultCode.Success || m.natPmp || m.suggestedPort === 0) return false;
  return m.phase !== "deleting" && m.phase !== "ended" && answer.externalPort === 0 &&
    answer.externalAddress.isUnspecified;
}

/** Whether it is one more copy of what granted the mapping, or an update: a lifetime to idle out is shorter than what was left. */
export function isLateGrant(m: Mapping, now: Milliseconds, answer: MappingResponse): boolean {
  const { assigned } = m;
  if (answer.externalPort === 0) return false;
  return assigned === undefined || answer.externalPort !== assigned.externalPort ||
    !answer.externalAddress.equals(assigned.externalAddress) ||
    now + answer.lifetime * 1000 >= assigned.expiresAt;
}
