import type { EngineConfig } from "./config.ts";
import type { Milliseconds } from "./events.ts";

/** What the time of a renewal depends on. */
export interface RenewalTiming {
  /** When the lifetime began. */
  readonly grantedAt: Milliseconds;
  /** The granted lifetime, already limited. */
  readonly lifetime: Milliseconds;
  /** The least number of the attempt in this lifetime, from 1. */
  readonly attempt: number;
  /** When the previous renewal request of this mapping left; -Infinity if none did. */
  readonly previousAt: Milliseconds;
}

/** An attempt to renew. */
export interface Renewal {
  /** Its number in this lifetime, from 1. */
  readonly attempt: number;
  /** When to send it. */
  readonly at: Milliseconds;
}

/**
 * The next attempt to renew, or undefined if it would come after the end of the lifetime.
 *
 * Attempt k is sent within [1 - 1/2^k, 1 - 1/2^k + 1/2^(k+2)] of the lifetime, at least 4 s after the previous request
 * (RFC 6887 section 11.2.1). Windows that have begun are skipped: attempts missed during a hold, or while the host slept, are
 * not made up for.
 *
 * @param random Uniform in [0, 1), the place in the window; undefined for its start (NAT-PMP, RFC 6886 section 3.3).
 */
export function nextRenewal(
  now: Milliseconds,
  { grantedAt, lifetime, attempt: least, previousAt }: RenewalTiming,
  random: (() => number) | undefined,
  config: EngineConfig,
): Renewal | undefined {
  const left = 1 - (now - grantedAt) / lifetime;
  if (left <= 0) return undefined;
  let attempt = least;
  let remaining = 2 ** -attempt;
  for (; remaining > left; remaining /= 2) attempt++;
  const begin = grantedAt + lifetime * (1 - remaining);
  let bunched = begin;
  if (random !== undefined) {
    const drawn = grantedAt + lifetime * (1 - remaining + random() * remaining / 4);
    bunched = bunch(drawn, begin, lifetime * remaining / 4, config.renewalBunch);
  }
  const at = Math.max(bunched, previousAt + config.renewalGap);
  return at < grantedAt + lifetime ? { attempt, at } : undefined;
}

/**
 * A moment of the window at which other mappings are renewed too, so that this host wakes up less often. A window has at
 * least three such moments, to spare the server a burst (RFC 6887 section 11.2.1).
 */
function bunch(
  at: Milliseconds,
  begin: Milliseconds,
  width: Milliseconds,
  widest: Milliseconds,
): Milliseconds {
  if (widest <= 0) return at;
  let step = widest;
  while (step > width / 3) step /= 2;
  const next = Math.ceil(at / step) * step;
  return next <= begin + width ? next : next - step;
}
