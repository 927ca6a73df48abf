import type { Milliseconds } from "./milliseconds.ts";

export type { Milliseconds };

/** The time source of the library. Programs use {@link systemClock}; tests use a clock that they advance themselves. */
export interface Clock {
  /** The current time. It never decreases, and its origin is arbitrary. */
  now(): Milliseconds;
  /**
   * Calls `fire` once when the clock has reached `at`, and never before `alarm()` returns, even if `at` has passed.
   *
   * @returns A function that cancels the alarm. It does nothing on a second call or after the alarm.
   * @throws {RangeError} If `at` is not a number.
   */
  alarm(at: Milliseconds, fire: () => void): () => void;
}

/** The system functions of {@linkcode createClock}. */
export interface ClockParts {
  readonly now: () => Milliseconds;
  /** Calls `fire` after this many milliseconds; returns a function that cancels the call. */
  readonly setTimer: (milliseconds: Milliseconds, fire: () => void) => () => void;
  /** A signal that aborts after this many milliseconds; absent if the first timer is cheap. */
  readonly signalAfter?: (milliseconds: Milliseconds) => AbortSignal;
}

/**
 * The clock of this computer. A pending alarm keeps the program running.
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
  // Deno only: elsewhere the first timer is cheap, and such a signal does not keep the program running.
  ...("Deno" in globalThis ? { signalAfter: (after) => AbortSignal.timeout(after) } : {}),
});

/**
 * A clock that sets no timer in its first 50 ms if it has `signalAfter`. The first timer of a Deno program costs about 4 ms,
 * a fifth of an empty program. A request that is answered quickly needs no timer, because its alarms are cancelled before
 * they are due. So early alarms are postponed until one cheap signal aborts, and become timers then.
 */
export function createClock({ now, setTimer, signalAfter }: ClockParts): Clock {
  /** Starts the timer of each postponed alarm. */
  const postponed = new Set<() => void>();
  let firstMoments: AbortSignal | undefined;
  const arm = (at: Milliseconds, fire: () => void): () => void => {
    let cancel = (): void => {};
    const wait = (): void => {
      const rest = at - now();
      // Timers count whole milliseconds and may fire slightly early; wait for the rest.
      if (rest <= 0) return fire();
      cancel = setTimer(Math.min(Math.ceil(rest), LONGEST_TIMER), wait);
    };
    cancel = setTimer(Math.min(Math.max(0, Math.ceil(at - now())), LONGEST_TIMER), wait);
    return () => cancel();
  };
  const wake = (): void => {
    for (const start of postponed) start();
    postponed.clear();
  };
  const postpone = (moments: AbortSignal, at: Milliseconds, fire: () => void): () => void => {
    let cancel = (): void => {
      // Without a listener the signal does not keep the program running.
      if (postponed.delete(start) && postponed.size === 0) {
        moments.removeEventListener("abort", wake);
      }
    };
    const start = (): void => {
      cancel = arm(at, fire);
    };
    if (postponed.size === 0) moments.addEventListener("abort", wake, { once: true });
    postponed.add(start);
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
      return firstMoments.aborted ? arm(at, fire) : postpone(firstMoments, at, fire);
    },
  };
}

/** Alarms that are due within this time are not postponed. */
const FIRST_MOMENTS: Milliseconds = 50;

/** setTimeout() takes a signed 32-bit number and fires at once for a longer delay; longer alarms set several timers. */
const LONGEST_TIMER: Milliseconds = 0x7fff_ffff;
