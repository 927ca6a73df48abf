import type { EngineConfig } from "./config.ts";
import type { Milliseconds } from "./events.ts";
import { Fifo } from "./fifo.ts";

/** What waits for its turn to send. */
export interface Sender {
  /** Whether it waits in the queue; kept by {@linkcode Pacer}. */
  queued: boolean;
  /** When its last request left, while that counts as in flight; -1 when none does. Kept by {@linkcode Pacer}. */
  slotAt: Milliseconds;
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
  #inFlight = 0;
  #roundTrip: Milliseconds | undefined;
  readonly #queue = new Fifo<T>();
  /** Slots in the order in which they end; an entry counts only while its sender still shows the same time. */
  readonly #slots = new Fifo<{ readonly sender: T; readonly at: Milliseconds }>();

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
    const oldest = this.#oldestSlot();
    return oldest === undefined ? Infinity : oldest.at + this.#slotTime;
  }

  /** Lines up; a sender in the queue already keeps its place. */
  enqueue(sender: T): void {
    if (sender.queued) return;
    sender.queued = true;
    this.#queue.push(sender);
  }

  /** Leaves the queue and gives back its slot. */
  forget(sender: T): void {
    sender.queued = false;
    this.#free(sender);
  }

  /** Begins small again: a server that has just started is not met with everything at once (section 14.1.3). */
  slowDown(): void {
    this.#window = Math.min(this.#window, this.#config.initialWindow);
  }

  /** Gives back the slot of a request that did not leave this host. */
  release(sender: T): void {
    this.#free(sender);
  }

  /** The next sender whose turn it is, or undefined when nobody waits or the window is full. */
  next(now: Milliseconds): T | undefined {
    this.#endSlots(now);
    while (!this.#queue.isEmpty && this.#inFlight < Math.floor(this.#window)) {
      const sender = this.#queue.shift();
      if (sender?.queued) {
        sender.queued = false;
        return sender;
      }
    }
    return undefined;
  }

  /** Notes that the sender's request left; `repeated` when an earlier one went unanswered. */
  sent(sender: T, now: Milliseconds, repeated: boolean): void {
    this.#free(sender);
    sender.slotAt = now;
    this.#inFlight++;
    this.#slots.push({ sender, at: now });
    if (repeated) this.#window = Math.max(this.#config.minimumWindow, this.#window / 2);
  }

  /** Notes that the sender's request was answered; `clean` when only one was sent, so that the time is a round trip. */
  answered(sender: T, sentAt: Milliseconds, now: Milliseconds, clean: boolean): void {
    this.#free(sender);
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

  #free(sender: T): void {
    if (sender.slotAt < 0) return;
    sender.slotAt = -1;
    this.#inFlight--;
  }

  /** By the same sum as the deadline: a difference could round to the other side, and the wake-up would free nothing. */
  #endSlots(now: Milliseconds): void {
    for (
      let oldest = this.#oldestSlot();
      oldest !== undefined && oldest.at + this.#slotTime <= now;
      oldest = this.#oldestSlot()
    ) {
      this.#free(oldest.sender);
    }
  }

  /** The slot that ends first, past those that were given back. */
  #oldestSlot(): { readonly sender: T; readonly at: Milliseconds } | undefined {
    while (!this.#slots.isEmpty) {
      const oldest = this.#slots.first;
      if (oldest?.sender.slotAt === oldest?.at) return oldest;
      this.#slots.shift();
    }
    return undefined;
  }
}
