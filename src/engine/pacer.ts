import type { EngineConfig } from "./config.ts";
import type { Milliseconds } from "./events.ts";
import { SlotQueue } from "./slot_queue.ts";

/** What waits for its turn to send. */
export interface Sender {
  /** Its number; who comes after it may have the same one. */
  readonly slot: number;
  // The others are kept by the pacer.
  /** Whether it waits in the queue. */
  queued: boolean;
  /** The number of its last departure, -1 for none. */
  departure: number;
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
  /** How long an unanswered request counts as in flight. */
  #slotTime: Milliseconds;
  /** Their slots: who waits may be at rest, and who stands there may have left since. */
  readonly #queue = new SlotQueue();
  /** When the requests left, by the low bits of their number; and whether each is in flight. */
  #departures = new Float64Array(FIRST_SIZE);
  #isInFlight = new Uint8Array(FIRST_SIZE);
  /** Of those the first that may be in flight, and the one that comes next. */
  #first = 0;
  #next = 0;
  #inFlight = 0;
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
    if (this.#queue.length === 0 || this.#inFlight === 0) return Infinity;
    const mask = this.#isInFlight.length - 1;
    while (this.#isInFlight[this.#first & mask] === 0) this.#first++;
    return this.#departures[this.#first & mask] as number + this.#slotTime;
  }

  /** Lines up; a sender in the queue already keeps its place. */
  enqueue(sender: T): void {
    if (sender.queued) return;
    sender.queued = true;
    this.#queue.push(sender.slot);
  }

  /** Lines up one that shows by itself that it waits. */
  enqueueFresh(slot: number): void {
    this.#queue.push(slot);
  }

  /** Leaves the queue and gives back its slot. */
  forget(sender: T): void {
    sender.queued = false;
    if (sender.departure >= 0) this.#giveBack(sender);
  }

  /** Begins small again: a server that has just started is not met with everything at once (section 14.1.3). */
  slowDown(): void {
    this.#window = Math.min(this.#window, this.#config.initialWindow);
  }

  /** Gives back the slot of a request that did not leave this host. */
  release(sender: T): void {
    this.#isFull = false;
    this.#giveBack(sender);
  }

  /**
   * The next sender whose turn it is, or undefined when nobody waits or the window is full.
   *
   * @param senders Those that are not over.
   */
  next(now: Milliseconds, senders: { at(slot: number): T | undefined }): T | undefined {
    const queue = this.#queue;
    if (queue.length === 0) return undefined;
    const window = Math.floor(this.#window);
    if (this.#isFull || this.#inFlight >= window) {
      this.#endSlots(now);
      const free = this.#isFull ? Math.max(1, window >> 2) : 1;
      this.#isFull = this.#inFlight > window - free;
      if (this.#isFull) return undefined;
    }
    for (let slot = queue.shift(); slot !== undefined; slot = queue.shift()) {
      const sender = senders.at(slot);
      if (sender?.queued) {
        sender.queued = false;
        return sender;
      }
    }
    return undefined;
  }

  /** Notes that the sender's request left; `repeated` when an earlier one went unanswered. */
  sent(sender: T, now: Milliseconds, repeated: boolean): void {
    if (sender.departure >= 0) this.#giveBack(sender); // of its departures the last one counts
    if (this.#next - this.#first === this.#departures.length) this.#grow();
    const place = this.#next & (this.#departures.length - 1);
    this.#departures[place] = now;
    this.#isInFlight[place] = 1;
    this.#inFlight++;
    sender.departure = this.#next++;
    if (repeated) this.#window = Math.max(this.#config.minimumWindow, this.#window / 2);
  }

  /** Notes that the sender's request was answered; `clean` when only one was sent, so that the time is a round trip. */
  answered(sender: T, sentAt: Milliseconds, now: Milliseconds, clean: boolean): void {
    this.#giveBack(sender);
    this.#window = Math.min(this.#config.maximumWindow, this.#window + 1);
    if (!clean) return;
    const sample = now - sentAt;
    // The smoothing of TCP (RFC 6298 section 2), without the variance: only the order of magnitude matters here.
    this.#roundTrip = this.#roundTrip === undefined ? sample : this.#roundTrip * 7 / 8 + sample / 8;
    this.#slotTime = Math.min(1_000, Math.max(50, 4 * this.#roundTrip));
  }

  /** By the same sum as the deadline: a difference could round to the other side, and the wake-up would free nothing. */
  #endSlots(now: Milliseconds): void {
    if (this.#inFlight === 0) this.#first = this.#next;
    const slotTime = this.#slotTime;
    const mask = this.#isInFlight.length - 1;
    for (; this.#first < this.#next; this.#first++) {
      const place = this.#first & mask;
      if (this.#isInFlight[place] === 0) continue;
      if (this.#departures[place] as number + slotTime > now) return;
      this.#isInFlight[place] = 0;
      this.#inFlight--;
    }
  }

  #giveBack(sender: T): void {
    const { departure } = sender;
    sender.departure = -1;
    if (departure < this.#first) return; // it has none, or its slot is over
    const place = departure & (this.#isInFlight.length - 1);
    if (this.#isInFlight[place] === 0) return;
    this.#isInFlight[place] = 0;
    this.#inFlight--;
  }

  #grow(): void {
    const size = this.#departures.length;
    const departures = new Float64Array(2 * size);
    const isInFlight = new Uint8Array(2 * size);
    for (let number = this.#first; number < this.#next; number++) {
      departures[number & (2 * size - 1)] = this.#departures[number & (size - 1)] as number;
      isInFlight[number & (2 * size - 1)] = this.#isInFlight[number & (size - 1)] as number;
    }
    this.#departures = departures;
    this.#isInFlight = isInFlight;
  }
}

/** A power of two. */
const FIRST_SIZE = 64;
