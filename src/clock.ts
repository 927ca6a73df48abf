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

/** What {@linkcode createClock} is made of. */
export interface ClockParts {
  readonly now: () => Milliseconds;
  /** Calls back after so many milliseconds; returns what cancels it. */
  readonly setTimer: (milliseconds: Milliseconds, fire: () => void) => () => void;
  /** Aborts after so many milliseconds; missing where timers cost nothing. */
  readonly signalAfter?: (milliseconds: Milliseconds) => AbortSignal;
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
export const systemClock: Clock = createClock({
  now: () => performance.now(),
  setTimer: (milliseconds, fire) => {
    const timer = setTimeout(fire, milliseconds);
    return () => clearTimeout(timer);
  },
  // Elsewhere such a signal does not keep the program alive, and timers are there from the start.
  ...("Deno" in globalThis ? { signalAfter: (after) => AbortSignal.timeout(after) } : {}),
});

/**
 * A clock that sets no timer in its first moments, given a signal for their end. The first timer takes Deno some 4 ms, a fifth
 * of what an empty program takes, and a request that is answered at once needs none: its alarms are cancelled before they
 * ring. So the first ones wait for one cheap wake-up, and become timers then.
 */
export function createClock({ now, setTimer, signalAfter }: ClockParts): Clock {
  const waiting = new Set<() => void>();
  let firstMoments: AbortSignal | undefined;
  const arm = (at: Milliseconds, fire: () => void): () => void => {
    let cancel = (): void => {};
    const wait = (): void => {
      const rest = at - now();
      // Timers count whole milliseconds and may ring a little early: what is left is waited for again.
      if (rest <= 0) return fire();
      cancel = setTimer(Math.min(Math.ceil(rest), LONGEST_TIMER), wait);
    };
    cancel = setTimer(Math.min(Math.max(0, Math.ceil(at - now())), LONGEST_TIMER), wait);
    return () => cancel();
  };
  const wake = (): void => {
    for (const start of waiting) start();
    waiting.clear();
  };
  const putOff = (moments: AbortSignal, at: Milliseconds, fire: () => void): () => void => {
    let cancel = (): void => {
      // Without a listener the signal does not keep the program alive.
      if (waiting.delete(start) && waiting.size === 0) moments.removeEventListener("abort", wake);
    };
    const start = (): void => {
      cancel = arm(at, fire);
    };
    if (waiting.size === 0) moments.addEventListener("abort", wake, { once: true });
    waiting.add(start);
    return () => cancel();
  };
  return {
    now,
    alarm(at, fire) {
      if (Number.isNaN(at)) {
        throw new RangeError(`Cannot set an alarm: the time must be a number, got "${at}"`);
      }
      if (signalAfter === undefined || at - now() < FIRST_MOMENTS) return arm(at, fire);
      firstMoments ??= signalAfter(FIRST_MOMENTS);
      return firstMoments.aborted ? arm(at, fire) : putOff(firstMoments, at, fire);
    },
  };
}

/** Alarms that are due earlier are not put off. */
const FIRST_MOMENTS: Milliseconds = 50;

/** setTimeout() takes a signed 32-bit number; anything longer would ring at once. Later alarms are chained. */
const LONGEST_TIMER: Milliseconds = 0x7fff_ffff;
