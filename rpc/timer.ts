import { systemClock } from "../src/clock.ts";

/** Calls `fire` once after some milliseconds; returns a function that cancels the call. */
export type SetTimer = (fire: () => void, milliseconds: number) => () => void;

/** The timers of the system's clock, which sets none while a program starts: the first one costs some milliseconds. */
export function setTimer(fire: () => void, milliseconds: number): () => void {
  return systemClock.alarm(systemClock.now() + milliseconds, fire);
}
