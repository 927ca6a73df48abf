import type { IpAddress } from "../wire/address.ts";
import type { Option } from "../wire/option.ts";
import type { Nonce } from "../wire/nonce.ts";
import type { Timed } from "./deadlines.ts";
import { isShort } from "./error_hold.ts";
import type {
  Assignment,
  KnownMapping,
  KnownUpnpMapping,
  MappingId,
  MappingState,
  Milliseconds,
} from "./events.ts";
import type { MappingSpec } from "./mapping_spec.ts";
import { isOptional } from "./option_rules.ts";
import type { Unsupported } from "./obstacle.ts";
import type { Protocol } from "./protocol.ts";

/** Where a mapping is in its life; the table in lifecycle.ts says what each event does in each phase. */
export type Phase =
  /** No request was sent yet. State `requested`. */
  | "queued"
  /** Requested, no lease. State `starting`. */
  | "starting"
  /** Has a lease. State `running`. */
  | "running"
  /** Has a lease, and requests its renewal, once a window. State `updating`. */
  | "renewing"
  /** Has a lease, and requests another lifetime that the caller wants. State `updating`. */
  | "updating"
  /** Has a lease from a server that has lost its state since, and requests it anew. State `updating`. */
  | "recovering"
  /** Refused, no lease; requested again when the hold ends. State `error` with `retryIn`. */
  | "refused"
  /** Being deleted. State `updating` with lifetime 0. */
  | "deleting"
  /** Over. State `expired`, `revoked`, `dropped` or `error`. */
  | "ended";

/** What the server granted last. */
export interface Lease {
  assignment: Assignment;
  /** When its lifetime began. */
  readonly grantedAt: Milliseconds;
  readonly protocol: Protocol;
  /** `ServerState.generation` when it was granted. */
  readonly serverGeneration: number;
  /** How many attempts to renew it were made (RFC 6887 section 11.2.1). */
  renewalAttempt: number;
}

/**
 * A request under way, from the moment when it is to be sent until it is answered or given up. A running mapping has one only
 * while the answer to a renewal may arrive that is not repeated any more.
 */
export interface Exchange {
  /** The request; each transmission is the same (RFC 6887 section 8.1.1). Undefined before the first one. */
  octets: Uint8Array | undefined;
  /** The protocol in which it goes on. */
  protocol: Protocol;
  /** The protocol in which the same is requested beside PCP, which does not answer. */
  beside: Protocol | undefined;
  transmissions: number;
  /** The wait after the last transmission (RFC 6887 section 8.1.1), 0 before the first one. */
  wait: Milliseconds;
  firstSentAt: Milliseconds;
  /** When a request of this mapping left last, one of the exchange before if none of this one did. */
  lastSentAt: Milliseconds;
  /** Whether that request is unanswered. */
  responsePending: boolean;
}

/** What the server answered to the last request, if that was an error. */
export interface Refusal {
  /** The result code; undefined if it answered another mapping that made the same request. */
  readonly code: number | undefined;
  /** What the protocol cannot express, if that is why. */
  readonly unsupported?: Unsupported | undefined;
  /** The request is not repeated before (RFC 6887 section 8.3). */
  readonly retryAfter: Milliseconds;
  /** How many errors came in a row. */
  readonly count: number;
  /** `ServerState.restarts` when it came. */
  readonly restarts: number;
}

/** A deletion under way. */
export interface Deletion {
  /** The state in which the mapping ends. */
  readonly endAs: MappingState & { readonly type: "revoked" | "dropped" | "error" };
  /** Requests to create it that were unanswered when it began: a late answer to one must not pass for its own. */
  pendingCreates: number;
  /** Mappings with the same key that start when it is over. */
  readonly successors: Mapping[];
}

/** What a later mapping with the same key can use of an earlier one. */
export interface ReusableMapping {
  /** A secret, for it authorizes changes of the mapping (RFC 6887 section 11.2). */
  readonly nonce: Nonce;
  /** Its external address, or the all-zeros address of a family. */
  readonly suggestedAddress: IpAddress;
  /** Its external port, or 0. */
  readonly suggestedPort: number;
}

/** One mapping: its data and its deadlines. */
export class Mapping implements Timed, ReusableMapping {
  readonly id: MappingId;
  readonly spec: MappingSpec;
  readonly nonce: Nonce;
  phase: Phase = "queued";

  /** The wanted lifetime in seconds; the granted one never replaces it (RFC 6887 section 10.1). */
  lifetime: number;
  /** Lifetimes wanted in all, Infinity until released. */
  lifetimes: number;
  lifetimesGranted = 0;
  /** What the next request suggests: the caller's suggestion, later the last assignment (RFC 6887 section 11.2.1). */
  suggestedAddress: IpAddress;
  suggestedPort: number;

  lease: Lease | undefined = undefined;
  exchange: Exchange | undefined = undefined;
  refusal: Refusal | undefined = undefined;
  deletion: Deletion | undefined = undefined;

  /** Until when the server may hold the mapping beyond its lease: from an earlier run, or by an unanswered request. */
  mayExistUntil: Milliseconds = -Infinity;
  /** Until when the server may hold it in NAT-PMP as well, which PCP has taken over from. */
  natPmpUntil: Milliseconds = -Infinity;
  /** What UPnP has to know of it from an earlier run, and its external port by then. */
  upnp: KnownUpnpMapping & { readonly externalPort: number } | undefined = undefined;
  /** When a request for a lease left last: the next one keeps a distance (RFC 6887 section 11.2.1). */
  renewalSentAt: Milliseconds = -Infinity;
  /** The server refused the optional options: requests are without them. */
  leavesOut = false;
  /** What the server granted in place of what was requested. */
  otherGrant: Pick<Assignment, "externalAddress" | "externalPort"> | undefined = undefined;
  /** How often it lost its external port to another mapping. */
  conflicts = 0;
  /** How many answers in a row held for a few seconds only. */
  shortAnswers = 0;
  /** It has the nonce of a mapping that ended lately, whose late answers therefore match. */
  reusesNonce = false;

  retransmitAt: Milliseconds = Infinity;
  renewAt: Milliseconds = Infinity;
  expireAt: Milliseconds = Infinity;
  /** When the request leaves that a hold keeps back. */
  retryAt: Milliseconds = Infinity;
  /** The earliest of the four. */
  dueAt: Milliseconds = Infinity;
  heapIndex = -1;

  constructor(id: MappingId, spec: MappingSpec, nonce: Nonce, lifetimes: number) {
    this.id = id;
    this.spec = spec;
    this.nonce = nonce;
    this.lifetime = spec.lifetime;
    this.lifetimes = lifetimes;
    this.suggestedAddress = spec.externalAddress;
    this.suggestedPort = spec.externalPort;
  }

  /** The options of its requests; a deletion has fewer. */
  get options(): readonly Option[] {
    const { options } = this.spec;
    return this.leavesOut ? options.filter((option) => !isOptional(option)) : options;
  }

  /** An answer holds for `wait`. */
  countShort(wait: Milliseconds): void {
    this.shortAnswers = isShort(wait) ? this.shortAnswers + 1 : 0;
  }

  /** Lifetimes that are still to be requested. */
  get lifetimesLeft(): number {
    return this.lifetimes - this.lifetimesGranted;
  }

  /** The exchange, if its last request has no response. */
  get unanswered(): Exchange | undefined {
    return this.exchange?.responsePending === true ? this.exchange : undefined;
  }

  /** The request is not repeated before; in the past if nothing was refused. */
  get retryAfter(): Milliseconds {
    return this.refusal?.retryAfter ?? -Infinity;
  }

  /** Whether its requests go to UPnP at once: what that made stays there until it ends. */
  staysInUpnp(now: Milliseconds): boolean {
    if (this.lease !== undefined) return this.lease.protocol === "upnp";
    return this.upnp !== undefined && this.mayExistUntil > now;
  }

  /** Whether nothing can happen to it any more. */
  get isOver(): boolean {
    return this.phase === "ended" && this.dueAt === Infinity;
  }

  /** Takes over the port of an earlier mapping in this engine. */
  adopt(earlier: ReusableMapping, isRecent: boolean): void {
    this.reusesNonce = isRecent;
    this.#suggest(earlier);
  }

  /** Takes over the port of a mapping from an earlier run, which the server may still hold. */
  restore(known: KnownMapping): void {
    const { until, upnp, suggestedPort: externalPort } = known;
    this.mayExistUntil = until;
    if (upnp !== undefined) this.upnp = { ...upnp, externalPort };
    this.#suggest(known);
  }

  /** The caller's own suggestion comes first. */
  #suggest({ suggestedAddress, suggestedPort }: ReusableMapping): void {
    if (this.spec.externalPort !== 0 || !this.spec.externalAddress.isUnspecified) return;
    this.suggestedAddress = suggestedAddress;
    this.suggestedPort = suggestedPort;
  }
}

/** A new exchange; an unanswered request of the one before can still be answered. */
export function newExchange(previous?: Exchange): Exchange {
  return {
    octets: undefined,
    protocol: "pcp", // every exchange begins in PCP (RFC 6886 section 1.1)
    beside: undefined,
    transmissions: 0,
    wait: 0,
    firstSentAt: 0,
    lastSentAt: previous?.lastSentAt ?? -Infinity,
    responsePending: previous?.responsePending ?? false,
  };
}
