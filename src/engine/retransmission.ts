import type { EngineConfig } from "./config.ts";
import type { Milliseconds } from "./events.ts";

/**
 * The wait after a transmission, RT of RFC 6887 section 8.1.1.
 *
 * The randomized wait is what doubles, and the cap precedes the randomization, as the RFC writes it.
 *
 * @param previous The wait before, 0 after the first transmission.
 * @param random Uniform in [0, 1).
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
