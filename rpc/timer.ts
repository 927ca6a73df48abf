/** Calls `fire` once after some milliseconds; returns a function that cancels the call. */
export type SetTimer = (fire: () => void, milliseconds: number) => () => void;

/** The timers of the runtime. */
export function setTimer(fire: () => void, milliseconds: number): () => void {
  const timer = setTimeout(fire, milliseconds);
  return () => clearTimeout(timer);
}
