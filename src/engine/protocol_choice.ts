import { encodeRequest, type Response } from "../wire/message.ts";
import type { AnnounceRequest } from "./announce_request.ts";
import type { EpochSample } from "./epoch.ts";
import type { IgnoreReason, KnownMapping, Milliseconds } from "./events.ts";
import type { Fallback } from "./fallback.ts";
import { GIVEN_UP, isInUse, isNeeded, UNHEARD } from "./fallback_states.ts";
import { type FallbackParts, makeFallbacks } from "./fallbacks.ts";
import { GatewayKnowledge } from "./gateway_knowledge.ts";
import { HandOver } from "./hand_over.ts";
import { Inquiry } from "./inquiry.ts";
import type { Mapping } from "./mapping.ts";
import type { NatPmp } from "./natpmp.ts";
import type { Pacer } from "./pacer.ts";
import { PcpQuestion } from "./pcp_question.ts";
import type { UpnpInput } from "./upnp_io.ts";
import { type VersionError, VersionNegotiation } from "./version_negotiation.ts";

/** What a {@linkcode ProtocolChoice} is made of. */
export interface ProtocolChoiceOptions extends FallbackParts {
  readonly announceRequest: AnnounceRequest;
  readonly pacer: Pacer<Mapping>;
}

/**
 * Chooses the protocol of each mapping. PCP is tried first, always. A gateway that is not known to speak it is asked in the
 * other protocols after a second of silence in PCP, or after an ICMP error. When one of them answers, PCP is asked once
 * more, and if it does not answer mappings go over. PCP's own repetitions go on beside, and its answer wins.
 *
 * NAT-PMP has nothing but the source address against forgery. So a gateway that has answered in PCP is asked in PCP only,
 * until it was silent for as long as a mapping lives.
 */
export class ProtocolChoice {
  readonly knowledge: GatewayKnowledge;
  /** When {@linkcode ProtocolChoice.wake} is due; Infinity if nothing is waited for. Read only. */
  deadline: Milliseconds = Infinity;
  readonly #options: ProtocolChoiceOptions;
  readonly #natPmp: NatPmp | undefined;
  readonly #fallbacks: readonly Fallback[];
  readonly #question = new PcpQuestion();
  readonly #inquiry: Inquiry;
  readonly #handOver: HandOver;
  readonly #versions: VersionNegotiation;
  /** The other protocols are asked since the last answer in PCP. */
  #hasBegun = false;
  /** When mappings may go over, Infinity if none waits for a time. */
  #goOverAt: Milliseconds = Infinity;
  /** The first request without PCP, if that is not to be used. */
  #withoutPcpSince: Milliseconds | undefined;
  /** The second request in PCP since its last answer. */
  #secondSentAt: Milliseconds = Infinity;
  /** Nothing has happened since the last answer in PCP: another one changes nothing. */
  #isSettled = false;

  constructor(options: ProtocolChoiceOptions) {
    const { context } = options;
    this.#options = options;
    this.knowledge = new GatewayKnowledge(() => this.#emitGateway());
    this.#inquiry = new Inquiry(context, this.knowledge);
    const { natPmp, all } = makeFallbacks({
      ...options,
      knowledge: this.knowledge,
      inquiry: this.#inquiry,
      heard: (fallback) => this.#heard(fallback),
      giveUp: (fallback, mapping, hold) => this.#handOver.giveUp(fallback, mapping, hold),
    });
    this.#natPmp = natPmp;
    this.#fallbacks = all;
    const { knowledge } = this;
    this.#handOver = new HandOver({ ...options, knowledge, fallbacks: this.#fallbacks });
    this.#versions = new VersionNegotiation({
      ...options,
      knowledge,
      handOver: this.#handOver,
      inquiry: this.#inquiry,
      question: this.#question,
      natPmp: this.#natPmp,
    });
  }

  /** The server's last epoch in NAT-PMP. */
  get natPmpEpoch(): EpochSample | undefined {
    return this.#natPmp?.epoch;
  }

  /** Whether an ANNOUNCE that was sent here has no answer. */
  get awaitsAnnounce(): boolean {
    return this.#question.isSent || this.#inquiry.isInPcp;
  }

  wake(now: Milliseconds): void {
    for (const fallback of this.#fallbacks) fallback.wake(now);
    this.#wakeQuestion(now);
    const inquiry = this.#inquiry.takeDue(now);
    if (inquiry !== undefined) this.#send(now, inquiry, "inquiry");
    if (this.#beginAt <= now) this.#begin(now);
    if (this.#goOverAt <= now) this.#goOver(now);
    if (this.#judgeAt <= now) this.#judge(now);
    if (!this.#inquiry.isInPcp && !this.#fallbacks.some(({ isBusy }) => isBusy)) {
      this.#inquiry.finish({});
    }
    this.#afterChange();
  }

  /**
   * A request left in PCP. An ANNOUNCE of the user, which other protocols cannot express, makes no other protocol be asked.
   */
  sent(now: Milliseconds, request: Mapping | "inquiry" | "announce" | "question"): void {
    const { knowledge } = this;
    this.#versions.sent(now);
    if (this.#mayGoOver) this.#goOverAt = Math.min(this.#goOverAt, now + PCP_WAIT);
    if (request === "announce" || request === "question") return this.#afterChange();
    const isRenewal = request !== "inquiry" && request.phase === "renewing";
    const hasChanged = knowledge.asked(now, "pcp", isRenewal);
    if (knowledge.pcpSilentSince !== now) this.#secondSentAt = Math.min(this.#secondSentAt, now);
    if (this.#hasBegun) this.#askAgain(now);
    if (hasChanged || this.#hasBegun || this.#mayGoOver) this.#afterChange();
  }

  /** A request did not leave this host: that is no silence of the gateway. */
  sendFailed(now: Milliseconds): void {
    this.knowledge.nothingAsked(now);
    this.#afterChange();
  }

  /** Whether the request of a mapping is sent in PCP. */
  usesPcp(now: Milliseconds, mapping: Mapping): boolean {
    return this.#options.context.allowsPcp && !this.#handOver.goesOtherwise(now, mapping);
  }

  /** The request of a mapping may leave, and PCP is not to be used. */
  sendOtherwise(now: Milliseconds, mapping: Mapping): void {
    const fallback = this.#handOver.choose(now, mapping);
    if (fallback === undefined) return this.#handOver.refuse(mapping);
    if (!mapping.staysInUpnp(now)) this.#withoutPcpSince ??= now;
    this.#handOver.move(now, mapping, fallback, "instead");
    this.#afterChange();
  }

  /** The server answered in PCP. `lifetime` if that granted a mapping. */
  pcpAnswered(now: Milliseconds, lifetime?: Milliseconds): void {
    if (this.#isSettled) return this.knowledge.hearPcp(lifetime);
    const returns = this.#fallbacks.length > 0 && !this.knowledge.believesPcp(now);
    this.#versions.refuted(now);
    this.#question.stop();
    this.knowledge.answered(now, "pcp", lifetime);
    this.#hasBegun = false;
    this.#goOverAt = this.#secondSentAt = Infinity;
    if (returns) this.#handOver.returnToPcp();
    if (this.#options.context.server.versionAccepted(now)) this.#handOver.acceptVersion();
    this.#afterChange();
    this.#isSettled = true;
  }

  /** A mapping of an earlier run is requested again. */
  restored(now: Milliseconds, { grantedBy, until }: KnownMapping): void {
    if (grantedBy === "pcp" && until > now) this.knowledge.hearPcp(until - now);
    this.#afterChange();
  }

  /** The server answered an ANNOUNCE. */
  announceAnswered(now: Milliseconds, { result, epoch }: Response): void {
    const { isInPcp, sentAt } = this.#inquiry;
    this.pcpAnswered(now);
    if (isInPcp) {
      this.#inquiry.finish({ protocol: "pcp", result, epoch, roundTrip: now - sentAt });
      this.#afterChange();
    }
  }

  /** A datagram of version 0 from the server; returns why it changed nothing, if so. */
  receiveVersion0(
    now: Milliseconds,
    bytes: Uint8Array,
    multicast: boolean,
  ): IgnoreReason | undefined {
    const ignored = this.#versions.receiveVersion0(now, bytes, multicast);
    this.#afterChange();
    return ignored;
  }

  /** The server refused PCP's version; returns why it changed nothing, if so. */
  versionRefused(now: Milliseconds, error: VersionError): IgnoreReason | undefined {
    const ignored = this.#versions.receiveError(now, error);
    this.#afterChange();
    return ignored;
  }

  /** ICMP says that the server cannot be reached; `isRefusal` if nothing listens at its port. */
  unreachable(now: Milliseconds, isRefusal: boolean): void {
    if (!this.#isAsking) return;
    // UPnP has ports of its own.
    if (isRefusal && this.knowledge.protocol !== "upnp") this.knowledge.unreachable(now);
    if (!this.#hasBegun && !this.knowledge.believesPcp(now)) this.#begin(now);
    for (const fallback of this.#fallbacks) {
      if (fallback.state !== "unasked") fallback.unreachable();
    }
    this.#afterChange();
  }

  /** Requests go to another address of the server. */
  moved(now: Milliseconds): void {
    for (const fallback of this.#fallbacks) fallback.moved();
    this.knowledge.moved();
    this.#question.stop();
    this.#inquiry.startOver(now);
    this.#hasBegun = false;
    this.#goOverAt = this.#secondSentAt = Infinity;
    this.#afterChange();
  }

  /** Something happened that concerns UPnP only; returns why it changed nothing, if so. */
  receiveUpnp(now: Milliseconds, event: UpnpInput): IgnoreReason | undefined {
    const reason = this.#handOver.upnp?.take?.(now, event);
    this.#afterChange();
    return reason;
  }

  /** The network may have changed. */
  refresh(now: Milliseconds): void {
    this.#options.context.server.forgetVersion();
    for (const fallback of this.#fallbacks) fallback.refresh?.(now);
    if (this.#fallbacks.some(({ state }) => GIVEN_UP.has(state))) this.#handOver.acceptVersion();
    this.#afterChange();
  }

  /** The exchange of the mapping is over, or begins anew. */
  leave(mapping: Mapping): void {
    if (!this.#fallbacks.some(isInUse)) return;
    this.#handOver.leave(mapping);
    this.#afterChange();
  }

  /** The caller wants to know which protocol the gateway speaks. One inquiry serves all callers. */
  inquire(now: Milliseconds): void {
    if (this.#inquiry.isUnderWay) return;
    const { allowsPcp, server } = this.#options.context;
    const other = this.#handOver.spoken(now);
    const isInPcp = allowsPcp && (server.otherwiseUntil <= now || other === undefined);
    if (!allowsPcp) this.#withoutPcpSince ??= now;
    this.#inquiry.start(now, isInPcp ? undefined : other);
    if (!isInPcp && other === undefined) this.#inquiry.finish({});
    this.#afterChange();
  }

  cancelInquiry(): void {
    this.#inquiry.stop();
    this.#afterChange();
  }

  /** An ANNOUNCE is wanted, and PCP is not spoken, or not to be used. */
  refuseAnnounce(): void {
    this.#handOver.refuseAnnounce(this.#options.context.config.minimumLongHold);
  }

  #afterChange(): void {
    this.#isSettled = false;
    this.deadline = Math.min(
      this.#question.deadline,
      this.#inquiry.deadline,
      this.#judgeAt,
      this.#beginAt,
      this.#goOverAt,
    );
    for (const { deadline } of this.#fallbacks) this.deadline = Math.min(this.deadline, deadline);
  }

  /** Whether an answer is waited for, in any protocol. */
  get #isAsking(): boolean {
    const { mappings, announceRequest } = this.#options;
    return mappings.hasUnansweredInPcp || announceRequest.isUnderWay || this.awaitsAnnounce ||
      this.#fallbacks.some(({ isBusy }) => isBusy);
  }

  get #mayGoOver(): boolean {
    return this.knowledge.isPcpOut || !this.#options.context.allowsPcp;
  }

  /** When the other protocols are asked. */
  get #beginAt(): Milliseconds {
    const { pcpSilentSince, pcpBelievedUntil, versionRefusedAt, isPcpOut } = this.knowledge;
    const count = this.#fallbacks.length;
    if (this.#hasBegun || count === 0) return Infinity;
    if (pcpSilentSince !== undefined) {
      if (!this.#options.servers.isTried) return Infinity; // another address may speak PCP
      return Math.max(pcpSilentSince + SILENCE, pcpBelievedUntil);
    }
    // NAT-PMP was asked at once. The next protocol has to wait for its silence, and is asked if something is wanted then.
    const since = (isPcpOut ? versionRefusedAt : undefined) ?? this.#withoutPcpSince;
    if (since === undefined || count === 1 || !this.#isAsking) return Infinity;
    return since + SILENCE;
  }

  /** Asks in the other protocols, until one is known to be spoken. */
  #begin(now: Milliseconds): void {
    if (!this.#isAsking) return this.knowledge.nothingAsked(now);
    this.#hasBegun = true;
    for (const fallback of this.#fallbacks) {
      if (fallback.state === "usable") return this.#askPcpOnce(now);
      if (fallback.state !== "asked" && this.#isNeeded(fallback)) fallback.ask(now);
    }
  }

  /** A repetition in PCP asks again where no answer came: a router that starts up may answer by now. */
  #askAgain(now: Milliseconds): void {
    for (const fallback of this.#fallbacks) {
      if (fallback.state === "usable") return;
      if (UNHEARD.has(fallback.state) && this.#isNeeded(fallback)) fallback.ask(now);
    }
  }

  #isNeeded(fallback: Fallback): boolean {
    return this.#inquiry.isUnderWay || isNeeded(fallback, this.#options.mappings);
  }

  /** Before anything goes over PCP is asked once more: a lost datagram must not make a second mapping. */
  #askPcpOnce(now: Milliseconds): void {
    if (this.#mayGoOver) this.#goOverAt = Math.min(this.#goOverAt, now);
    else if (this.#question.purpose === undefined) this.#question.schedule("goOver", now, PCP_WAIT);
  }

  #wakeQuestion(now: Milliseconds): void {
    const { clientAddress } = this.#options.context;
    const { purpose } = this.#question;
    const due = this.#question.takeDue(now);
    if (due === "send") {
      this.#send(now, encodeRequest({ type: "announce", lifetime: 0, clientAddress }), "question");
    } else if (due === "unanswered") {
      this.#question.stop();
      if (purpose !== "goOver") return;
      this.knowledge.isPcpOut = true;
      this.#goOverAt = now;
    }
  }

  #send(now: Milliseconds, bytes: Uint8Array, what: "inquiry" | "question"): void {
    this.#options.context.outputs.push({ type: "send", bytes, id: undefined });
    this.sent(now, what);
  }

  /** What PCP left unanswered for long enough goes over to the protocol that is spoken. */
  #goOver(now: Milliseconds): void {
    this.#goOverAt = Infinity;
    const fallback = this.#target(now);
    if (!this.#mayGoOver || fallback === undefined) return;
    const { mappings, announceRequest } = this.#options;
    for (const mapping of mappings.unansweredInPcp) {
      if (mapping.exchange?.beside !== undefined) continue;
      const at = (mapping.exchange?.lastSentAt ?? now) + PCP_WAIT;
      if (at > now) this.#goOverAt = Math.min(this.#goOverAt, at);
      else this.#handOver.move(now, mapping, fallback, "beside");
    }
    if (this.#fallbacks.length > 1) this.#handOver.leaveSilent(now, fallback);
    if (this.#inquiry.sentAt + PCP_WAIT <= now) this.#inquiry.goOver(now, fallback);
    if (announceRequest.sentAt + PCP_WAIT <= now) this.refuseAnnounce();
  }

  /** The first protocol that is spoken. The answer of an earlier one wins, and may take a second request. */
  #target(now: Milliseconds): Fallback | undefined {
    const index = this.#fallbacks.findIndex(({ state }) => state === "usable");
    const fallback = this.#fallbacks[index];
    const earlier = this.#fallbacks.slice(0, index);
    const isFirst = earlier.every(({ state }) => state === "refused" || state === "unsupported");
    const isPcpAsked = this.knowledge.pcpSilentSince !== undefined;
    const at = isPcpAsked ? this.#secondSentAt + PCP_WAIT : now;
    if (fallback === undefined || isFirst || at <= now) return fallback;
    this.#goOverAt = at;
    return undefined;
  }

  /** What the gateway is judged to be is final only after the search in UPnP, which takes some seconds. */
  get #judgeAt(): Milliseconds {
    return this.#handOver.upnp?.state === "asked" ? Infinity : this.knowledge.deadline;
  }

  #judge(now: Milliseconds): void {
    if (!this.#isAsking) return this.knowledge.nothingAsked(now);
    this.knowledge.judge(now);
    this.#inquiry.finish({});
  }

  #emitGateway(): void {
    const { state, since, protocol } = this.knowledge;
    this.#options.context.outputs.push({ type: "gateway", state, since, protocol });
  }

  /** The gateway answered in another protocol than PCP. */
  #heard({ protocol, state }: Fallback): void {
    const { now } = this.#options.context;
    this.knowledge.answered(now, protocol);
    if (state === "usable") return;
    if (GIVEN_UP.has(state) || protocol === "upnp") this.#handOver.acceptVersion();
    if (this.#hasBegun) this.#askPcpOnce(now);
  }
}

/** Our decision: a server on the same link has answered by then, unless a datagram was lost. */
const SILENCE: Milliseconds = 1_000;

/** The first wait of NAT-PMP, whose servers are as near as those of PCP (RFC 6886 section 3.1: 250 ms). */
const PCP_WAIT: Milliseconds = 250;
