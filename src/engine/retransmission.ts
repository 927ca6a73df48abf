import type { EngineConfig } from "./config.ts";
import type { Milliseconds } from "./events.ts";

/**
 * The wait after a transmission (RT of RFC 6887 section 8.1.1): `previous` is the wait before it, 0 after the first.
 *
 * The randomised wait is what doubles, and the cap comes before the randomisation, as the RFC writes it.
 */
export function retransmissionTime(
  previous: Milliseconds,
  random: () => number,
  config: EngineConfig,
): Milliseconds {
  const cap = config.maximumRetransmission === 0 ? Infinity : config.maximumRetransmission;
  const base = previous === 0 ? config.initialRetransmission : Math.min(2 * previous, cap);
  return base * (0.9 + 0.2 * random());
}
