import type { IpAddress } from "../wire/address.ts";
import { encodeRequest } from "../wire/message.ts";
import type { Option } from "../wire/option.ts";
import type { EngineConfig } from "./config.ts";
import type { Milliseconds } from "./events.ts";
import { retransmissionTime } from "./retransmission.ts";

/** The one ANNOUNCE request under way, repeated until answered (RFC 6887 sections 8.1.1, 14.1). */
export class AnnounceRequest {
  /** When to send again, Infinity when nothing is asked. Read only. */
  deadline: Milliseconds = Infinity;
  readonly #config: EngineConfig;
  #bytes: Uint8Array | undefined;
  #wait = 0;
  #sentAt = 0;
  #holdUntil = -Infinity;
  #transmissions = 0;
  #hasOptions = false;

  constructor(config: EngineConfig) {
    this.#config = config;
  }

  get isUnderWay(): boolean {
    return this.#bytes !== undefined;
  }

  /** When the request last left; as long as a hold keeps it back, when it was made. */
  get sentAt(): Milliseconds {
    return this.#sentAt;
  }

  /** Begins to ask, from the next {@linkcode takeDue} on; joins the question under way, if there is one. */
  start(now: Milliseconds, clientAddress: IpAddress, options: readonly Option[] = []): void {
    if (this.isUnderWay && (options.length === 0 || this.#hasOptions)) return;
    this.#wait = this.#transmissions = 0;
    this.#hasOptions = options.length > 0;
    this.#bytes = encodeRequest({ type: "announce", lifetime: 0, clientAddress, options });
    this.deadline = this.#sentAt = now;
  }

  /** What to send if that is due; not before `heldUntil`. */
  takeDue(
    now: Milliseconds,
    heldUntil: Milliseconds,
    random: () => number,
  ): Uint8Array | undefined {
    if (this.deadline > now) return undefined;
    const until = Math.max(heldUntil, this.#holdUntil);
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

  /** Whether so many transmissions went unanswered, and the wait after the last one is over. */
  isExhausted(now: Milliseconds, limit: number): boolean {
    return this.isUnderWay && this.#transmissions >= limit && this.deadline <= now;
  }

  /** Another address is asked: as if nothing was sent yet. */
  startOver(now: Milliseconds): void {
    if (!this.isUnderWay) return;
    this.#wait = this.#transmissions = 0;
    this.deadline = now;
  }

  stop(): void {
    this.#bytes = undefined;
    this.deadline = Infinity;
  }

  /** The server refused: ends, and is not asked again until then (section 8.3). */
  refuse(until: Milliseconds): void {
    this.stop();
    this.#holdUntil = until;
  }
}
