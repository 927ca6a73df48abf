import type { Clock, Milliseconds } from "../clock.ts";
import { TimeQueue } from "./server/time_queue.ts";

/** More alarms at one instant are taken for an endless loop. */
const ALARMS_AT_ONE_INSTANT = 200_000;

/**
 * A clock that only a test moves. Alarms fire in the order of their times. After each one, every promise that can settle
 * has settled before the next fires, so that code after an `await` runs at the exact virtual time.
 *
 * @example
 * ```ts
 * import { ManualClock } from "@portcontrol/pcp/testing";
 *
 * const clock = new ManualClock();
 * let firedAt = -1;
 * clock.alarm(3_000, () => firedAt = clock.now());
 * await clock.advance(10_000); // takes no real time
 * if (firedAt !== 3_000) throw new Error("The alarm must fire at its time");
 * ```
 */
export class ManualClock implements Clock {
  #now: Milliseconds;
  #alarms = new TimeQueue<() => void>();
  #advancing = false;
  #instant: Milliseconds = Number.NEGATIVE_INFINITY;
  #firedAtInstant = 0;

  /**
   * A clock without alarms.
   *
   * @param start First time in milliseconds. Default 0.
   */
  constructor(start: Milliseconds = 0) {
    this.#now = start;
  }

  /** The time in milliseconds. */
  now(): Milliseconds {
    return this.#now;
  }

  /**
   * Calls `fire` once when the clock reaches `at`. An alarm in the past fires with the next move of the clock, even by 0,
   * at the present time.
   *
   * @returns Cancels the alarm; does nothing after it has fired or been cancelled.
   * @throws {RangeError} If `at` is not a number.
   */
  alarm(at: Milliseconds, fire: () => void): () => void {
    if (Number.isNaN(at)) {
      throw new RangeError(`Cannot set an alarm: the time must be a number, got "${at}"`);
    }
    const entry = this.#alarms.push(Math.max(at, this.#now), fire);
    return () => this.#alarms.remove(entry);
  }

  /** Number of pending alarms. */
  get pending(): number {
    return this.#alarms.size;
  }

  /** Time of the next alarm, if there is one. */
  get next(): Milliseconds | undefined {
    return this.#alarms.peek()?.at;
  }

  /**
   * Advances the clock by milliseconds and fires the alarms up to the new time, inclusive.
   *
   * @throws {RangeError} If `duration` is negative or not a number.
   * @throws {Error} If the clock is being moved already.
   */
  advance(duration: Milliseconds): Promise<void> {
    if (!(duration >= 0)) {
      throw new RangeError(
        `Cannot advance the clock: the duration must not be negative, got "${duration}"`,
      );
    }
    return this.advanceTo(this.#now + duration);
  }

  /**
   * Advances the clock to a time and fires the alarms up to it, inclusive.
   *
   * @throws {RangeError} If `at` has passed.
   * @throws {Error} If the clock is being moved already.
   */
  advanceTo(at: Milliseconds): Promise<void> {
    if (!(at >= this.#now)) {
      throw new RangeError(
        `Cannot advance the clock: it shows ${this.#now} and cannot go back, got "${at}"`,
      );
    }
    return this.#exclusively(async () => {
      await this.settle();
      while (await this.#fireNext(at));
      this.#now = at;
      await this.settle();
    });
  }

  /**
   * Advances the clock from alarm to alarm until `predicate` holds.
   *
   * @param limit Most milliseconds to advance. Default one day.
   * @throws {Error} If `predicate` does not hold at the limit or after the last alarm, or if the clock is being moved
   * already.
   */
  runUntil(predicate: () => boolean, limit: Milliseconds = 86_400_000): Promise<void> {
    const started = this.#now;
    return this.#exclusively(async () => {
      await this.settle();
      while (!predicate()) {
        if (!await this.#fireNext(started + limit)) {
          throw new Error(
            `Cannot run until the condition holds: it did not within "${limit}" ms of virtual time`,
          );
        }
        await this.settle(); // a second turn, for chains that wait for a turn themselves
      }
    });
  }

  /**
   * Advances the clock from alarm to alarm until a promise settles, and returns its value.
   *
   * @param limit Most milliseconds to advance. Default one day.
   * @throws {Error} If the promise does not settle within the limit, or its rejection.
   */
  async settled<T>(promise: Promise<T>, limit?: Milliseconds): Promise<T> {
    let isSettled = false;
    const watched = promise.finally(() => isSettled = true);
    watched.catch(() => {}); // the rejection is thrown below; runUntil() may throw before
    await this.runUntil(() => isSettled, limit);
    return await watched;
  }

  /** Waits until every promise that can settle now has settled, without moving the clock. */
  settle(): Promise<void> {
    // One turn of the event loop settles chains of any depth.
    return new Promise((resolve) => isImmediateLate ? setTimeout(resolve) : setImmediate(resolve));
  }

  async #fireNext(limit: Milliseconds): Promise<boolean> {
    const entry = this.#alarms.pop(limit);
    if (entry === undefined) return false;
    this.#now = Math.max(this.#now, entry.at);
    this.#firedAtInstant = this.#instant === this.#now ? this.#firedAtInstant + 1 : 1;
    this.#instant = this.#now;
    if (this.#firedAtInstant > ALARMS_AT_ONE_INSTANT) {
      throw new Error(`Cannot advance the clock: alarms ring for ever at "${this.#now}"`);
    }
    entry.value();
    await this.settle();
    return true;
  }

  async #exclusively(run: () => Promise<void>): Promise<void> {
    if (this.#advancing) {
      throw new Error(`Cannot advance the clock: it is already being moved, at "${this.#now}"`);
    }
    this.#advancing = true;
    try {
      await run();
    } finally {
      this.#advancing = false;
    }
  }
}

/** Whether setImmediate() waits for every timer of the program (denoland/deno#31642). setTimeout() takes a millisecond more. */
const isImmediateLate = /^2\.6\.[01]$/.test(denoVersion() ?? "");

function denoVersion(): string | undefined {
  return (globalThis as { Deno?: { version: { deno: string } } }).Deno?.version.deno;
}
