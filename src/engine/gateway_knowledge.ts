import type { IpAddress } from "../wire/address.ts";
import { NATPMP_VERSION } from "../wire/constants.ts";
import type { Milliseconds } from "../milliseconds.ts";
import { type Protocol, PROTOCOLS } from "./protocol.ts";

/**
 * Whether the gateway answers. `unknown`: nothing was asked, or the first answer is still to come. `silent`: no request was
 * answered for 8 s. `refuses`: it refuses every protocol, by ICMP or by the version.
 */
export type GatewayState = "unknown" | "answers" | "silent" | "refuses";

/** What is known of a gateway. */
export interface KnownGateway {
  /** Whether it answers. */
  readonly state: GatewayState;
  /** When the state began, on the engine's clock; `silent` begins with the first request without an answer. */
  readonly since: Milliseconds;
  /** The protocol of its answers, undefined before the first one. */
  readonly protocol: Protocol | undefined;
  /** The protocols in which it was asked, in the order of trying. */
  readonly tried: readonly Protocol[];
  /** The version that a version error named (RFC 6887 section 9), until another answer comes. */
  readonly refusedVersion: number | undefined;
  /** Addresses other than the gateway's from which answers came, as from a router pair with a virtual address. */
  readonly otherSources: readonly IpAddress[];
}

/**
 * All that is known of the gateway besides its mappings: whether it answers and in which protocol, since when, what it
 * refused, and from which other addresses answers came.
 */
export class GatewayKnowledge implements KnownGateway {
  state: GatewayState = "unknown";
  since: Milliseconds = 0;
  protocol: Protocol | undefined = undefined;
  refusedVersion: number | undefined = undefined;
  /** When it came; undefined after an answer of another kind. Read only. */
  versionRefusedAt: Milliseconds | undefined = undefined;
  /** The first PCP request without an answer since the last one that had one. Read only. */
  pcpSilentSince: Milliseconds | undefined = undefined;
  /** The server named NAT-PMP, or did not answer in PCP when it did in another protocol. */
  isPcpOut = false;
  readonly #onChange: () => void;
  readonly #tried = new Set<Protocol>();
  readonly #otherSources: IpAddress[] = [];
  #pcpHeard = false;
  /** The longest lifetime that it granted in PCP. */
  #pcpLifetime: Milliseconds | undefined;
  #unansweredSince: Milliseconds | undefined;
  #secondAt: Milliseconds | undefined;
  #refusedAt: Milliseconds | undefined;

  /** @param onChange Called after every change of `state` and `protocol`. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get tried(): readonly Protocol[] {
    return PROTOCOLS.filter((protocol) => this.#tried.has(protocol));
  }

  get otherSources(): readonly IpAddress[] {
    return this.#otherSources;
  }

  /**
   * Until when the gateway is believed to speak PCP, in the past if it never did. Version errors and NAT-PMP are easy to
   * forge, so an answer in PCP counts until silence of the granted lifetime, at most 30 minutes.
   */
  get pcpBelievedUntil(): Milliseconds {
    if (!this.#pcpHeard) return -Infinity;
    if (this.pcpSilentSince === undefined) return Infinity;
    return this.pcpSilentSince + Math.min(this.#pcpLifetime ?? Infinity, LONGEST_TRUST);
  }

  /** Whether a request has no answer yet. */
  get isAsked(): boolean {
    return this.#unansweredSince !== undefined;
  }

  believesPcp(now: Milliseconds): boolean {
    return now < this.pcpBelievedUntil;
  }

  /** When {@linkcode GatewayKnowledge.judge} is due; Infinity if nothing is to be judged. */
  get deadline(): Milliseconds {
    if (this.#refusedAt !== undefined && this.state !== "refuses") {
      return this.#refusedAt + REFUSAL_WAIT;
    }
    if (this.#unansweredSince === undefined || this.#secondAt === undefined) return Infinity;
    if (this.state === "silent" || this.state === "refuses") return Infinity;
    return Math.max(this.#unansweredSince + SILENCE, this.#secondAt + LAST_WAIT);
  }

  /**
   * A request left. One renewal without an answer says little, and the next one is far away: only other requests count for
   * the state.
   *
   * @returns Whether it changes anything: more than two without an answer do not.
   */
  asked(now: Milliseconds, protocol: Protocol, isRenewal: boolean): boolean {
    this.#tried.add(protocol);
    if (protocol === "nat-pmp" && this.protocol === "upnp") return false; // the rest of an old question
    const isFirst = protocol === "pcp" && this.pcpSilentSince === undefined;
    if (isFirst) this.pcpSilentSince = now;
    if (isRenewal) return isFirst;
    if (this.#secondAt !== undefined) return isFirst;
    if (this.#unansweredSince === undefined) this.#unansweredSince = now;
    else this.#secondAt = now;
    return true;
  }

  /** It answered a request. `lifetime` if that granted a mapping. */
  answered(now: Milliseconds, protocol: Protocol, lifetime?: Milliseconds): void {
    if (protocol === "pcp") {
      this.hearPcp(lifetime);
      this.pcpSilentSince = undefined;
      this.isPcpOut = false;
    }
    this.#unansweredSince = this.#secondAt = this.#refusedAt = undefined;
    this.refusedVersion = this.versionRefusedAt = undefined;
    this.#set("answers", now, protocol === "pcp" || !this.#pcpHeard ? protocol : this.protocol);
  }

  /** It speaks PCP. `lifetime` if it granted a mapping, now or to an earlier run. */
  hearPcp(lifetime: Milliseconds | undefined): void {
    this.#pcpHeard = true;
    if (lifetime === undefined) return;
    // Of several mappings the longest counts: while it may live, its gateway speaks PCP.
    this.#pcpLifetime = Math.max(this.#pcpLifetime ?? 0, lifetime);
  }

  /** It refused PCP's version and named another one. */
  versionRefused(now: Milliseconds, version: number, isFinal: boolean): void {
    this.pcpSilentSince =
      this.#unansweredSince =
      this.#secondAt =
      this.#refusedAt =
        undefined;
    this.refusedVersion = version;
    this.versionRefusedAt = now;
    this.isPcpOut = version === NATPMP_VERSION;
    if (isFinal) this.#set("refuses", now, this.protocol);
  }

  /** ICMP says that nothing listens at the gateway's port. */
  unreachable(now: Milliseconds): void {
    this.#refusedAt ??= now;
  }

  /** The gateway counts as never heard in PCP. */
  forgetPcp(): void {
    this.#pcpHeard = false;
    this.#pcpLifetime = undefined;
  }

  /** No request is under way, or none leaves this host: what is not asked is not silent. */
  nothingAsked(now: Milliseconds): void {
    if (!this.believesPcp(now)) this.forgetPcp();
    this.pcpSilentSince =
      this.#unansweredSince =
      this.#secondAt =
      this.#refusedAt =
        undefined;
  }

  /** Requests go to another address of the server, of which nothing is known. */
  moved(): void {
    this.forgetPcp();
    this.isPcpOut = false;
    this.protocol = this.pcpSilentSince = this.#refusedAt = undefined;
    this.refusedVersion = this.versionRefusedAt = undefined;
  }

  /** An answer came from another address, which is not accepted (RFC 6887 section 8.3). */
  heardFrom(address: IpAddress): void {
    if (this.#otherSources.length >= MOST_SOURCES || this.knowsSource(address)) return;
    this.#otherSources.push(address);
  }

  knowsSource(address: IpAddress): boolean {
    return this.#otherSources.some((other) => other.equals(address));
  }

  /** Concludes from the time without an answer, once the deadline has come. */
  judge(now: Milliseconds): void {
    if (this.deadline <= now) this.conclude(now);
  }

  /** No request is answered, in any protocol. */
  conclude(now: Milliseconds): void {
    const isRefused = this.#refusedAt !== undefined || this.refusedVersion !== undefined;
    const since = this.#refusedAt ?? this.#unansweredSince ?? now;
    this.#set(isRefused ? "refuses" : "silent", since, this.protocol);
  }

  #set(state: GatewayState, since: Milliseconds, protocol: Protocol | undefined): void {
    if (state === this.state && protocol === this.protocol) return;
    if (state !== this.state) this.since = since;
    this.state = state;
    this.protocol = protocol;
    this.#onChange();
  }
}

/** Our decision: the longest time between two attempts with PCP (RFC 6887 section 9: 30 minutes). */
const LONGEST_TRUST: Milliseconds = 1_800_000;

/** Our decision, because a person waits: two transmissions in PCP have no answer by then (RFC 6887 section 8.1.1). */
const SILENCE: Milliseconds = 8_000;

/** IRT (RFC 6887 section 8.1.1: 3 s) after the second transmission, which may be a later renewal. */
const LAST_WAIT: Milliseconds = 3_000;

/** Our decision: a request in NAT-PMP, which goes to the port that ICMP said is closed, has no answer by then. */
const REFUSAL_WAIT: Milliseconds = 250;

/** Addresses are kept for a message to people; anyone can send from more. */
const MOST_SOURCES = 4;
