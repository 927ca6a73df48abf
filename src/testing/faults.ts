import type { Milliseconds } from "../clock.ts";
import type { Link } from "../transport/memory.ts";
import { seededRandom } from "./random.ts";

/** The faults that {@linkcode faults} causes. Probabilities are from 0 (never, the default) to 1 (always). */
export interface FaultOptions {
  /** The same seed gives the same faults. */
  readonly seed: number;
  /** Probability that a datagram is lost. */
  readonly loss?: number;
  /** Probability that a datagram arrives twice. */
  readonly duplicate?: number;
  /** Probability that a datagram is delayed further, so that later ones overtake it. */
  readonly reorder?: number;
  /** Shortest latency in milliseconds. Default 0. */
  readonly minDelay?: Milliseconds;
  /** Longest latency in milliseconds. Default `minDelay`. */
  readonly maxDelay?: Milliseconds;
  /** Longest further delay of a reordered datagram in milliseconds. Default 100. */
  readonly reorderDelay?: Milliseconds;
  /** Selects the datagrams with faults; the others take `minDelay`. Default all. */
  readonly only?: (datagram: Parameters<Link>[0]) => boolean;
}

/**
 * A repeatable faulty link for `MemoryNetwork.link`.
 *
 * @throws {RangeError} If a probability is not from 0 to 1, a delay is negative, or `minDelay` is above `maxDelay`.
 *
 * @example
 * ```ts
 * import { faults } from "@portcontrol/pcp/testing";
 *
 * const link = faults({ seed: 1, loss: 0.3, duplicate: 0.1, minDelay: 5, maxDelay: 40 });
 * ```
 */
export function faults(options: FaultOptions): Link {
  const { seed, loss = 0, duplicate = 0, reorder = 0, minDelay = 0, reorderDelay = 100 } = options;
  const { maxDelay = minDelay, only } = options;
  for (const [name, value] of Object.entries({ loss, duplicate, reorder })) {
    if (!(value >= 0 && value <= 1)) {
      throw new RangeError(`Cannot make faults: ${name} must be from 0 to 1, got "${value}"`);
    }
  }
  if (!(minDelay >= 0 && maxDelay >= minDelay && reorderDelay >= 0)) {
    throw new RangeError(
      `Cannot make faults: delays must not be negative and minDelay not above maxDelay, got "${minDelay}" and "${maxDelay}"`,
    );
  }
  const random = seededRandom(seed);
  const delay = () => minDelay + random() * (maxDelay - minDelay);
  return (datagram) => {
    if (only !== undefined && !only(datagram)) return [minDelay];
    // Every number is drawn each time, so that changing one probability does not change the other faults.
    const [isLost, isDuplicate, isReordered] = [
      random() < loss,
      random() < duplicate,
      random() < reorder,
    ];
    const first = delay() + (isReordered ? random() * reorderDelay : 0);
    if (isLost) return [];
    return isDuplicate ? [first, delay()] : [first];
  };
}
