import type { EngineConfig } from "./config.ts";
import type { Milliseconds } from "./events.ts";

/** What a renewal is timed by. */
export interface RenewalTiming {
  /** When the lifetime began. */
  readonly grantedAt: Milliseconds;
  /** The granted lifetime, already limited. */
  readonly lifetime: Milliseconds;
  /** Which attempt of this lifetime it is at least, from 1. */
  readonly attempt: number;
  /** When the previous renewal request of this mapping left; -Infinity if none did. */
  readonly previousAt: Milliseconds;
}

/** The next attempt to renew. */
export interface Renewal {
  /** Which attempt of this lifetime it is. */
  readonly attempt: number;
  /** When to send it. */
  readonly at: Milliseconds;
}

/**
 * The next attempt to renew, or undefined when it would come after the end of the lifetime.
 *
 * Attempt k falls into [1 - 1/2^k, 1 - 1/2^k + 1/2^(k+2)] of the lifetime, never within 4 s of the previous request
 * (RFC 6887 section 11.2.1). Windows that have begun by now are left out: after a hold, or when the host slept, the
 * missed attempts are not made up for.
 *
 * @param random Where in the window; undefined for its very beginning (NAT-PMP, RFC 6886 section 3.3).
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
 * A moment of the same window at which others are renewed too, so that this host need not wake up for each. A window has
 * three such moments at least: servers are to be spared bursts (RFC 6887 section 11.2.1).
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
