import type { Milliseconds } from "../clock.ts";
import type { Input, InquiryResult, Output } from "../engine/events.ts";
import type { GatewayState } from "../engine/gateway_knowledge.ts";
import type { Protocol } from "../engine/protocol.ts";
import { abortable } from "../abortable.ts";
import { type Deferred, deferred } from "../deferred.ts";
import { BoundedQueue } from "./bounded_queue.ts";
import { ClosedError } from "./errors.ts";

/** Whether the gateway answers. Plain JSON. */
export interface GatewayStatus {
  /**
   * `unknown`: nothing was asked, or the first answer is still to come. `answers`: it answers. `silent`: no request was
   * answered for 8 s, in any protocol that may be used. `refuses`: nothing listens at its port, or it speaks another version.
   * `silent` and `refuses` end with the next answer.
   */
  readonly state: GatewayState;
  /** When the state began, in ISO 8601; `silent` begins with the first request without an answer. Absent for `unknown`. */
  readonly since?: string;
}

/** The gateway as the engine knows it, its changes, and inquiries about it. Concurrent inquiries share one. */
export class GatewayMonitor {
  /** Read only. */
  status: GatewayStatus = UNKNOWN;
  /** The protocol of its answers. Read only. */
  protocol: Protocol | undefined = undefined;
  /** The system's message when the last send failed on this host. */
  sendError: string | undefined = undefined;
  readonly #step: (input: Input) => void;
  readonly #now: () => Milliseconds;
  readonly #readers = new Set<BoundedQueue<GatewayStatus>>();
  #pending: Deferred<InquiryResult> | undefined;
  #callers = 0;
  #closed = false;

  constructor(step: (input: Input) => void, now: () => Milliseconds) {
    this.#step = step;
    this.#now = now;
  }

  changed({ state, since, protocol }: Output & { type: "gateway" }): void {
    this.protocol = protocol;
    if (state === "answers") this.sendError = undefined;
    const began = new Date(Math.round(Date.now() - this.#now() + since)).toISOString();
    this.#set(state === this.status.state ? this.status : { state, since: began });
  }

  /** Another gateway, or another address of this host: nothing is known. */
  reset(): void {
    this.protocol = this.sendError = undefined;
    if (this.status.state !== "unknown") this.#set(UNKNOWN);
    if (this.#pending !== undefined) this.#step({ type: "inquire" });
  }

  /** Yields the status after every change from now on, also when only the protocol has changed. */
  async *changes(): AsyncIterableIterator<GatewayStatus> {
    const queue = new BoundedQueue<GatewayStatus>(CHANGE_LIMIT);
    if (this.#closed) return;
    this.#readers.add(queue);
    try {
      yield* queue;
    } finally {
      this.#readers.delete(queue);
    }
  }

  /** Asks which protocol the gateway speaks, and waits for the answer: 8 s at most. */
  async inquire(signal: AbortSignal | undefined): Promise<InquiryResult> {
    signal?.throwIfAborted();
    const pending = this.#pending ??= deferred();
    this.#callers++;
    try {
      const result = abortable(pending.promise, signal);
      this.#step({ type: "inquire" });
      return await result;
    } finally {
      this.#callers--;
      if (this.#callers === 0 && this.#pending === pending) {
        this.#pending = undefined;
        this.#step({ type: "cancelInquiry" });
      }
    }
  }

  inquired(result: InquiryResult): void {
    this.#take()?.resolve(result);
  }

  close(): void {
    this.#closed = true;
    for (const queue of this.#readers) queue.close();
    this.#take()?.reject(new ClosedError("Cannot wait for the gateway"));
  }

  #set(status: GatewayStatus): void {
    this.status = status;
    for (const queue of this.#readers) queue.put(status);
  }

  #take(): Deferred<InquiryResult> | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }
}

const UNKNOWN: GatewayStatus = { state: "unknown" };

/** Unread changes kept for each reader: a slow one misses older ones. */
const CHANGE_LIMIT = 100;
