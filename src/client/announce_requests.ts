import type { Input, Output } from "../engine/events.ts";
import type { Option } from "../wire/option.ts";
import { isPrefix64Request, prefix64Request } from "../wire/prefix64.ts";
import { resultName } from "../wire/result_code.ts";
import { abortable } from "../abortable.ts";
import { type Deferred, deferred } from "../deferred.ts";
import { ClosedError, ResultCodeError } from "./errors.ts";
import { type Prefix64, prefix64Of } from "./prefix64.ts";

/** The server's answer to an ANNOUNCE request. Plain JSON. */
export interface Announcement {
  /** Seconds since the server began or lost its state (RFC 6887 section 8.5). */
  readonly epoch: number;
  /** Milliseconds between request and response. */
  readonly roundTrip: number;
}

/** ANNOUNCE requests (RFC 6887 section 14.1). Concurrent callers share one request. */
export class AnnounceRequests {
  readonly #step: (input: Input) => void;
  /** Settled by the response to the request under way. */
  #pending: Deferred<Announcement> | undefined;
  #callers = 0;
  #prefixes: readonly Prefix64[] = [];
  /** Whether the request under way asks for prefixes. */
  #asksPrefixes = false;
  /** The prefixes that came last had the requested one among them. */
  #hasEcho = false;
  #echoesOptions: boolean | undefined;

  constructor(step: (input: Input) => void) {
    this.#step = step;
  }

  /**
   * Whether the server sends back options that it did not process: then those in the answer prove nothing. Undefined while that
   * is unknown.
   */
  get echoesOptions(): boolean | undefined {
    return this.#echoesOptions;
  }

  /** An answer shows that the server processes options. */
  processesOptions(): void {
    this.#echoesOptions = false;
  }

  /** Sends a request, or joins the one under way, and waits for its response. */
  async send(
    signal: AbortSignal | undefined,
    options: readonly Option[] = [],
  ): Promise<Announcement> {
    signal?.throwIfAborted();
    if (this.#pending === undefined) {
      this.#asksPrefixes = options.length > 0;
      this.#hasEcho = false;
    }
    const pending = this.#pending ??= deferred();
    this.#callers++;
    try {
      const response = abortable(pending.promise, signal);
      this.#step({ type: "announce", options });
      return await response;
    } finally {
      this.#callers--;
      if (this.#callers === 0 && this.#pending === pending) {
        this.#pending = undefined;
        this.#step({ type: "cancelAnnounce" });
      }
    }
  }

  /** Requests the NAT64 prefixes (PREFIX64, RFC 7225). */
  async sendForPrefixes(signal: AbortSignal | undefined): Promise<readonly Prefix64[]> {
    const joins = this.#pending !== undefined;
    this.#prefixes = [];
    await this.send(signal, [prefix64Request()]);
    // The response may belong to a request without the option, which need not carry prefixes.
    if (joins && this.#prefixes.length === 0) await this.send(signal, [prefix64Request()]);
    return this.#prefixes;
  }

  succeeded({ epoch, roundTrip }: Output & { type: "announced" }): void {
    if (this.#pending !== undefined && this.#asksPrefixes) this.#echoesOptions = this.#hasEcho;
    this.#take()?.resolve({ epoch, roundTrip });
  }

  failed({ code, lifetime }: Output & { type: "announceFailed" }): void {
    const attempt = "Cannot ask the server whether it is there";
    this.#take()?.reject(new ResultCodeError(attempt, code, resultName(code), lifetime));
  }

  prefixesReceived({ prefixes }: Output & { type: "prefix64" }): void {
    const others = prefixes.filter((option) => !isPrefix64Request(option));
    this.#hasEcho = others.length < prefixes.length;
    this.#prefixes = others.map(prefix64Of);
  }

  /** Repeats the request under way, for a new connection. */
  resend(): void {
    this.#echoesOptions = undefined;
    this.#asksPrefixes = false;
    if (this.#pending !== undefined) this.#step({ type: "announce" });
  }

  /** Rejects the request under way: the client was shut down. */
  close(): void {
    this.#take()?.reject(new ClosedError("Cannot wait for the server"));
  }

  #take(): Deferred<Announcement> | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }
}
