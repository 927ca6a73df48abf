import type { Nonce } from "../wire/nonce.ts";
import type { IpAddress } from "../wire/address.ts";
import { ResultCode } from "../wire/result_code.ts";
import type { Assignment, IgnoreReason, KnownMapping, MappingId, Milliseconds } from "./events.ts";
import { isOfDeletionBefore } from "./late_answers.ts";
import type { Timed } from "./deadlines.ts";
import * as act from "./mapping_actions.ts";
import type { ReusableMapping } from "./memory.ts";
import type { MappingResponse } from "../wire/message_type.ts";
import type { MappingContext, Phase } from "./phase.ts";
import type { MappingSpec } from "./mapping_spec.ts";

type Row = {
  readonly turn?: (m: Mapping, now: Milliseconds) => void;
  readonly success?: (
    m: Mapping,
    now: Milliseconds,
    answer: MappingResponse,
  ) => IgnoreReason | void;
  readonly failure?: (
    m: Mapping,
    now: Milliseconds,
    answer: MappingResponse,
  ) => IgnoreReason | void;
  readonly retransmitDue?: (m: Mapping, now: Milliseconds) => void;
  readonly renewDue?: (m: Mapping, now: Milliseconds) => void;
  readonly expireDue?: (m: Mapping, now: Milliseconds) => void;
  readonly retryDue?: (m: Mapping, now: Milliseconds) => void;
  readonly recover?: (m: Mapping, now: Milliseconds) => void;
  readonly renew?: (m: Mapping, now: Milliseconds) => void;
  readonly release?: (m: Mapping, now: Milliseconds) => void;
};

/** The life of one mapping: its data, its deadlines, and the table of what happens when. */
export class Mapping implements Timed {
  readonly id: MappingId;
  readonly nonce: Nonce;
  readonly spec: MappingSpec;
  /** Earliest of the four deadlines below. */
  dueAt: Milliseconds = Infinity;
  heapIndex = -1;

  /** The wanted lifetime in seconds; the granted one never replaces it (RFC 6887 section 10.1). */
  lifetime: number;
  assigned: Assignment | undefined = undefined;
  /** What the next request suggests: the caller's wish, later what was last assigned (section 11.2.1). */
  suggestedAddress: IpAddress;
  suggestedPort: number;
  /** The server's generation that granted the assignment. */
  generation = 0;

  phase: Phase = "waiting";
  /** Lifetimes wanted in all, Infinity until released. */
  lifetimes: number;
  /** Lifetimes granted so far. */
  used = 0;
  retransmitAt: Milliseconds = Infinity;
  renewAt: Milliseconds = Infinity;
  expireAt: Milliseconds = Infinity;
  retryAfterErrorAt: Milliseconds = Infinity;
  grantedAt: Milliseconds = 0;
  /** Attempts to renew the running lifetime so far. */
  rung = 0;
  renewalSentAt: Milliseconds = -Infinity;
  transmissions = 0;
  wait: Milliseconds = 0;
  firstSentAt: Milliseconds = 0;
  lastSentAt: Milliseconds = -Infinity;
  /** A request was sent and not answered. */
  awaiting = false;
  /** The exchange under way goes on in NAT-PMP. */
  natPmp = false;
  /** The assignment came by NAT-PMP. */
  viaNatPmp = false;
  /** The request being repeated: each copy is the same (section 8.1.1). */
  bytes: Uint8Array | undefined = undefined;
  holdUntil: Milliseconds;
  lastRefusal = 0;
  refusals = 0;
  /** Requests to create that were under way when the deletion began: their late answers must not pass for its own. */
  createsPending = 0;
  /** It has the nonce of an earlier mapping, so late answers to that one's deletion match it. */
  isHeir = false;
  /** Until when the server may hold it although it is not assigned: from an earlier run, or by an unanswered request. */
  heldByServerUntil: Milliseconds = -Infinity;
  endAs: "revoked" | "dropped" = "revoked";
  readonly world: MappingContext;

  /** State x event -> what is done. An event that a row does not name changes nothing there. */
  static readonly table: Readonly<Record<Phase, Row>> = {
    waiting: {
      turn: act.send,
      retryDue: (m) => m.world.enqueue(m),
      release: act.beginDeletion,
    },
    starting: {
      turn: act.send,
      success: act.grant,
      failure: act.refuse,
      retransmitDue: act.repeat,
      retryDue: (m) => m.world.enqueue(m),
      recover: (m) => act.begin(m, "starting"),
      renew: (m) => act.begin(m, "starting"),
      release: act.beginDeletion,
    },
    running: {
      success: act.grant,
      failure: act.withdraw,
      renewDue: (m) => act.begin(m, "renewing"),
      retryDue: (m) => act.begin(m, "updating"),
      expireDue: act.expired,
      recover: (m) => act.begin(m, "recovering"),
      renew: (m) => act.begin(m, "updating"),
      release: act.beginDeletion,
    },
    renewing: {
      turn: act.send,
      success: act.grant,
      failure: act.refuseRenewal,
      renewDue: act.repeatRenewal,
      retryDue: (m) => m.world.enqueue(m),
      expireDue: act.expired,
      recover: (m) => act.begin(m, "recovering"),
      renew: (m) => act.begin(m, "updating"),
      release: act.beginDeletion,
    },
    updating: {
      turn: act.send,
      success: act.grant,
      failure: act.refuseRenewal,
      retransmitDue: act.repeat,
      retryDue: (m) => m.world.enqueue(m),
      expireDue: act.expired,
      recover: (m) => act.begin(m, "recovering"),
      renew: (m) => act.begin(m, "updating"),
      release: act.beginDeletion,
    },
    recovering: {
      turn: act.send,
      success: act.grant,
      failure: act.refuse,
      retransmitDue: act.repeat,
      retryDue: (m) => m.world.enqueue(m),
      expireDue: act.expired,
      recover: (m) => act.begin(m, "recovering"),
      renew: (m) => act.begin(m, "recovering"),
      release: act.beginDeletion,
    },
    holding: {
      success: act.grant,
      failure: act.withdraw,
      retryDue: (m) => act.begin(m, "starting"),
      release: act.beginDeletion,
    },
    deleting: {
      turn: act.send,
      success: act.deleted,
      failure: act.deletionRefused,
      retransmitDue: act.repeat,
      retryDue: (m) => m.world.enqueue(m),
      expireDue: (m) => act.end(m, { type: m.endAs }),
    },
    ended: {
      // A request to create that overtook the deletion on its way: delete what it made, once per answer.
      success: (m, _now, answer) => answer.lifetime === 0 ? "stale" : m.world.enqueue(m),
      turn: act.sendOnce,
      retryDue: (m) => m.world.enqueue(m),
    },
  };

  constructor(
    id: MappingId,
    spec: MappingSpec,
    nonce: Nonce,
    lifetimes: number,
    heldUntil: Milliseconds,
    world: MappingContext,
  ) {
    this.id = id;
    this.nonce = nonce;
    this.spec = spec;
    this.lifetime = spec.lifetime;
    this.suggestedAddress = spec.externalAddress;
    this.suggestedPort = spec.externalPort;
    this.lifetimes = lifetimes;
    this.holdUntil = heldUntil;
    this.world = world;
  }

  /** Lifetimes still to be asked for. */
  get remaining(): number {
    return this.lifetimes - this.used;
  }

  /** Before when its next request must not leave, by its own holds. */
  get heldUntil(): Milliseconds {
    if (this.phase === "deleting" || this.phase === "ended") return -Infinity;
    // What is asked for a live mapping keeps 4 s apart (section 11.2.1), but for the repetitions in recovery.
    const keepsGap = this.phase === "updating" ||
      (this.phase === "recovering" && this.transmissions === 0);
    const gap = keepsGap ? this.renewalSentAt + this.world.config.renewalGap : -Infinity;
    return Math.max(this.holdUntil, gap);
  }

  /** Whether nothing can happen to it any more. */
  get isOver(): boolean {
    return this.phase === "ended" && this.dueAt === Infinity;
  }

  /** Takes over from an earlier mapping of the same key. Its port is suggested unless the caller has a wish of his own. */
  inherit({ suggestedAddress, suggestedPort }: ReusableMapping): void {
    this.isHeir = true;
    if (this.spec.externalPort !== 0 || !this.spec.externalAddress.isUnspecified) return;
    this.suggestedAddress = suggestedAddress;
    this.suggestedPort = suggestedPort;
  }

  /** Takes over what an earlier run left at the server. */
  reclaim({ suggestedAddress, suggestedPort, until }: KnownMapping): void {
    this.heldByServerUntil = until;
    if (this.spec.externalPort !== 0 || !this.spec.externalAddress.isUnspecified) return;
    this.suggestedAddress = suggestedAddress;
    this.suggestedPort = suggestedPort;
  }

  // ---- Events; each runs the table's entry and sets the next deadline ------------------------------------------

  turn(now: Milliseconds): void {
    Mapping.table[this.phase].turn?.(this, now);
    act.settle(this);
  }

  /** Its turn came while a hold lasts: asks again then. */
  postpone(until: Milliseconds): void {
    this.retryAfterErrorAt = until;
    act.settle(this);
  }

  /** An answer; returns why it changed nothing, if so. */
  answer(now: Milliseconds, answer: MappingResponse): IgnoreReason | undefined {
    if (this.isHeir && isOfDeletionBefore(this, answer)) return "stale";
    const row = Mapping.table[this.phase];
    const handler = answer.result === ResultCode.Success ? row.success : row.failure;
    const ignored = handler === undefined ? "stale" : handler(this, now, answer);
    act.settle(this);
    return ignored ?? undefined;
  }

  /** The earliest due deadline, if one is due. */
  wake(now: Milliseconds): void {
    const row = Mapping.table[this.phase];
    if (this.expireAt <= now) {
      this.expireAt = Infinity;
      row.expireDue?.(this, now);
    } else if (this.retryAfterErrorAt <= now) {
      this.retryAfterErrorAt = Infinity;
      row.retryDue?.(this, now);
    } else if (this.retransmitAt <= now) {
      this.retransmitAt = Infinity;
      row.retransmitDue?.(this, now);
    } else if (this.renewAt <= now) {
      this.renewAt = Infinity;
      row.renewDue?.(this, now);
    }
    act.settle(this);
  }

  /** The server lost its state: what it had assigned is asked for again (section 8.5). */
  recover(now: Milliseconds): void {
    Mapping.table[this.phase].recover?.(this, now);
    act.settle(this);
  }

  /** Another lifetime is wanted, in seconds. */
  renew(now: Milliseconds, lifetime: number): void {
    this.lifetime = lifetime;
    Mapping.table[this.phase].renew?.(this, now);
    act.settle(this);
  }

  /** It is wanted for so many lifetimes in all. */
  want(now: Milliseconds, lifetimes: number): void {
    this.lifetimes = lifetimes;
    if (this.phase === "renewing" && this.remaining <= 0) act.resume(this, now);
    else if (this.phase === "running") act.armRenewal(this, now);
    act.settle(this);
  }

  /** It is not wanted any more. */
  release(now: Milliseconds, endAs: "revoked" | "dropped"): void {
    if (this.phase === "deleting" || this.phase === "ended") return;
    this.endAs = endAs;
    Mapping.table[this.phase].release?.(this, now);
    act.settle(this);
  }

  /** Another address of the server is asked: the exchange under way begins again. */
  startOver(): void {
    if (this.phase !== "ended") act.begin(this, this.phase);
    act.settle(this);
  }

  /** Its last request goes unanswered: the server may have carried it out all the same. */
  noteUnanswered(): void {
    if (this.phase !== "deleting") act.noteUnanswered(this);
  }

  /** The server speaks NAT-PMP only: the exchange goes on in that. */
  fallBack(): void {
    this.natPmp = true;
    this.retransmitAt = this.renewAt = Infinity;
    act.settle(this);
  }

  /** The server speaks after all: what was held because it seemed not to is asked for now. */
  askAgain(): void {
    if (this.phase === "holding" && this.lastRefusal === ResultCode.UnsuppVersion) {
      this.holdUntil = -Infinity;
      act.begin(this, "starting");
    } else if (this.phase === "waiting" && this.retryAfterErrorAt !== Infinity) {
      this.retryAfterErrorAt = Infinity;
      this.world.enqueue(this); // other holds are looked at when its turn comes
    }
    act.settle(this);
  }

  /** The server, which speaks NAT-PMP, has another external address (RFC 6886 section 3.2.1). */
  readdress(externalAddress: IpAddress): void {
    if (this.assigned === undefined || !this.viaNatPmp) return;
    this.assigned = { ...this.assigned, externalAddress };
    this.suggestedAddress = externalAddress;
    const { id, assigned: assignment } = this;
    this.world.outputs.push({ type: "granted", id, assignment, changed: true });
  }

  /** The server speaks another version: what waits for an answer is held (section 9). */
  refuseVersion(now: Milliseconds, hold: Milliseconds): void {
    act.refuseVersion(this, now, hold);
    act.settle(this);
  }
}
