import type { EngineConfig } from "./config.ts";
import type { MappingId, Milliseconds } from "./events.ts";
import { Fifo } from "./fifo.ts";
import { IntMap } from "./int_map.ts";

/** What waits for its turn to send. */
export interface Sender {
  readonly id: MappingId;
  /** Whether it waits in the queue; kept by {@linkcode Pacer}. */
  queued: boolean;
}

/**
 * Limits the requests in flight: a server's answers to a burst would overrun the socket buffer of this host, and the
 * lost ones would cost a retransmission time each.
 *
 * The window starts small, grows with every answer, and shrinks with every request that has to be repeated. A request
 * that nobody answers frees its slot after a few round trips, so that a silent server delays nobody.
 */
export class Pacer<T extends Sender> {
  readonly #config: EngineConfig;
  #window: number;
  #roundTrip: Milliseconds | undefined;
  /** Their ids: who waits may be at rest. */
  readonly #queue = new Fifo<MappingId>();
  /** The requests in flight: which departure of those below was the last of each. */
  readonly #inFlight = new IntMap();
  /** Who left when, the oldest first; a departure that is not the last one of its sender does not count. */
  readonly #leavers = new Fifo<MappingId>();
  readonly #departures = new Fifo<Milliseconds>();
  /** The number of the first of them, counted from the beginning. */
  #first = 0;
  /** The window was full, and not a quarter of it is free yet: to send one by one would wake up the server each time. */
  #isFull = false;
  #last = -1;

  constructor(config: EngineConfig) {
    this.#config = config;
    this.#window = config.initialWindow;
  }

  /** Smoothed round trip, undefined before the first answer. */
  get roundTrip(): Milliseconds | undefined {
    return this.#roundTrip;
  }

  /** When a slot becomes free by itself, for senders that wait; Infinity when nobody waits. */
  get deadline(): Milliseconds {
    if (this.#queue.isEmpty) return Infinity;
    return this.#oldestSlot() + this.#slotTime;
  }

  /** Lines up; a sender in the queue already keeps its place. */
  enqueue(sender: T): void {
    if (sender.queued) return;
    sender.queued = true;
    this.#queue.push(sender.id);
  }

  /** Lines up one that shows by itself that it waits. */
  enqueueFresh(id: MappingId): void {
    this.#queue.push(id);
  }

  /** Leaves the queue and gives back its slot. */
  forget(sender: T): void {
    sender.queued = false;
    this.#inFlight.delete(sender.id);
  }

  /** Begins small again: a server that has just started is not met with everything at once (section 14.1.3). */
  slowDown(): void {
    this.#window = Math.min(this.#window, this.#config.initialWindow);
  }

  /** Gives back the slot of a request that did not leave this host. */
  release(sender: T): void {
    this.#isFull = false;
    this.#inFlight.delete(sender.id);
  }

  /**
   * The next sender whose turn it is, or undefined when nobody waits or the window is full.
   *
   * @param senders Those that are not over.
   */
  next(now: Milliseconds, senders: { get(id: MappingId): T | undefined }): T | undefined {
    this.#endSlots(now);
    const window = Math.floor(this.#window);
    if (this.#inFlight.size >= window) this.#isFull = true;
    else if (this.#inFlight.size <= window - (window >> 2)) this.#isFull = false;
    if (this.#isFull) return undefined;
    while (!this.#queue.isEmpty) {
      const id = this.#queue.shift();
      const sender = id === undefined ? undefined : senders.get(id);
      if (sender?.queued) {
        sender.queued = false;
        return sender;
      }
    }
    return undefined;
  }

  /** Notes that the sender's request left; `repeated` when an earlier one went unanswered. */
  sent(sender: T, now: Milliseconds, repeated: boolean): void {
    this.#last = (this.#last + 1) | 0;
    this.#inFlight.set(sender.id, this.#last);
    this.#leavers.push(sender.id);
    this.#departures.push(now);
    if (repeated) this.#window = Math.max(this.#config.minimumWindow, this.#window / 2);
  }

  /** Notes that the sender's request was answered; `clean` when only one was sent, so that the time is a round trip. */
  answered(sender: T, sentAt: Milliseconds, now: Milliseconds, clean: boolean): void {
    this.#inFlight.delete(sender.id);
    this.#window = Math.min(this.#config.maximumWindow, this.#window + 1);
    if (!clean) return;
    const sample = now - sentAt;
    // The smoothing of TCP (RFC 6298 section 2), without the variance: only the order of magnitude matters here.
    this.#roundTrip = this.#roundTrip === undefined ? sample : this.#roundTrip * 7 / 8 + sample / 8;
  }

  get #slotTime(): Milliseconds {
    if (this.#roundTrip === undefined) return this.#config.initialSlotTime;
    return Math.min(1_000, Math.max(50, 4 * this.#roundTrip));
  }

  /** By the same sum as the deadline: a difference could round to the other side, and the wake-up would free nothing. */
  #endSlots(now: Milliseconds): void {
    while (this.#oldestSlot() + this.#slotTime <= now) {
      this.#inFlight.delete(this.#leavers.first ?? -1);
    }
  }

  /** When the request left that has been in flight for longest; Infinity when none is. */
  #oldestSlot(): Milliseconds {
    while (!this.#leavers.isEmpty) {
      const isLast = this.#inFlight.get(this.#leavers.first ?? -1) === this.#first;
      if (isLast) return this.#departures.first ?? 0;
      this.#leavers.shift();
      this.#departures.shift();
      this.#first = (this.#first + 1) | 0;
    }
    return Infinity;
  }
}
