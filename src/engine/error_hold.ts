import { resultClass } from "../wire/result_code.ts";
import type { EngineConfig } from "./config.ts";
import type { Milliseconds } from "./events.ts";

/**
 * How long a refused request is not repeated: the lifetime of the error response, at most 24 hours
 * (RFC 6887 section 8.3).
 *
 * Widespread servers send most errors with lifetime 0, on which the RFC is silent. Then a short lifetime error holds for
 * 30 s, and a long lifetime error for 60 s, twice as long after each further one, up to 30 minutes.
 *
 * @param code The result code.
 * @param lifetime The response's lifetime in seconds.
 * @param refusals How many errors this request got in a row before.
 */
export function errorHold(
  code: number,
  lifetime: number,
  refusals: number,
  config: EngineConfig,
): Milliseconds {
  if (lifetime > 0) return Math.min(lifetime * 1000, config.maximumLifetime);
  if (resultClass(code) === "short") return config.minimumShortHold;
  return Math.min(config.minimumLongHold * 2 ** refusals, config.maximumLongHold);
}

/** Whether an answer holds for so short a time that a server could make this host ask for ever in a row. */
export function isShort(wait: Milliseconds): boolean {
  return wait > 0 && wait <= SHORT;
}

/**
 * The time between two requests whose answers hold for `wait`: the fifth short one in a row is twice as long, and so on, up to
 * a minute.
 *
 * @param inRow How many short answers came in a row.
 */
export function stretchedWait(wait: Milliseconds, inRow: number): Milliseconds {
  if (!isShort(wait) || !isStretched(inRow)) return wait;
  return Math.min(wait * 2 ** (inRow - STRETCHED_FROM + 1), LONGEST_STRETCHED);
}

/** Whether so many short answers in a row make requests seldom. */
export function isStretched(inRow: number): boolean {
  return inRow >= STRETCHED_FROM;
}

/** Our decision: up to the distance that requests for a lease keep anyway (RFC 6887 section 11.2.1). */
const SHORT: Milliseconds = 4_000;

/** Our decision, in answers. */
const STRETCHED_FROM = 5;

/** Our decision. */
const LONGEST_STRETCHED: Milliseconds = 60_000;
