import type { EngineConfig } from "./config.ts";
import type { Milliseconds } from "./events.ts";

/**
 * Limits the requests in flight: a server's answers to a burst would overrun the socket buffer of this host, and the
 * lost ones would cost a retransmission time each.
 *
 * The window starts small, grows with every answer, and shrinks with every request that has to be repeated. A request
 * that nobody answers frees its slot after a few round trips, so that a silent server delays nobody.
 */
export class Pacer<T> {
  readonly #config: EngineConfig;
  #window: number;
  #roundTrip: Milliseconds | undefined;
  /** How long an unanswered request counts as in flight. */
  #slotTime: Milliseconds;
  readonly #waiting = new Set<T>();
  /** In order; who is not in the set any more has left. */
  #queue: T[] = [];
  #head = 0;
  /** When the request of each left, oldest first. */
  readonly #inFlight = new Map<T, Milliseconds>();
  /** The window was full, and not a quarter of it is free yet: to send one by one would wake up the server each time. */
  #isFull = false;

  constructor(config: EngineConfig) {
    this.#config = config;
    this.#window = config.initialWindow;
    this.#slotTime = config.initialSlotTime;
  }

  /** Smoothed round trip, undefined before the first answer. */
  get roundTrip(): Milliseconds | undefined {
    return this.#roundTrip;
  }

  /** When a slot becomes free by itself, for senders that wait; Infinity when nobody waits. */
  get deadline(): Milliseconds {
    if (this.#waiting.size === 0) return Infinity;
    const oldest = this.#inFlight.values().next().value;
    return oldest === undefined ? Infinity : oldest + this.#slotTime;
  }

  isWaiting(sender: T): boolean {
    return this.#waiting.has(sender);
  }

  /** Lines up; a sender in the queue already keeps its place. */
  enqueue(sender: T): void {
    if (this.#waiting.has(sender)) return;
    this.#waiting.add(sender);
    this.#queue.push(sender);
  }

  /** Leaves the queue and gives back its slot. */
  forget(sender: T): void {
    this.#waiting.delete(sender);
    this.#inFlight.delete(sender);
  }

  /** Begins small again: a server that has just started is not met with everything at once (section 14.1.3). */
  slowDown(): void {
    this.#window = Math.min(this.#window, this.#config.initialWindow);
  }

  /** Gives back the slot of a request that did not leave this host. */
  release(sender: T): void {
    this.#isFull = false;
    this.#inFlight.delete(sender);
  }

  /** The next sender whose turn it is, or undefined when nobody waits or the window is full. */
  next(now: Milliseconds): T | undefined {
    if (this.#waiting.size === 0) return undefined;
    const window = Math.floor(this.#window);
    if (this.#isFull || this.#inFlight.size >= window) {
      this.#endSlots(now);
      const free = this.#isFull ? Math.max(1, window >> 2) : 1;
      this.#isFull = this.#inFlight.size > window - free;
      if (this.#isFull) return undefined;
    }
    while (this.#head < this.#queue.length) {
      const sender = this.#queue[this.#head++] as T;
      if (this.#waiting.delete(sender)) return sender;
    }
    this.#queue = [];
    this.#head = 0;
    return undefined;
  }

  /** Notes that the sender's request left; `repeated` when an earlier one went unanswered. */
  sent(sender: T, now: Milliseconds, repeated: boolean): void {
    this.#inFlight.delete(sender);
    this.#inFlight.set(sender, now);
    if (this.#waiting.size === 0) {
      this.#queue = [];
      this.#head = 0;
    }
    if (repeated) this.#window = Math.max(this.#config.minimumWindow, this.#window / 2);
  }

  /** Notes that the sender's request was answered; `clean` when only one was sent, so that the time is a round trip. */
  answered(sender: T, sentAt: Milliseconds, now: Milliseconds, clean: boolean): void {
    this.#inFlight.delete(sender);
    this.#window = Math.min(this.#config.maximumWindow, this.#window + 1);
    if (!clean) return;
    const sample = now - sentAt;
    // The smoothing of TCP (RFC 6298 section 2), without the variance: only the order of magnitude matters here.
    this.#roundTrip = this.#roundTrip === undefined ? sample : this.#roundTrip * 7 / 8 + sample / 8;
    this.#slotTime = Math.min(1_000, Math.max(50, 4 * this.#roundTrip));
  }

  /** By the same sum as the deadline: a difference could round to the other side, and the wake-up would free nothing. */
  #endSlots(now: Milliseconds): void {
    for (const [sender, sentAt] of this.#inFlight) {
      if (sentAt + this.#slotTime > now) return;
      this.#inFlight.delete(sender);
    }
  }
}
