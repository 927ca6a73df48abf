import type { Milliseconds } from "../clock.ts";

/**
 * Converts times of the monotonic clock to wall-clock times. The offset is kept until the two clocks differ by more than their
 * drift, as after a sleep of this host or a change of its clock: one deadline is always shown as the same date.
 */
export class WallTime {
  #offset = 0;

  /** Measures the offset; `now` is the monotonic time now. */
  compare(now: Milliseconds): void {
    const offset = Date.now() - now;
    if (Math.abs(offset - this.#offset) >= TOLERANCE) this.#offset = offset;
  }

  /** The wall-clock time in milliseconds, as `Date` counts them. */
  of(at: Milliseconds): number {
    return Math.round(at + this.#offset);
  }
}

/** A smaller difference of the offsets is drift. */
const TOLERANCE: Milliseconds = 1_000;
