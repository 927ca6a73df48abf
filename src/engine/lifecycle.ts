import type { IpAddress } from "../wire/address.ts";
import { ResultCode } from "../wire/result_code.ts";
import * as deletion from "./deletion.ts";
import type { IgnoreReason, Milliseconds } from "./events.ts";
import { giveUpExchange, send } from "./exchange.ts";
import type { Answer, FallbackProtocol } from "./fallback.ts";
import { grant } from "./grant.ts";
import { answersLeftOut } from "./left_out_options.ts";
import type { Mapping, Phase } from "./mapping.ts";
import type { MappingContext } from "./mapping_context.ts";
import * as refusal from "./refusal.ts";
import { isOfPreviousDeletion } from "./response_match.ts";
import { expire, repeatRenewal, retransmit } from "./timeouts.ts";
import { begin, resume, scheduleRenewal, updateDeadline } from "./transitions.ts";

/** What is done to a mapping in the course of an event. */
type Action = (context: MappingContext, mapping: Mapping) => void;

/** What each event does in one phase. An event that is left out changes nothing. */
interface Row {
  /** The request may leave. */
  readonly send?: Action;
  /** A response with result code 0. */
  readonly success?: typeof grant;
  /** A response with another result code. */
  readonly failure?: typeof refusal.refuse;
  /** The server does not speak the protocol of the request (RFC 6887 section 9). */
  readonly versionRefused?: typeof refusal.refuseVersion;
  /** The server speaks a protocol that it seemed not to speak. */
  readonly versionAccepted?: Action;
  readonly retransmitDue?: Action;
  readonly renewDue?: Action;
  readonly expireDue?: Action;
  readonly retryDue?: Action;
  /** The server has lost its state (RFC 6887 section 8.5). */
  readonly recover?: Action;
  /** The server has assigned the external port to another internal port. */
  readonly losePort?: Action;
  /** The request without a response goes to another address of the server (RFC 7488 section 3). */
  readonly startOver?: Action;
  /** The caller wants another lifetime. */
  readonly renew?: Action;
  /** The caller wants another number of lifetimes. */
  readonly want?: Action;
  /** The caller does not want the mapping any more. */
  readonly release?: typeof deletion.beginDeletion;
}

/** Phase x event -> action. */
const TABLE: Readonly<Record<Phase, Row>> = {
  queued: {
    send,
    versionAccepted: retryNow,
    retryDue: enqueue,
    release: deletion.beginDeletion,
  },
  starting: {
    send,
    success: grant,
    failure: refusal.refuse,
    versionRefused: refusal.refuseVersion,
    versionAccepted: retryNow,
    retransmitDue: retransmit,
    retryDue: enqueue,
    recover: beginAs("starting"),
    startOver: beginAs("starting"),
    renew: beginAs("starting"),
    release: deletion.beginDeletion,
  },
  running: {
    success: grant,
    failure: refusal.withdraw,
    versionRefused: refusal.outlastVersionError,
    renewDue: beginAs("renewing"),
    retryDue: beginAs("updating"),
    expireDue: expire,
    recover,
    losePort: refusal.yieldPort,
    startOver: (_context, mapping) => giveUpExchange(mapping),
    renew: beginAs("updating"),
    want: scheduleRenewal,
    release: deletion.beginDeletion,
  },
  renewing: {
    send,
    success: grant,
    failure: refusal.refuseRenewal,
    versionRefused: refusal.outlastVersionError,
    renewDue: repeatRenewal,
    retryDue: enqueue,
    expireDue: expire,
    recover,
    losePort: refusal.yieldPort,
    startOver: beginAs("renewing"),
    renew: beginAs("updating"),
    want: stopRenewal,
    release: deletion.beginDeletion,
  },
  updating: {
    send,
    success: grant,
    failure: refusal.refuseRenewal,
    versionRefused: refusal.outlastVersionError,
    retransmitDue: retransmit,
    retryDue: enqueue,
    expireDue: expire,
    recover,
    losePort: refusal.yieldPort,
    startOver: beginAs("updating"),
    renew: beginAs("updating"),
    release: deletion.beginDeletion,
  },
  recovering: {
    send,
    success: grant,
    failure: refusal.refuse,
    versionRefused: refusal.outlastVersionError,
    retransmitDue: retransmit,
    retryDue: enqueue,
    expireDue: expire,
    recover,
    startOver: beginAs("recovering"),
    renew: beginAs("recovering"),
    release: deletion.beginDeletion,
  },
  refused: {
    success: grant,
    failure: refusal.withdraw,
    versionAccepted: refusal.retryVersion,
    retryDue: beginAs("starting"),
    release: deletion.beginDeletion,
  },
  deleting: {
    send,
    success: deletion.deleted,
    failure: deletion.refuseDeletion,
    versionRefused: deletion.giveUpDeletion,
    versionAccepted: retryNow,
    retransmitDue: retransmit,
    retryDue: enqueue,
    expireDue: deletion.endDeletion,
    startOver: beginAs("deleting"),
  },
  ended: {
    send: deletion.resendDeletion,
    success: deletion.deleteAgain,
    retryDue: enqueue,
  },
};

/** An event without data. */
export function dispatch(
  context: MappingContext,
  mapping: Mapping,
  event: "send" | "versionAccepted" | "recover" | "startOver",
): void {
  TABLE[mapping.phase][event]?.(context, mapping);
  updateDeadline(mapping);
}

/** The event of the earliest deadline that is due, if one is. */
export function wake(context: MappingContext, mapping: Mapping): void {
  const { now } = context;
  const row = TABLE[mapping.phase];
  if (mapping.expireAt <= now) {
    mapping.expireAt = Infinity;
    row.expireDue?.(context, mapping);
  } else if (mapping.retryAt <= now) {
    mapping.retryAt = Infinity;
    row.retryDue?.(context, mapping);
  } else if (mapping.retransmitAt <= now) {
    mapping.retransmitAt = Infinity;
    row.retransmitDue?.(context, mapping);
  } else if (mapping.renewAt <= now) {
    mapping.renewAt = Infinity;
    row.renewDue?.(context, mapping);
  }
  updateDeadline(mapping);
}

/** A response. Returns why it changed nothing, if so. */
export function receive(
  context: MappingContext,
  mapping: Mapping,
  response: Answer,
): IgnoreReason | undefined {
  if (isOfPreviousDeletion(mapping, response) || answersLeftOut(mapping, response)) return "stale";
  const { success, failure } = TABLE[mapping.phase];
  const action = response.result === ResultCode.Success ? success : failure;
  const reason = action === undefined ? "stale" : action(context, mapping, response);
  updateDeadline(mapping);
  return reason ?? undefined;
}

/** The server does not speak the protocol of the request. */
export function versionRefused(
  context: MappingContext,
  mapping: Mapping,
  versionRefusal: refusal.VersionRefusal,
): void {
  TABLE[mapping.phase].versionRefused?.(context, mapping, versionRefusal);
  updateDeadline(mapping);
}

/** The server has assigned the mapping's external port to another internal port. */
export function losePort(context: MappingContext, mapping: Mapping): void {
  TABLE[mapping.phase].losePort?.(context, mapping);
  updateDeadline(mapping);
}

/** The caller wants another lifetime, in seconds. */
export function renew(context: MappingContext, mapping: Mapping, lifetime: number): void {
  mapping.lifetime = lifetime;
  TABLE[mapping.phase].renew?.(context, mapping);
  updateDeadline(mapping);
}

/** The caller wants another number of lifetimes in all. */
export function want(context: MappingContext, mapping: Mapping, lifetimes: number): void {
  mapping.lifetimes = lifetimes;
  TABLE[mapping.phase].want?.(context, mapping);
  updateDeadline(mapping);
}

/** The caller does not want the mapping any more. */
export function release(
  context: MappingContext,
  mapping: Mapping,
  as: "revoked" | "dropped",
): void {
  TABLE[mapping.phase].release?.(context, mapping, as);
  updateDeadline(mapping);
}

/** A hold keeps the request back, in any phase. */
export function postpone(mapping: Mapping, until: Milliseconds): void {
  mapping.retryAt = until;
  updateDeadline(mapping);
}

/** The exchange goes on in another protocol, which has repetitions of its own. */
export function fallBack(mapping: Mapping, protocol: FallbackProtocol): void {
  const { exchange } = mapping;
  if (exchange !== undefined) {
    exchange.protocol = protocol;
    exchange.beside = undefined;
  }
  mapping.retransmitAt = mapping.renewAt = Infinity;
  updateDeadline(mapping);
}

/** The server has another external address for the mappings of a protocol (RFC 6886 section 3.2.1). */
export function readdress(
  context: MappingContext,
  mapping: Mapping,
  protocol: FallbackProtocol,
  address: IpAddress,
): void {
  const { id, lease } = mapping;
  if (lease?.protocol !== protocol) return;
  const assignment = { ...lease.assignment, externalAddress: address };
  lease.assignment = assignment;
  mapping.suggestedAddress = address;
  context.outputs.push({ type: "granted", id, assignment, changed: true });
}

function enqueue(context: MappingContext, mapping: Mapping): void {
  context.enqueue(mapping);
}

function beginAs(phase: Phase): Action {
  return (context, mapping) => begin(context, mapping, phase);
}

/** The server has lost its state, and with that the reason why it refused a renewal. */
function recover(context: MappingContext, mapping: Mapping): void {
  if (mapping.refusal?.restarts !== context.server.restarts) mapping.refusal = undefined;
  begin(context, mapping, "recovering");
}

/** Other holds are checked when the request may leave. */
function retryNow(context: MappingContext, mapping: Mapping): void {
  if (mapping.retryAt === Infinity) return;
  mapping.retryAt = Infinity;
  context.enqueue(mapping);
}

/** No further lifetime is wanted. The response to the last renewal may still arrive. */
function stopRenewal(context: MappingContext, mapping: Mapping): void {
  if (mapping.lifetimesLeft <= 0) resume(context, mapping);
}
