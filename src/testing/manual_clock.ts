import type { Clock, Milliseconds } from "../clock.ts";
import { Heap } from "./server/heap.ts";

/** So many alarms at one instant are taken for a loop that would never end. */
const ALARMS_AT_ONE_INSTANT = 200_000;

/**
 * A clock that stands still until a test moves it. Alarms ring in the order of their times; after each one every
 * promise that can settle has settled before the next rings, so that `await` and `for await` see virtual time exactly.
 *
 * @example
 * ```ts
 * import { ManualClock } from "@portcontrol/pcp/testing";
 *
 * const clock = new ManualClock();
 * let rang = -1;
 * clock.alarm(3_000, () => rang = clock.now());
 * await clock.advance(10_000); // takes no real time
 * if (rang !== 3_000) throw new Error("The alarm must ring at its time");
 * ```
 */
export class ManualClock implements Clock {
  #now: Milliseconds;
  #alarms = new Heap<() => void>();
  #advancing = false;
  #instant: Milliseconds = Number.NEGATIVE_INFINITY;
  #rungAtInstant = 0;

  /**
   * A clock at rest.
   *
   * @param start What the clock shows first, in milliseconds.
   */
  constructor(start: Milliseconds = 0) {
    this.#now = start;
  }

  /** What the clock shows, in milliseconds. */
  now(): Milliseconds {
    return this.#now;
  }

  /**
   * Has `fire` called once when the clock reaches `at`. A time in the past rings as soon as the clock is next moved,
   * be it by 0, and the clock then shows the present.
   *
   * @returns Cancels the alarm; calling it again, or late, does nothing.
   */
  alarm(at: Milliseconds, fire: () => void): () => void {
    if (Number.isNaN(at)) {
      throw new RangeError(`Cannot set an alarm: the time must be a number, got "${at}"`);
    }
    const entry = this.#alarms.push(Math.max(at, this.#now), fire);
    return () => this.#alarms.remove(entry);
  }

  /** How many alarms are waiting. */
  get pending(): number {
    return this.#alarms.size;
  }

  /** When the next alarm rings, if one is waiting. */
  get next(): Milliseconds | undefined {
    return this.#alarms.peek()?.at;
  }

  /**
   * Moves the clock on by so many milliseconds and rings everything due on the way, the end included.
   *
   * @throws {RangeError} When `duration` is negative or not a number.
   * @throws {Error} When the clock is already being moved.
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
   * Moves the clock on to a time and rings everything due on the way, that time included.
   *
   * @throws {RangeError} When `at` has passed.
   * @throws {Error} When the clock is already being moved.
   */
  advanceTo(at: Milliseconds): Promise<void> {
    if (!(at >= this.#now)) {
      throw new RangeError(
        `Cannot advance the clock: it shows ${this.#now} and cannot go back, got "${at}"`,
      );
    }
    return this.#exclusively(async () => {
      await settle();
      while (await this.#ringNext(at));
      this.#now = at;
      await settle();
    });
  }

  /**
   * Moves the clock from alarm to alarm until `predicate` holds, and no further.
   *
   * @param limit Gives up after so many milliseconds of virtual time. One day unless told.
   * @throws {Error} When the limit passes, or no alarm is left, and `predicate` still does not hold; or when the clock is
   * already being moved.
   */
  runUntil(predicate: () => boolean, limit: Milliseconds = 86_400_000): Promise<void> {
    const started = this.#now;
    return this.#exclusively(async () => {
      await settle();
      while (!predicate()) {
        if (await this.#ringNext(started + limit)) {
          await settle(); // the condition may hold as soon as the promises have settled
          continue;
        }
        throw new Error(
          `Cannot run until the condition holds: it did not within "${limit}" ms of virtual time`,
        );
      }
    });
  }

  /** Lets every promise that can settle now do so, without moving the clock. */
  settle(): Promise<void> {
    return settle();
  }

  async #ringNext(limit: Milliseconds): Promise<boolean> {
    const entry = this.#alarms.peek();
    if (entry === undefined || entry.at > limit) return false;
    this.#alarms.pop();
    this.#now = Math.max(this.#now, entry.at);
    this.#rungAtInstant = this.#instant === this.#now ? this.#rungAtInstant + 1 : 1;
    this.#instant = this.#now;
    if (this.#rungAtInstant > ALARMS_AT_ONE_INSTANT) {
      throw new Error(`Cannot advance the clock: alarms ring for ever at "${this.#now}"`);
    }
    entry.value();
    await settle(); // before anybody looks whether that was enough
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

/** A turn of the event loop drains every promise chain, however deep; `setTimeout` would cost milliseconds. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
