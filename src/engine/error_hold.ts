import { resultClass } from "../wire/result_code.ts";
import type { EngineConfig } from "./config.ts";
import type { Milliseconds } from "./events.ts";

/**
 * How long a refused request is not repeated: the lifetime of the error response, limited to 24 hours
 * (RFC 6887 section 8.3).
 *
 * Widespread servers send lifetime 0 with most errors, on which the RFC is silent: then 30 s for a short-lived error,
 * and for a long-lived one 60 s, doubling with each further refusal up to 30 minutes.
 *
 * @param code The result code.
 * @param lifetime The response's lifetime in seconds.
 * @param refusals How many times in a row this request was refused before.
 * @param config The limits.
 */
export function holdTime(
  code: number,
  lifetime: number,
  refusals: number,
  config: EngineConfig,
): Milliseconds {
  if (lifetime > 0) return Math.min(lifetime * 1000, config.maximumLifetime);
  if (resultClass(code) === "short") return config.minimumShortHold;
  return Math.min(config.minimumLongHold * 2 ** refusals, config.maximumLongHold);
}
