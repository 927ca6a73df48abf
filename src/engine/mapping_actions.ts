import type { IpAddress } from "../wire/address.ts";
import { NATPMP_VERSION } from "../wire/constants.ts";
import { ResultCode, resultName } from "../wire/result_code.ts";
import {
  type IgnoreReason,
  LocalCode,
  localName,
  type MappingState,
  type Milliseconds,
} from "./events.ts";
import { holdTime } from "./error_hold.ts";
import { heldAfterGrant, isLateGrant, SAME_END } from "./late_answers.ts";
import type { Mapping } from "./mapping.ts";
import { encodeMappingRequest } from "./mapping_request.ts";
import type { MappingResponse } from "../wire/message_type.ts";
import type { MappingContext, Phase } from "./phase.ts";
import { nextRenewal } from "./renewal.ts";
import { retransmissionTime } from "./retransmission.ts";
import { isSuggestionBinding } from "./mapping_spec.ts";
import { isSuggested } from "./response_match.ts";

// What the entries of the table in mapping.ts do. Every number is in config.ts, every wait in retransmit.ts, renewal.ts and holds.ts.

/** Starts a new exchange. */
export function begin(m: Mapping, phase: Phase): void {
  m.phase = phase;
  m.transmissions = 0;
  m.wait = 0;
  m.natPmp = false; // every exchange begins in PCP (RFC 6886 section 1.1)
  m.bytes = undefined;
  m.retransmitAt = m.renewAt = m.retryAfterErrorAt = Infinity;
  m.world.enqueue(m);
}

export function send(m: Mapping, now: Milliseconds): void {
  if (m.phase === "waiting") m.phase = "starting";
  const { phase } = m;
  const isDeletion = phase === "deleting";
  if (m.transmissions === 0) m.firstSentAt = now;
  if (m.awaiting && !isDeletion) noteUnanswered(m);
  m.transmissions++;
  m.awaiting = true;
  m.natPmp = false;
  m.lastSentAt = now;
  if (m.assigned !== undefined && !isDeletion) m.renewalSentAt = now;
  if (phase === "renewing") {
    m.rung++;
    armRenewal(m, now);
  } else {
    armRetransmission(m, now);
  }
  m.bytes ??= encodeMappingRequest(m);
  m.world.outputs.push({ type: "send", bytes: m.bytes, id: m.id });
  const attempt = m.transmissions - 1;
  show(
    m,
    phase === "starting"
      ? { type: "starting", attempt }
      : { type: "updating", attempt, lifetime: isDeletion ? 0 : m.lifetime },
  );
}

/** The last request got no answer, but may have been carried out: then the server holds the mapping. */
export function noteUnanswered(m: Mapping): void {
  if (!m.awaiting) return;
  const lifetime = Math.max(m.lifetime, m.assigned?.lifetime ?? LEAST_GRANT);
  m.heldByServerUntil = Math.max(m.heldByServerUntil, m.lastSentAt + lifetime * 1000);
}

/** Seconds that servers commonly grant to those who ask for less (RFC 6887 section 15 recommends 2 minutes). */
const LEAST_GRANT = 120;

/** Deletes once more after the end, without an exchange: the server may hold what nobody wants. */
export function sendOnce(m: Mapping, now: Milliseconds): void {
  m.lastSentAt = now;
  m.world.outputs.push({ type: "send", bytes: encodeMappingRequest(m), id: m.id });
}

export function armRetransmission(m: Mapping, now: Milliseconds): void {
  const { config } = m.world;
  m.wait = retransmissionTime(m.wait, m.world.random, config);
  const gap = m.phase === "updating" ? config.renewalGap : 0; // renewals keep 4 s apart (section 11.2.1)
  const at = now + Math.max(m.wait, gap);
  m.retransmitAt = config.maximumDuration === 0 ? at : Math.min(at, giveUpTime(m));
}

/** MRD after the first transmission (section 8.1.1). */
function giveUpTime(m: Mapping): Milliseconds {
  const { maximumDuration } = m.world.config;
  return maximumDuration === 0 ? Infinity : m.firstSentAt + maximumDuration;
}

export function repeat(m: Mapping, now: Milliseconds): void {
  const { maximumTransmissions } = m.world.config;
  const { transmissionLimit } = m.world;
  if (transmissionLimit !== 0 && m.transmissions >= transmissionLimit) {
    m.retransmitAt = Infinity;
    return m.world.serverSilent();
  }
  const exhausted = (maximumTransmissions !== 0 && m.transmissions >= maximumTransmissions) ||
    now >= giveUpTime(m);
  if (!exhausted) return m.world.enqueue(m);
  m.awaiting = false;
  if (m.phase === "deleting") return end(m, { type: m.endAs });
  if (m.phase === "updating") return resume(m, now);
  end(m, { type: "error", code: LocalCode.NoResponse, name: localName(LocalCode.NoResponse) });
}

/** An unanswered renewal; a server with several addresses is left after as many as any other request (RFC 7488 section 3). */
export function repeatRenewal(m: Mapping): void {
  const { transmissionLimit } = m.world;
  const isSilent = transmissionLimit !== 0 && m.transmissions >= transmissionLimit;
  if (isSilent) m.world.serverSilent();
  else m.world.enqueue(m);
}

export function armRenewal(m: Mapping, now: Milliseconds): void {
  m.renewAt = Infinity;
  if (m.lifetimes <= m.used || m.assigned === undefined) return;
  const next = nextRenewal(
    now,
    {
      grantedAt: m.grantedAt,
      lifetime: m.assigned.lifetime * 1000,
      attempt: m.rung + 1,
      previousAt: m.renewalSentAt,
    },
    // NAT-PMP renews at half time (RFC 6886 section 3.3).
    m.viaNatPmp ? undefined : m.world.random,
    m.world.config,
  );
  if (next === undefined) return;
  m.rung = next.attempt - 1;
  m.renewAt = Math.max(next.at, m.holdUntil);
}

export function grant(m: Mapping, now: Milliseconds, answer: MappingResponse): IgnoreReason | void {
  const { world } = m;
  if (m.spec.options.length > 0 && !isSuggested(m.spec, answer)) return "notSuggested";
  if (answer.lifetime === 0 && m.isHeir) return "stale"; // a second answer to the deletion before
  const externalPort = answer.externalPort === 0 ? portFor(m, answer) : answer.externalPort;
  // Nearly always the very address that others have.
  const isKnown = answer.externalAddress === world.external;
  if (
    answer.lifetime === 0 || (!isKnown && answer.externalAddress.isUnspecified) ||
    (externalPort === 0 && m.spec.internalPort !== 0)
  ) {
    const { minimumShortHold } = world.config;
    return holdBack(
      m,
      now,
      LocalCode.UnusableAssignment,
      localName(LocalCode.UnusableAssignment),
      minimumShortHold,
    );
  }
  const lifetime = Math.min(answer.lifetime, world.config.maximumLifetime / 1000);
  // The lifetime began at the server, after the request left (the earlier, the safer).
  // A whole number takes less memory, and both tell each other then; a millisecond early is no harm.
  m.grantedAt = Math.floor(m.awaiting ? m.lastSentAt : now);
  const expiresAt = Math.floor(m.grantedAt + lifetime * 1000);
  m.expireAt = expiresAt;
  m.heldByServerUntil = heldAfterGrant(m, lifetime, expiresAt);
  const externalAddress = isKnown ? answer.externalAddress : shared(world, answer.externalAddress);
  const { options } = answer;
  const { generation } = world.server;
  // What a server grants that has lost its state is new, also where this answer is the first to tell.
  const isAnew = m.phase === "recovering" || m.generation !== generation;
  const before = isAnew ? undefined : m.assigned;
  // Copies of an update tell what is left by then, which is the same end.
  const sameEnd = before !== undefined &&
    (before.lifetime === lifetime ||
      (!m.awaiting && Math.abs(before.expiresAt - expiresAt) < SAME_END));
  const changed = before === undefined || before.externalPort !== externalPort || !sameEnd ||
    (before.externalAddress !== externalAddress && !before.externalAddress.equals(externalAddress));
  m.assigned = { externalAddress, externalPort, lifetime, expiresAt, options };
  m.suggestedAddress = externalAddress;
  m.suggestedPort = externalPort;
  m.viaNatPmp = answer.version === NATPMP_VERSION;
  m.generation = generation;
  m.rung = m.refusals = m.lastRefusal = 0;
  m.holdUntil = -Infinity;
  const counts = m.phase === "holding" || m.phase === "starting" ||
    (m.awaiting && m.phase === "renewing");
  if (counts) m.used++;
  // A newer wish of the user that has not left yet stays to be sent.
  const wishPending = m.phase === "updating" && m.transmissions === 0;
  const wasRunning = m.phase === "running";
  m.awaiting = false;
  if (!wishPending) run(m, now);
  if (!wasRunning && !wishPending) show(m, { type: "running" });
  world.outputs.push({ type: "granted", id: m.id, assignment: m.assigned, changed });
}

/** A common firewall answers a repeated request with the suggested port 0, and means the port that it opened. */
function portFor(m: Mapping, { externalAddress }: MappingResponse): number {
  return externalAddress.equals(m.world.clientAddress) ? m.spec.internalPort : 0;
}

/** The address, as one object for all mappings that have it. */
function shared(world: MappingContext, address: IpAddress): IpAddress {
  if (world.external?.equals(address) !== true) world.external = address;
  return world.external;
}

/** Becomes running, with the next renewal armed. */
export function run(m: Mapping, now: Milliseconds): void {
  m.world.dequeue(m);
  m.natPmp = false;
  m.phase = "running";
  m.bytes = undefined;
  m.retransmitAt = m.retryAfterErrorAt = Infinity;
  armRenewal(m, now);
}

export function resume(m: Mapping, now: Milliseconds): void {
  run(m, now);
  show(m, { type: "running" });
}

/** A request was refused and no assignment is left. */
export function refuse(m: Mapping, now: Milliseconds, answer: MappingResponse): void {
  const hold = holdTime(answer.result, answer.lifetime, m.refusals, m.world.config);
  if (m.phase === "recovering" && m.assigned !== undefined) {
    m.heldByServerUntil = m.assigned.expiresAt; // a server that begins a new epoch may keep its mappings
  }
  if (answer.result === ResultCode.NoResources) m.world.server.hold("new", now + hold);
  if (isLastWord(m, answer.result)) return fail(m, answer.result, now + hold);
  holdBack(m, now, answer.result, resultName(answer.result), hold);
}

/** A renewal was refused: the mapping lives to its known end, and is asked for again after the hold. */
export function refuseRenewal(
  m: Mapping,
  now: Milliseconds,
  answer: MappingResponse,
): IgnoreReason | void {
  if (!m.awaiting) return withdraw(m, now, answer);
  // NOT_AUTHORIZED says that the mapping is not ours any more.
  if (answer.result === ResultCode.NotAuthorized) return refuse(m, now, answer);
  const hold = holdTime(answer.result, answer.lifetime, m.refusals, m.world.config);
  if (answer.result === ResultCode.NoResources) m.world.server.hold("new", now + hold);
  const wasUpdating = m.phase === "updating";
  m.awaiting = false;
  m.refusals++;
  m.lastRefusal = answer.result;
  m.holdUntil = now + hold;
  resume(m, now);
  if (wasUpdating) m.retryAfterErrorAt = m.holdUntil; // the user's wish stands
  m.world.outputs.push({
    type: "renewalRefused",
    id: m.id,
    code: answer.result,
    retryIn: hold / 1000,
  });
}

/** An error that answers no request: the server took the mapping back (sections 8.3, 14.2). */
export function withdraw(
  m: Mapping,
  now: Milliseconds,
  answer: MappingResponse,
): IgnoreReason | void {
  if (answer.result === m.lastRefusal && now < m.holdUntil) return "stale"; // a copy of the last refusal
  if (m.remaining > 0) return refuse(m, now, answer);
  fail(m, answer.result, now + holdTime(answer.result, answer.lifetime, 0, m.world.config));
}

/** Whether asking again is pointless: the suggestion itself was the point (sections 12.1, 13.2). */
export function isLastWord(m: Mapping, code: number): boolean {
  return code === ResultCode.CannotProvideExternal && isSuggestionBinding(m.spec);
}

/** The end; the same request is not sent again before `holdUntil`. */
export function fail(m: Mapping, code: number, holdUntil: Milliseconds): void {
  m.holdUntil = holdUntil;
  end(m, { type: "error", code, name: resultName(code) });
}

export function holdBack(
  m: Mapping,
  now: Milliseconds,
  code: number,
  name: string,
  hold: Milliseconds,
): void {
  m.natPmp = false;
  m.phase = "holding";
  m.awaiting = false;
  m.bytes = undefined;
  m.retransmitAt = m.renewAt = m.expireAt = Infinity;
  m.world.dequeue(m);
  m.refusals++;
  m.lastRefusal = code;
  m.holdUntil = m.retryAfterErrorAt = now + hold;
  lose(m);
  show(m, { type: "error", code, name, retryIn: hold / 1000 });
}

export function expired(m: Mapping): void {
  noteUnanswered(m);
  lose(m);
  if (m.remaining <= 0) return end(m, { type: "expired" });
  show(m, { type: "expired" });
  m.awaiting = false;
  begin(m, "starting");
}

export function beginDeletion(m: Mapping, now: Milliseconds): void {
  // A PEER mapping cannot be deleted (section 12.1); what was refused or never sent is not there.
  const nothingThere = m.spec.opcode === "peer" ||
    (m.assigned === undefined && !m.awaiting && m.heldByServerUntil <= now);
  if (nothingThere) return end(m, { type: m.endAs });
  m.createsPending = m.awaiting ? m.transmissions : 0;
  const createdUntil = m.awaiting ? now + m.lifetime * 1000 : -Infinity;
  m.expireAt = Math.max(m.assigned?.expiresAt ?? -Infinity, createdUntil, m.heldByServerUntil);
  begin(m, "deleting");
}

export function deleted(
  m: Mapping,
  now: Milliseconds,
  answer: MappingResponse,
): IgnoreReason | void {
  // Success with a lifetime is a late answer to a request before, or a server that lets the mapping idle out.
  if (answer.lifetime !== 0) {
    if (m.createsPending > 0) {
      m.createsPending--;
      return "stale";
    }
    if (isLateGrant(m, now, answer)) return "stale";
  }
  end(m, { type: m.endAs });
}

export function deletionRefused(
  m: Mapping,
  now: Milliseconds,
  answer: MappingResponse,
): IgnoreReason | void {
  if (m.createsPending > 0 && !m.natPmp) {
    m.createsPending--; // as likely the answer to the request before; if not, the repetition brings another
    return "stale";
  }
  const hold = holdTime(answer.result, answer.lifetime, m.refusals++, m.world.config);
  const { NoResources, NetworkFailure, UserExQuota } = ResultCode;
  // Common servers say NO_RESOURCES to the deletion of what is not there: the first copy deleted it, or it never was.
  if (answer.result === NoResources && (m.transmissions > 1 || m.assigned === undefined)) {
    return end(m, { type: m.endAs });
  }
  if (answer.result === NoResources) m.world.server.hold("all", now + hold);
  if (
    answer.result !== NoResources && answer.result !== NetworkFailure &&
    answer.result !== UserExQuota
  ) {
    return fail(m, answer.result, m.holdUntil);
  }
  m.retransmitAt = Infinity;
  m.world.dequeue(m);
  m.retryAfterErrorAt = now + hold;
}

export function end(m: Mapping, state: MappingState): void {
  const lingers = m.phase === "deleting" && m.createsPending > 0;
  m.phase = "ended";
  m.retransmitAt = m.renewAt = m.retryAfterErrorAt = Infinity;
  m.expireAt = lingers ? m.lastSentAt + m.world.config.lingerTime : Infinity;
  m.bytes = undefined;
  m.awaiting = false;
  m.world.dequeue(m);
  lose(m);
  show(m, state);
  m.world.ended(m);
}

/** The server does not speak what the mapping needs; it is asked again after the hold (section 9). */
export function refuseVersion(m: Mapping, now: Milliseconds, hold: Milliseconds): void {
  if (m.phase === "deleting" && m.natPmp) return end(m, { type: m.endAs });
  if (m.phase === "deleting" || m.phase === "ended") return;
  // A live mapping outlasts an answer that anybody could forge (section 18).
  if (m.assigned !== undefined) return m.natPmp ? resume(m, now) : undefined;
  if (m.natPmp) noteUnanswered(m); // nine times
  const code = ResultCode.UnsuppVersion;
  holdBack(m, now, code, resultName(code), hold);
}

export function lose(m: Mapping): void {
  if (m.assigned === undefined) return;
  m.assigned = undefined;
  m.world.outputs.push({ type: "lost", id: m.id });
}

export function show(m: Mapping, state: MappingState): void {
  m.world.outputs.push({ type: "state", id: m.id, state, over: m.phase === "ended" });
}

export function settle(m: Mapping): void {
  m.dueAt = Math.min(m.retransmitAt, m.renewAt, m.expireAt, m.retryAfterErrorAt);
}
