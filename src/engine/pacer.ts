import type { EngineConfig } from "./config.ts";
import type { Milliseconds } from "./events.ts";

/**
 * Limits the requests in flight: the responses to a larger burst would overrun the socket buffer of this host, and each lost
 * one would cost a retransmission time.
 *
 * The window starts small, grows with every response, and shrinks with every repetition. A request without a response frees
 * its slot after a few round trips, so that a silent server delays no other request.
 */
export class Pacer<T> {
  readonly #config: EngineConfig;
  #window: number;
  #roundTrip: Milliseconds | undefined;
  /** How long a request without a response counts as in flight. */
  #slotTime: Milliseconds;
  /** Senders in the order in which they send. */
  readonly #waiting = new Set<T>();
  /** Stays behind the senders taken so far: to start over for each would pass all that left the set. */
  #line = this.#waiting.values();
  /** When the request of each sender left, the oldest first. */
  readonly #inFlight = new Map<T, Milliseconds>();
  /** When the slot ends that was taken first; Infinity if none is taken. */
  #slotEnd: Milliseconds = Infinity;
  /** The window was full, and not a quarter of it is free yet. To send one by one would wake the server for each. */
  #isFull = false;

  constructor(config: EngineConfig) {
    this.#config = config;
    this.#window = config.initialWindow;
    this.#slotTime = config.initialSlotTime;
  }

  /** Smoothed round trip, undefined before the first response. */
  get roundTrip(): Milliseconds | undefined {
    return this.#roundTrip;
  }

  /** When the next slot is freed without a response; Infinity if no sender waits. */
  get deadline(): Milliseconds {
    return this.#waiting.size === 0 ? Infinity : this.#slotEnd;
  }

  isWaiting(sender: T): boolean {
    return this.#waiting.has(sender);
  }

  /** Puts the sender at the end of the queue; one that is in it keeps its place. */
  enqueue(sender: T): void {
    this.#waiting.add(sender);
  }

  /** Takes the sender out of the queue and frees its slot. */
  forget(sender: T): void {
    this.#waiting.delete(sender);
    this.#free(sender);
  }

  /** Starts with a small window again, for a server that has just restarted (RFC 6887 section 14.1.3). */
  slowDown(): void {
    this.#window = Math.min(this.#window, this.#config.initialWindow);
  }

  /** Frees the slot of a request that did not leave this host. */
  release(sender: T): void {
    this.#isFull = false;
    this.#free(sender);
  }

  /** Takes the next sender out of the queue; undefined if none waits or the window is full. */
  next(now: Milliseconds): T | undefined {
    if (this.#waiting.size === 0) return undefined;
    const window = Math.floor(this.#window);
    if (this.#isFull || this.#inFlight.size >= window) {
      if (this.#slotEnd <= now) this.#endSlots(now);
      const free = this.#isFull ? Math.max(1, window >> 2) : 1;
      this.#isFull = this.#inFlight.size > window - free;
      if (this.#isFull) return undefined;
    }
    let next = this.#line.next();
    if (next.done) {
      this.#line = this.#waiting.values();
      next = this.#line.next();
    }
    if (next.done) return undefined;
    this.#waiting.delete(next.value);
    return next.value;
  }

  /** The sender's request left; `repeated` if an earlier one has no response. */
  sent(sender: T, now: Milliseconds, repeated: boolean): void {
    this.#free(sender);
    this.#inFlight.set(sender, now);
    if (this.#slotEnd === Infinity) this.#slotEnd = now + this.#slotTime;
    if (repeated) this.#window = Math.max(this.#config.minimumWindow, this.#window / 2);
  }

  /** The sender got a response; `clean` if only one request was sent, so that the time is a round trip. */
  answered(sender: T, sentAt: Milliseconds, now: Milliseconds, clean: boolean): void {
    this.#window = Math.min(this.#config.maximumWindow, this.#window + 1);
    if (clean) {
      const sample = now - sentAt;
      // Smoothed as in TCP (RFC 6298 section 2), without the variance: only the order of magnitude matters.
      this.#roundTrip = this.#roundTrip === undefined
        ? sample
        : this.#roundTrip * 7 / 8 + sample / 8;
      this.#slotTime = Math.min(1_000, Math.max(50, 4 * this.#roundTrip));
    }
    this.#inFlight.delete(sender);
    this.#updateSlotEnd();
  }

  /** Frees the sender's slot, if it has one. */
  #free(sender: T): void {
    if (this.#inFlight.delete(sender)) this.#updateSlotEnd();
  }

  #updateSlotEnd(): void {
    const oldest = this.#inFlight.values().next().value;
    this.#slotEnd = oldest === undefined ? Infinity : oldest + this.#slotTime;
  }

  /** Compares the same sum as `deadline`: a difference could be rounded to the other side, and the wake-up free no slot. */
  #endSlots(now: Milliseconds): void {
    for (const [sender, sentAt] of this.#inFlight) {
      if (sentAt + this.#slotTime > now) break;
      this.#inFlight.delete(sender);
    }
    this.#updateSlotEnd();
  }
}
