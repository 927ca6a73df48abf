import type { Input, Output } from "../engine/events.ts";
import type { Option } from "../wire/option.ts";
import { prefix64Request } from "../wire/prefix64.ts";
import { resultName } from "../wire/result_code.ts";
import { abortable } from "./abortable.ts";
import { ClosedError, ResultCodeError } from "./errors.ts";
import { type Prefix64, prefix64Of } from "./prefix64.ts";

/** What a server said of itself. Plain JSON. */
export interface Announcement {
  /** Seconds since the server lost or began its state (RFC 6887 section 8.5). */
  readonly epoch: number;
  /** Milliseconds between the question and the answer. */
  readonly roundTrip: number;
}

/** Asks the server about itself (ANNOUNCE, RFC 6887 section 14.1): all who wait share one question. */
export class AnnounceRequests {
  readonly #step: (input: Input) => void;
  #waiting: PromiseWithResolvers<Announcement> | undefined;
  #waiters = 0;
  #prefixes: readonly Prefix64[] = [];

  constructor(step: (input: Input) => void) {
    this.#step = step;
  }

  /** Asks, and waits for the answer or the signal. */
  async ask(
    signal: AbortSignal | undefined,
    options: readonly Option[] = [],
  ): Promise<Announcement> {
    signal?.throwIfAborted();
    const asked = this.#waiting ??= Promise.withResolvers();
    this.#waiters++;
    try {
      const answer = abortable(asked.promise, signal);
      this.#step({ type: "announce", options });
      return await answer;
    } finally {
      this.#waiters--;
      if (this.#waiters === 0 && this.#waiting === asked) {
        this.#waiting = undefined;
        this.#step({ type: "cancelAnnounce" });
      }
    }
  }

  /** Asks for the prefixes of the network's NAT64 (RFC 7225). */
  async askPrefixes(signal: AbortSignal | undefined): Promise<readonly Prefix64[]> {
    const joins = this.#waiting !== undefined;
    this.#prefixes = [];
    await this.ask(signal, [prefix64Request()]);
    // That may have been the answer to the plain question under way, which need not tell them.
    if (joins && this.#prefixes.length === 0) await this.ask(signal, [prefix64Request()]);
    return this.#prefixes;
  }

  announced({ epoch, roundTrip }: Output & { type: "announced" }): void {
    this.#settle()?.resolve({ epoch, roundTrip });
  }

  failed({ code, lifetime }: Output & { type: "announceFailed" }): void {
    const attempt = "Cannot ask the server whether it is there";
    this.#settle()?.reject(new ResultCodeError(attempt, code, resultName(code), lifetime));
  }

  prefixes({ prefixes }: Output & { type: "prefix64" }): void {
    this.#prefixes = prefixes.map(prefix64Of);
  }

  /** Another connection does the work from now on: asks there. */
  again(): void {
    if (this.#waiting !== undefined) this.#step({ type: "announce" });
  }

  /** The client was shut down: nobody will answer. */
  close(): void {
    this.#settle()?.reject(new ClosedError("Cannot wait for the server"));
  }

  #settle(): PromiseWithResolvers<Announcement> | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }
}
