import { NATPMP_VERSION, PCP_VERSION } from "../wire/constants.ts";
import { decodeResponse } from "../wire/message.ts";
import { Opcode } from "../wire/opcode.ts";
import type { AnnounceRequest } from "./announce_request.ts";
import type { IgnoreReason, Milliseconds } from "./events.ts";
import type { GatewayKnowledge } from "./gateway_knowledge.ts";
import type { HandOver } from "./hand_over.ts";
import type { Inquiry } from "./inquiry.ts";
import type { Mapping } from "./mapping.ts";
import type { MappingContext } from "./mapping_context.ts";
import type { Mappings } from "./mappings.ts";
import type { NatPmp } from "./natpmp.ts";
import type { Pacer } from "./pacer.ts";
import type { PcpQuestion } from "./pcp_question.ts";
import { readNatPmpVersionError } from "./version_error.ts";

/** What a {@linkcode VersionNegotiation} works on. */
export interface VersionNegotiationOptions {
  readonly context: MappingContext;
  readonly mappings: Mappings;
  readonly announceRequest: AnnounceRequest;
  readonly knowledge: GatewayKnowledge;
  readonly handOver: HandOver;
  readonly inquiry: Inquiry;
  readonly question: PcpQuestion;
  /** Undefined if requests may not be sent in NAT-PMP. */
  readonly natPmp: NatPmp | undefined;
  readonly pacer: Pacer<Mapping>;
}

/** A version error (RFC 6887 section 9). */
export interface VersionError {
  /** The version that the server speaks; 0 is NAT-PMP. */
  readonly version: number;
  /** Seconds; that of a NAT-PMP server is 0. */
  readonly lifetime: number;
  /** Of a NAT-PMP server; undefined if the datagram has none. */
  readonly epoch?: number | undefined;
}

/**
 * UNSUPP_VERSION: the server does not speak version 2 (RFC 6887 section 9). PCP is tried again after 30 minutes at the
 * latest. If the server speaks NAT-PMP, the requests under way go on in that (RFC 6886 section 1.1).
 *
 * A version error has no nonce and is easy to forge. It counts only in the time in which a request can be answered. Of a
 * gateway that has answered in PCP it means a moment without new requests, and one question of its own.
 */
export class VersionNegotiation {
  readonly #options: VersionNegotiationOptions;
  #lastSentAt: Milliseconds = -Infinity;
  /** A version error was refuted a short time ago. */
  #trustedUntil: Milliseconds = -Infinity;

  constructor(options: VersionNegotiationOptions) {
    this.#options = options;
  }

  /** A request left in PCP. */
  sent(now: Milliseconds): void {
    this.#lastSentAt = now;
  }

  /** The server answered in PCP. */
  refuted(now: Milliseconds): void {
    if (this.#options.question.purpose === "doubt") this.#trustedUntil = now + REFUTED_TIME;
  }

  /** A datagram of version 0 from the server: NAT-PMP, or a version error. Returns why it changed nothing, if so. */
  receiveVersion0(
    now: Milliseconds,
    bytes: Uint8Array,
    multicast: boolean,
  ): IgnoreReason | undefined {
    const error = multicast ? undefined : readNatPmpVersionError(bytes, this.#awaitedOpcodes());
    if (error?.isExplicit !== true) {
      const reason = this.#receiveNatPmp(now, bytes, multicast);
      if (reason === undefined || error === undefined) return reason;
    }
    return this.receiveError(now, { version: NATPMP_VERSION, lifetime: 0, epoch: error.epoch });
  }

  /** A version error from the server; returns why it changed nothing, if so. */
  receiveError(now: Milliseconds, error: VersionError): IgnoreReason | undefined {
    const { knowledge, question, natPmp, context: { allowsPcp } } = this.#options;
    // A server that speaks PCP only answers a request in NAT-PMP so.
    if (error.version === PCP_VERSION && natPmp !== undefined) {
      if (natPmp.isBusy && !allowsPcp) knowledge.refusedVersion = PCP_VERSION;
      if (natPmp.refused(now)) return undefined;
    }
    if (now - this.#lastSentAt > this.#expectedRoundTrip || !this.#awaitsPcp) return "stale";
    if (knowledge.believesPcp(now)) {
      if (question.purpose !== "doubt" || !question.isSent) return this.#doubt(now);
      knowledge.forgetPcp();
    }
    question.stop();
    this.#accept(now, error);
    return undefined;
  }

  get #awaitsAnnounce(): boolean {
    const { announceRequest, inquiry, question } = this.#options;
    return announceRequest.isUnderWay || inquiry.isInPcp || question.isSent;
  }

  get #awaitsPcp(): boolean {
    return this.#awaitsAnnounce || this.#options.mappings.hasUnansweredInPcp;
  }

  /** The opcodes of the PCP requests that have no response. */
  #awaitedOpcodes(): ReadonlySet<number> {
    const opcodes = new Set<number>();
    if (this.#awaitsAnnounce) opcodes.add(Opcode.Announce);
    for (const { spec } of this.#options.mappings.unansweredInPcp) {
      opcodes.add(spec.opcode === "map" ? Opcode.Map : Opcode.Peer);
    }
    return opcodes;
  }

  /** How long a request can take to be answered, as far as is known. */
  get #expectedRoundTrip(): Milliseconds {
    const { roundTrip } = this.#options.pacer;
    if (roundTrip === undefined) return LONGEST_ROUND_TRIP;
    return Math.min(LONGEST_ROUND_TRIP, Math.max(LEAST_WAIT, 4 * roundTrip));
  }

  #receiveNatPmp(
    now: Milliseconds,
    bytes: Uint8Array,
    multicast: boolean,
  ): IgnoreReason | undefined {
    const { natPmp, knowledge } = this.#options;
    const isInUse = natPmp !== undefined && natPmp.state !== "unasked";
    if (isInUse && !knowledge.believesPcp(now)) return natPmp.receive(now, bytes, multicast);
    const decoded = decodeResponse(bytes);
    if (!decoded.ok) return decoded.reason;
    return multicast ? "notAnnouncement" : "stale";
  }

  #doubt(now: Milliseconds): IgnoreReason | undefined {
    const { question, context: { random, server } } = this.#options;
    if (question.purpose !== undefined || now < this.#trustedUntil) return "stale";
    // At a random time, so that a second forged error must be lucky again.
    const at = now + DOUBT_TIME * (1 + random()) / 2;
    const wait = this.#expectedRoundTrip;
    server.holdVersion(at + wait);
    question.schedule("doubt", at, wait);
    return undefined;
  }

  #accept(now: Milliseconds, { version, lifetime, epoch = 0 }: VersionError): void {
    const { context, mappings, handOver, inquiry, knowledge } = this.#options;
    const natPmp = version === NATPMP_VERSION ? this.#options.natPmp : undefined;
    const asked = mappings.unansweredInPcp;
    const hold = context.server.versionRefused(lifetime);
    const other = natPmp ?? handOver.upnp;
    const isSearched = inquiry.isInPcp || asked.some((each) => handOver.upnpFor(each));
    const isFinal = other === undefined || (natPmp === undefined && !isSearched);
    knowledge.versionRefused(now, version, isFinal);
    natPmp?.versionRefused(now, epoch);
    if (natPmp === undefined) context.server.goOtherwise(now + hold);
    if (version !== NATPMP_VERSION) context.server.holdVersion(now + hold);
    // The version error may have been forged for this port. What follows comes to another one.
    if (natPmp !== undefined && natPmp.state !== "usable") {
      context.outputs.push({ type: "newSocket" });
    }
    for (const mapping of asked) {
      const fallback = natPmp ?? handOver.upnpFor(mapping);
      if (fallback === undefined) handOver.refuse(mapping, { hold });
      else handOver.move(now, mapping, fallback, "instead", hold);
    }
    handOver.refuseAnnounce(hold);
    if (other === undefined) inquiry.finish({});
    else inquiry.goOver(now, other);
  }
}

/** The wait for another protocol begins with the second after the request: later errors change nothing. */
const LONGEST_ROUND_TRIP: Milliseconds = 1_000;

/** The first wait of NAT-PMP, whose servers are as near as those of PCP (RFC 6886 section 3.1: 250 ms). */
const LEAST_WAIT: Milliseconds = 250;

/** Our decision: the longest time from a version error to the question whether it is true. */
const DOUBT_TIME: Milliseconds = 4_000;

/** Our decision: after a version error that was refuted others change nothing for so long. */
const REFUTED_TIME: Milliseconds = 60_000;
