import type { KnownMapping, Milliseconds } from "./events.ts";
import type { Mapping } from "./mapping.ts";

// What the server holds, as far as is known.

/** Until when the server may hold the mapping beyond its lease, also if it has carried out the last request. */
export function mayExistUntil({ exchange, lease, lifetime, mayExistUntil }: Mapping): Milliseconds {
  if (!exchange?.responsePending) return mayExistUntil;
  // The lease may be one that an update has shortened.
  const granted = Math.max(lifetime, lease?.assignment.lifetime ?? 0, LEAST_GRANT);
  return Math.max(mayExistUntil, exchange.lastSentAt + granted * 1000);
}

/** Until when the server may hold the mapping; in the past if it does not. */
export function heldAtServerUntil(mapping: Mapping): Milliseconds {
  const { deletion, expireAt, lease } = mapping;
  if (deletion !== undefined) return expireAt === Infinity ? -Infinity : expireAt;
  return Math.max(mayExistUntil(mapping), lease?.assignment.expiresAt ?? -Infinity);
}

/** What another engine needs to request the mapping again. */
export function knownOf(mapping: Mapping): KnownMapping {
  const { nonce, suggestedAddress, suggestedPort, lease } = mapping;
  const until = heldAtServerUntil(mapping);
  return { nonce, suggestedAddress, suggestedPort, until, grantedBy: lease?.protocol };
}

/** Seconds that servers grant at the least (RFC 6887 section 15 recommends 2 minutes). */
const LEAST_GRANT = 120;
