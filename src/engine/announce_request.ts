import type { IpAddress } from "../wire/address.ts";
import { encodeRequest, type Response } from "../wire/message.ts";
import type { Option } from "../wire/option.ts";
import { ResultCode } from "../wire/result_code.ts";
import type { EngineConfig } from "./config.ts";
import { errorHold } from "./error_hold.ts";
import type { Milliseconds, Output } from "./events.ts";
import { retransmissionTime } from "./retransmission.ts";

/** An ANNOUNCE request, repeated until answered (RFC 6887 sections 8.1.1, 14.1). At most one is under way. */
export class AnnounceRequest {
  /** When to send, Infinity if none is under way. Read only. */
  deadline: Milliseconds = Infinity;
  readonly #config: EngineConfig;
  #bytes: Uint8Array | undefined;
  #wait = 0;
  /** When the request left last; when it was made, as long as a hold keeps it back. */
  #sentAt = 0;
  #retryAfter = -Infinity;
  #transmissions = 0;
  #hasOptions = false;

  constructor(config: EngineConfig) {
    this.#config = config;
  }

  get isUnderWay(): boolean {
    return this.#bytes !== undefined;
  }

  /** When the request left last; when it was made, as long as a hold keeps it back. */
  get sentAt(): Milliseconds {
    return this.#sentAt;
  }

  /** Makes a request, which the next {@linkcode takeDue} gives; one under way serves, unless it lacks the options. */
  start(now: Milliseconds, clientAddress: IpAddress, options: readonly Option[] = []): void {
    if (this.isUnderWay && (options.length === 0 || this.#hasOptions)) return;
    this.#wait = this.#transmissions = 0;
    this.#hasOptions = options.length > 0;
    this.#bytes = encodeRequest({ type: "announce", lifetime: 0, clientAddress, options });
    this.deadline = this.#sentAt = now;
  }

  /** The request, if it is due to be sent; not before `heldUntil`. */
  takeDue(
    now: Milliseconds,
    heldUntil: Milliseconds,
    random: () => number,
  ): Uint8Array | undefined {
    if (this.deadline > now) return undefined;
    const until = Math.max(heldUntil, this.#retryAfter);
    if (until > now) {
      this.deadline = until;
      return undefined;
    }
    this.#wait = retransmissionTime(this.#wait, random, this.#config);
    this.deadline = now + this.#wait;
    this.#sentAt = now;
    this.#transmissions++;
    return this.#bytes;
  }

  /** Whether so many transmissions have no response, and the wait after the last one is over. */
  isExhausted(now: Milliseconds, limit: number): boolean {
    return this.isUnderWay && this.#transmissions >= limit && this.deadline <= now;
  }

  /** Another address of the server is used: no transmission has left yet. */
  startOver(now: Milliseconds): void {
    if (!this.isUnderWay) return;
    this.#wait = this.#transmissions = 0;
    this.deadline = now;
  }

  stop(): void {
    this.#bytes = undefined;
    this.deadline = Infinity;
  }

  /** The response to the request. An error holds back the next request (RFC 6887 section 8.3). */
  receive(now: Milliseconds, { result, epoch, lifetime }: Response): Output {
    this.stop();
    if (result === ResultCode.Success) {
      return { type: "announced", epoch, roundTrip: now - this.#sentAt };
    }
    this.#retryAfter = now + errorHold(result, lifetime, 0, this.#config);
    return { type: "announceFailed", code: result, lifetime };
  }
}
