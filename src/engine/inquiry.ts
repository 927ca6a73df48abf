import { AnnounceRequest } from "./announce_request.ts";
import type { InquiryResult, Milliseconds } from "./events.ts";
import type { Fallback } from "./fallback.ts";
import type { GatewayKnowledge } from "./gateway_knowledge.ts";
import type { MappingContext } from "./mapping_context.ts";

/**
 * The caller's question which protocol the gateway speaks, and what its external address is where the protocol can say so
 * without a mapping. In PCP it is an ANNOUNCE (RFC 6887 section 14.1).
 */
export class Inquiry {
  readonly #context: MappingContext;
  readonly #knowledge: GatewayKnowledge;
  readonly #request: AnnounceRequest;
  #endsAt: Milliseconds = Infinity;

  constructor(context: MappingContext, knowledge: GatewayKnowledge) {
    this.#context = context;
    this.#knowledge = knowledge;
    this.#request = new AnnounceRequest(context.config);
  }

  get isUnderWay(): boolean {
    return this.#endsAt !== Infinity;
  }

  /** Whether it waits for an answer in PCP. */
  get isInPcp(): boolean {
    return this.#request.isUnderWay;
  }

  /** When the request in PCP left last. */
  get sentAt(): Milliseconds {
    return this.#request.sentAt;
  }

  /** When something is to be sent, or the wait is over; Infinity if no inquiry is under way. */
  get deadline(): Milliseconds {
    return Math.min(this.#endsAt, this.#request.deadline);
  }

  /** Begins in PCP, or in the protocol given. */
  start(now: Milliseconds, fallback?: Fallback): void {
    this.#endsAt = now + LONGEST;
    if (fallback === undefined) this.#request.start(now, this.#context.clientAddress);
    else fallback.ask(now);
  }

  /** The octets to send now, if there are any. Without an answer the inquiry ends after 8 s. */
  takeDue(now: Milliseconds): Uint8Array | undefined {
    if (this.#endsAt > now) return this.#request.takeDue(now, -Infinity, this.#context.random);
    this.finish({});
    return undefined;
  }

  /** It goes on in another protocol. */
  goOver(now: Milliseconds, fallback: Fallback): void {
    if (!this.isInPcp) return;
    this.#request.stop();
    fallback.ask(now);
  }

  startOver(now: Milliseconds): void {
    this.#request.startOver(now);
  }

  /** Without an answer the version counts that the gateway named when it refused PCP's. */
  finish(answer: InquiryResult): void {
    if (!this.isUnderWay) return;
    this.stop();
    const { refusedVersion: version } = this.#knowledge;
    const isRefusal = answer.protocol === undefined && version !== undefined;
    const result = isRefusal ? { ...answer, version } : answer;
    this.#context.outputs.push({ type: "inquired", ...result });
  }

  stop(): void {
    this.#endsAt = Infinity;
    this.#request.stop();
  }
}

/** Our decision, because a person waits: two transmissions have no answer by then (RFC 6887 section 8.1.1). */
const LONGEST: Milliseconds = 8_000;
