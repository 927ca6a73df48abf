import type { Clock } from "../../mod.ts";
import { abortable } from "../abortable.ts";
import { deferred } from "../deferred.ts";
import type { Screen } from "./screen.ts";
import { duration } from "./text.ts";
import { CancelledError } from "./usage_error.ts";

/** Milliseconds of silence until the first word about it. */
export const FIRST_WORD = 3_000;

/** Milliseconds of silence until the verdict on the gateway, at the latest. The library has its own after 8 s. */
export const VERDICT = 8_100;

/** How to wait, and what to show meanwhile. */
export interface WaitOptions {
  readonly screen: Screen;
  readonly clock: Clock;
  /** Aborted when the user cancels. */
  readonly signal: AbortSignal;
  /** Longest wait in seconds; no limit if undefined. */
  readonly timeout: number | undefined;
  /** The text beside the spinner, computed for every frame. */
  readonly text: () => string;
  /** Called with every frame. */
  readonly onTick?: () => void;
}

/** The wait has reached its timeout. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/**
 * Waits with a spinner, a timeout and Ctrl-C.
 *
 * @throws {CancelledError} If the signal was aborted.
 * @throws {TimeoutError} If the timeout has passed.
 */
export async function waitFor<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { screen, clock, signal, timeout, text, onTick }: WaitOptions,
): Promise<T> {
  if (signal.aborted) throw new CancelledError();
  const start = clock.now();
  const expired = new AbortController();
  const cancelTimeout = timeout === undefined ? () => {} : clock.alarm(
    start + timeout * 1000,
    () => expired.abort(new TimeoutError(`Nothing came within ${duration(timeout)}`)),
  );
  const ending = AbortSignal.any([signal, expired.signal]);
  let frame = 0;
  let cancelTick = (): void => {};
  const tick = (): void => {
    onTick?.();
    if (frame++ > 0) {
      const spinner = FRAMES[frame % FRAMES.length] ?? "";
      const seconds = duration((clock.now() - start) / 1000);
      screen.live([`${screen.paint.cyan(spinner)} ${text()}, ${seconds}. Ctrl-C cancels`]);
    }
    cancelTick = clock.alarm(clock.now() + FRAME_TIME, tick);
  };
  // The first frame draws nothing: most responses arrive before the second one.
  if (screen.isLive || onTick !== undefined) tick();
  try {
    return await abortable(work(ending), ending);
  } catch (error) {
    throw signal.aborted ? new CancelledError() : error;
  } finally {
    cancelTick();
    cancelTimeout();
    screen.live();
  }
}

/** The promise's result; undefined when the signal is aborted first. */
export async function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  return await abortable(promise, signal).catch((error: unknown) => {
    if (signal.aborted) return undefined;
    throw error;
  });
}

/** Resolves after the given time, or when the signal is aborted. */
export async function sleep(
  milliseconds: number,
  clock: Clock,
  signal?: AbortSignal,
): Promise<void> {
  const { promise, resolve } = deferred<void>();
  const cancel = clock.alarm(clock.now() + milliseconds, resolve);
  await (signal === undefined ? promise : unlessAborted(promise, signal));
  cancel();
}

const FRAMES = [..."⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"];

/** Milliseconds between two frames of the spinner. */
const FRAME_TIME = 120;
