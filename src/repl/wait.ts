import type { Clock } from "../../mod.ts";
import type { Screen } from "./screen.ts";
import { duration } from "./text.ts";
import { CancelledError } from "./usage_error.ts";

/** How something is waited for. */
export interface Waiting {
  readonly screen: Screen;
  readonly clock: Clock;
  /** Ends the waiting, at the user's wish. */
  readonly signal: AbortSignal;
  /** Seconds after which nobody waits any longer; forever if undefined. */
  readonly timeout: number | undefined;
  /** What is being waited for, asked anew for every picture. */
  readonly text: () => string;
  /** Called with every picture. */
  readonly onTick?: () => void;
}

/** Nothing came in time. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/**
 * Waits with a spinner, a limit, and a way out.
 *
 * @throws {CancelledError} If the signal was aborted.
 * @throws {TimeoutError} If nothing came in time.
 */
export async function waitFor<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { screen, clock, signal, timeout, text, onTick }: Waiting,
): Promise<T> {
  if (signal.aborted) throw new CancelledError();
  const ending = new AbortController();
  const cancel = (): void => ending.abort(new CancelledError());
  signal.addEventListener("abort", cancel, { once: true });
  const start = clock.now();
  const cancelLimit = timeout === undefined ? () => {} : clock.alarm(
    start + timeout * 1000,
    () => ending.abort(new TimeoutError(`Nothing came within ${duration(timeout)}`)),
  );
  let frame = 0;
  let cancelTick = (): void => {};
  const tick = (): void => {
    onTick?.();
    if (frame++ > 0) {
      const spinner = FRAMES[frame % FRAMES.length] ?? "";
      const seconds = duration((clock.now() - start) / 1000);
      screen.live([`${screen.paint.cyan(spinner)} ${text()}, ${seconds}. Ctrl-C cancels`]);
    }
    cancelTick = clock.alarm(clock.now() + TICK, tick);
  };
  // The first picture comes a little later: most answers are faster than the eye.
  if (screen.isLive || onTick !== undefined) tick();
  try {
    return await abortable(work(ending.signal), ending.signal);
  } finally {
    cancelTick();
    cancelLimit();
    signal.removeEventListener("abort", cancel);
    screen.live();
  }
}

/** The promise, or the reason to wait no longer. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", abort));
}

const FRAMES = [..."⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"];

/** Milliseconds between two pictures. */
const TICK = 120;
