import type { Milliseconds } from "../clock.ts";

/**
 * What the clock on the wall will show at a time of the monotonic one. The same time gives the same answer, until the two
 * clocks are found to have parted: the machine slept, or somebody set its clock.
 */
export class WallTime {
  #ahead = 0;
  #comparedAt = -Infinity;

  /** Compares the two clocks, not too often; `now` is what the monotonic one shows. */
  compare(now: Milliseconds): void {
    if (now < this.#comparedAt + PAUSE) return;
    this.#comparedAt = now;
    const ahead = Date.now() - now;
    if (Math.abs(ahead - this.#ahead) >= TOLERANCE) this.#ahead = ahead;
  }

  /** @returns Milliseconds as `Date` counts them. */
  of(at: Milliseconds): number {
    return Math.round(at + this.#ahead);
  }
}

/** Between two looks: of thousands of grants in a row, each need not ask the system. */
const PAUSE: Milliseconds = 50;

/** Clocks drift a little. */
const TOLERANCE: Milliseconds = 1_000;
