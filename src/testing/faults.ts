import type { Milliseconds } from "../clock.ts";
import type { Link } from "../transport/memory.ts";
import { seededRandom } from "./random.ts";

/** What {@linkcode faults} does to datagrams. Probabilities run from 0 (never, the default) to 1 (always). */
export interface FaultOptions {
  /** The same seed gives the same trouble. */
  readonly seed: number;
  /** How likely a datagram is lost. */
  readonly loss?: number;
  /** How likely a datagram arrives twice. */
  readonly duplicate?: number;
  /** How likely a datagram is held back so that later ones overtake it. */
  readonly reorder?: number;
  /** Shortest way, in milliseconds. 0 unless told. */
  readonly minDelay?: Milliseconds;
  /** Longest way, in milliseconds. As `minDelay` unless told. */
  readonly maxDelay?: Milliseconds;
  /** How much longer a datagram held back takes at most, in milliseconds. 100 unless told. */
  readonly reorderDelay?: Milliseconds;
  /** Which datagrams meet trouble; the others take `minDelay`. All unless told. */
  readonly only?: (datagram: Parameters<Link>[0]) => boolean;
}

/**
 * A bad network, the same each time: give it to a `MemoryNetwork` as its `link`.
 *
 * @throws {RangeError} When a probability is not from 0 to 1, or a delay is negative or not in order.
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
  checkProbability("loss", loss);
  checkProbability("duplicate", duplicate);
  checkProbability("reorder", reorder);
  if (!(minDelay >= 0 && maxDelay >= minDelay && reorderDelay >= 0)) {
    throw new RangeError(
      `Cannot make faults: delays must not be negative and minDelay not above maxDelay, got "${minDelay}" and "${maxDelay}"`,
    );
  }
  const random = seededRandom(seed);
  const delay = () => minDelay + random() * (maxDelay - minDelay);
  return (datagram) => {
    if (only !== undefined && !only(datagram)) return [minDelay];
    // All draws are made every time, so that one probability does not shift the luck of another.
    const [lost, twice, held] = [random() < loss, random() < duplicate, random() < reorder];
    const first = delay() + (held ? random() * reorderDelay : 0);
    if (lost) return [];
    return twice ? [first, delay()] : [first];
  };
}

function checkProbability(name: string, value: number): void {
  if (!(value >= 0 && value <= 1)) {
    throw new RangeError(`Cannot make faults: ${name} must be from 0 to 1, got "${value}"`);
  }
}
