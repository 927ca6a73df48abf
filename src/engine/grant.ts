import type { MappingResponse } from "../wire/message_type.ts";
import {
  type Assignment,
  type Defect,
  type IgnoreReason,
  LocalCode,
  type Milliseconds,
} from "./events.ts";
import { type Answer, protocolOf } from "./fallback.ts";
import type { Mapping } from "./mapping.ts";
import type { MappingContext } from "./mapping_context.ts";
import { type MappingSpec, thirdPartyOf } from "./mapping_spec.ts";
import { otherThanRequested, refuseOther } from "./other_grant.ts";
import { mayExistAfterGrant, SAME_END } from "./response_match.ts";
import { emitState, holdRequest, run, RUNNING } from "./transitions.ts";
import type { UpnpRecord } from "./upnp_io.ts";

/**
 * A success: the answer to a request (RFC 6887 sections 11.4, 12.4), or an update that the server sends unasked
 * (section 14.2).
 */
export function grant(
  context: MappingContext,
  mapping: Mapping,
  response: Answer,
): IgnoreReason | void {
  const { spec, phase, exchange, unanswered } = mapping;
  const { config, server } = context;
  const { options } = response;
  const externalAddress = server.sharedAddress(response.externalAddress);
  const externalPort = externalPortOf(context, mapping, response);
  const granted = externalPort === response.externalPort ? response : { ...response, externalPort };
  const other = otherThanRequested(spec, granted);
  if (other !== undefined) return refuseOther(context, mapping, response, other);
  // A second answer to the deletion of the mapping before.
  const isFirst = (exchange?.transmissions ?? 0) < 2;
  if (response.lifetime === 0 && mapping.reusesNonce && isFirst) return "stale";
  const reason = defectOf(spec, granted);
  if (reason !== undefined) {
    const { minimumShortHold } = config;
    return holdRequest(context, mapping, LocalCode.UnusableAssignment, minimumShortHold, {
      reason,
    });
  }
  const protocol = protocolOf(response);
  // A server of NAT-PMP grants no more than requested (RFC 6886 section 3.3), nor one of UPnP. In PCP it may, and a nonce protects that.
  const most = protocol === "pcp" ? Infinity : mapping.lifetime;
  const lifetime = Math.min(response.lifetime, most, config.maximumLifetime / 1000);
  // The lifetime began at the server, after the request left: to end it earlier is safe. Whole milliseconds, rounded down.
  const grantedAt = Math.floor(unanswered?.lastSentAt ?? context.now);
  const expiresAt = Math.floor(grantedAt + lifetime * 1000);
  const terms = { externalAddress, externalPort, lifetime, expiresAt, options, protocol };
  const { upnp } = response;
  const assignment = upnp === undefined ? terms : withRecord(terms, upnp);
  const isAnswer = unanswered !== undefined;
  const changed = isChanged(context, mapping, assignment, isAnswer);
  mapping.natPmpUntil = protocol === "pcp" ? mayExistInNatPmp(context, mapping) : -Infinity;
  mapping.mayExistUntil = mayExistAfterGrant(mapping, unanswered, lifetime, expiresAt);
  mapping.lease = {
    assignment,
    grantedAt,
    protocol,
    serverGeneration: server.generation(protocol),
    renewalAttempt: 0,
  };
  mapping.suggestedAddress = externalAddress;
  mapping.suggestedPort = externalPort;
  mapping.refusal = undefined;
  mapping.expireAt = expiresAt;
  // A short lifetime that the caller wants is none that the server forces on this host.
  const isForced = lifetime < mapping.lifetime;
  if (changed || unanswered !== undefined) {
    mapping.countShort(isForced ? lifetime * 1000 : Infinity);
  }
  const isNextLifetime = phase === "refused" || phase === "starting" ||
    (phase === "renewing" && isAnswer);
  if (isNextLifetime) mapping.lifetimesGranted++;
  // The caller's newer request has not left yet, so that this cannot be its answer.
  const updatePending = phase === "updating" && exchange?.transmissions === 0;
  if (exchange !== undefined) exchange.responsePending = false;
  if (!updatePending) {
    run(context, mapping);
    if (phase !== "running") emitState(context, mapping, RUNNING);
  }
  context.outputs.push({ type: "granted", id: mapping.id, assignment, changed });
}

/** Over UPnP a later run has to know more, and the caller whether the gateway ends the mapping by itself. */
function withRecord(assignment: Assignment, upnp: UpnpRecord): Assignment {
  return upnp.permanent === true
    ? { ...assignment, upnp, permanent: true }
    : { ...assignment, upnp };
}

/** What makes the assignment unusable; undefined if nothing does. */
function defectOf(
  { internalPort }: MappingSpec,
  { lifetime, externalAddress, externalPort }: MappingResponse,
): Defect | undefined {
  if (lifetime === 0) return "lifetime";
  if (externalAddress.isUnspecified) return "externalAddress";
  return externalPort === 0 && internalPort !== 0 ? "externalPort" : undefined;
}

/** Until when the server may hold what it granted in NAT-PMP, or was asked for. */
export function mayExistInNatPmp(
  { now }: MappingContext,
  { lease, exchange, lifetime, natPmpUntil }: Mapping,
): Milliseconds {
  const isAsked = exchange?.protocol === "nat-pmp" || exchange?.beside === "nat-pmp";
  const requested = isAsked ? now + lifetime * 1000 : -Infinity;
  const granted = lease?.protocol === "nat-pmp" ? lease.assignment.expiresAt : -Infinity;
  return Math.max(natPmpUntil, requested, granted);
}

/**
 * The external port. Where the external address is the internal one there is no translation, and the port is the internal
 * one: a common firewall answers a repeated request with the port that was suggested.
 */
function externalPortOf(
  { clientAddress }: MappingContext,
  { spec }: Mapping,
  { externalPort, externalAddress }: MappingResponse,
): number {
  const internalAddress = thirdPartyOf(spec.options) ?? clientAddress;
  return externalAddress.equals(internalAddress) ? spec.internalPort : externalPort;
}

/** Whether address, port or lifetime are not what they were before. */
function isChanged(
  { server }: MappingContext,
  { phase, lease }: Mapping,
  { externalAddress, externalPort, lifetime, expiresAt }: Assignment,
  isAnswer: boolean,
): boolean {
  // A server that has lost its state grants anew, also if this response is the first sign of it.
  if (lease === undefined || phase === "recovering") return true;
  if (lease.serverGeneration !== server.generation(lease.protocol)) return true;
  const { assignment: before } = lease;
  if (before.externalPort !== externalPort) return true;
  if (!before.externalAddress.equals(externalAddress)) return true;
  if (before.lifetime === lifetime) return false;
  // Copies of an update end at the same time.
  return isAnswer || Math.abs(before.expiresAt - expiresAt) >= SAME_END;
}
