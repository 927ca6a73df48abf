import type { Clock } from "../../mod.ts";

/** What a {@linkcode thriftyClock} is made of. */
export interface ClockParts {
  readonly now: () => number;
  /** Calls back after so many milliseconds; returns what cancels it. */
  readonly setTimer: (milliseconds: number, fire: () => void) => () => void;
  /** Calls back once after so many milliseconds, and cannot be cancelled. */
  readonly wakeOnce: (milliseconds: number, fire: () => void) => void;
}

/**
 * A clock that sets no timer in its first moments. Loading timers takes Deno some 6 ms, a tenth of what a whole command
 * takes, and a command that is answered at once needs none: its alarms are cancelled before they ring. So the first ones
 * wait for one cheap wake-up, and become timers then.
 */
export function thriftyClock({ now, setTimer, wakeOnce }: ClockParts): Clock {
  let waiting: Set<() => void> | undefined;
  let isAwake = false;
  const arm = (at: number, fire: () => void): () => void => {
    let cancel = (): void => {};
    const wait = (): void => {
      const rest = at - now();
      if (rest <= 0) return fire();
      cancel = setTimer(Math.min(Math.ceil(rest), LONGEST_TIMER), wait);
    };
    cancel = setTimer(Math.min(Math.max(0, Math.ceil(at - now())), LONGEST_TIMER), wait);
    return () => cancel();
  };
  const wake = (): void => {
    isAwake = true;
    for (const start of waiting ?? []) start();
    waiting = undefined;
  };
  return {
    now,
    alarm(at, fire) {
      if (isAwake || at - now() < FIRST_MOMENTS) return arm(at, fire);
      if (waiting === undefined) {
        waiting = new Set();
        wakeOnce(FIRST_MOMENTS, wake);
      }
      let cancel = (): void => {
        waiting?.delete(start);
      };
      const start = (): void => {
        cancel = arm(at, fire);
      };
      waiting.add(start);
      return () => cancel();
    },
  };
}

/** Milliseconds; alarms that are due earlier are not put off. */
const FIRST_MOMENTS = 50;

/** The longest that a timer can wait; a later alarm is waited for in parts. */
const LONGEST_TIMER = 0x7fff_ffff;
