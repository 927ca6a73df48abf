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
