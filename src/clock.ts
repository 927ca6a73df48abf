/** Time on a monotonic clock, or a span of it, in milliseconds. Fractions are allowed. */
export type Milliseconds = number;

/**
 * Where the library takes time from. Programs use {@link systemClock}; tests pass a clock that they move themselves.
 */
export interface Clock {
  /** The time now. It never goes back, and says nothing about the date. */
  now(): Milliseconds;
  /**
   * Calls `fire` once, as soon as the clock has reached `at`; never before `alarm()` returns, even when `at` has passed.
   *
   * @returns Cancels the alarm. Calling it again, or after the alarm went off, does nothing.
   */
  alarm(at: Milliseconds, fire: () => void): () => void;
}

/**
 * The clock of the computer. While an alarm is pending, the program does not end by itself.
 *
 * @example
 * ```ts
 * import { systemClock } from "@portcontrol/pcp/transport";
 *
 * const cancel = systemClock.alarm(systemClock.now() + 60_000, () => console.log("A minute has passed"));
 * cancel();
 * ```
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  alarm(at, fire) {
    if (Number.isNaN(at)) {
      throw new RangeError(`Cannot set an alarm: the time must be a number, got "${at}"`);
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wait = () => {
      const rest = at - performance.now();
      // Timers count whole milliseconds and may ring a little early: what is left is waited for again.
      timer = rest > 0 ? setTimeout(wait, Math.min(Math.ceil(rest), LONGEST_TIMER)) : undefined;
      if (rest <= 0) fire();
    };
    const first = Math.max(0, Math.ceil(at - performance.now()));
    timer = setTimeout(wait, Math.min(first, LONGEST_TIMER));
    return () => clearTimeout(timer);
  },
};

/** setTimeout() takes a signed 32-bit number; anything longer would ring at once. Later alarms are chained. */
const LONGEST_TIMER: Milliseconds = 0x7fff_ffff;
