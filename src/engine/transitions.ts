import { resultName } from "../wire/result_code.ts";
import { isStretched } from "./error_hold.ts";
import { type Defect, localName, type MappingState, type Milliseconds } from "./events.ts";
import { heldAtServerUntil } from "./held_mapping.ts";
import { type Mapping, newExchange, type Phase } from "./mapping.ts";
import type { MappingContext } from "./mapping_context.ts";
import type { Unsupported } from "./obstacle.ts";
import { nextRenewal } from "./renewal.ts";

// The ways from one phase to another, which the actions share.

/** Starts a new exchange. */
export function begin(context: MappingContext, mapping: Mapping, phase: Phase): void {
  mapping.phase = phase;
  mapping.exchange = newExchange(mapping.exchange);
  mapping.retransmitAt = mapping.renewAt = mapping.retryAt = Infinity;
  context.leaveFallbacks(mapping);
  context.enqueue(mapping);
}

/** Ends the exchange and schedules the next renewal. */
export function run(context: MappingContext, mapping: Mapping): void {
  context.dequeue(mapping);
  mapping.phase = "running";
  const { exchange } = mapping;
  if (exchange?.responsePending) {
    exchange.protocol = "pcp";
    exchange.beside = undefined;
  } else mapping.exchange = undefined;
  mapping.retransmitAt = mapping.retryAt = Infinity;
  scheduleRenewal(context, mapping);
}

export function resume(context: MappingContext, mapping: Mapping): void {
  run(context, mapping);
  emitState(context, mapping, RUNNING);
}

/** Sets when the lease is renewed next: never, if no further lifetime is wanted or no window is left. */
export function scheduleRenewal(context: MappingContext, mapping: Mapping): void {
  const { lease } = mapping;
  mapping.renewAt = Infinity;
  if (lease === undefined || mapping.lifetimesLeft <= 0 || isStretched(mapping.shortAnswers)) {
    return;
  }
  const next = nextRenewal(
    context.now,
    {
      grantedAt: lease.grantedAt,
      lifetime: lease.assignment.lifetime * 1000,
      attempt: lease.renewalAttempt + 1,
      previousAt: mapping.renewalSentAt,
    },
    // NAT-PMP renews at half of the lifetime (RFC 6886 section 3.3), and UPnP as that.
    lease.protocol === "pcp" ? context.random : undefined,
    context.config,
  );
  if (next === undefined) return;
  lease.renewalAttempt = next.attempt - 1;
  mapping.renewAt = Math.max(next.at, mapping.retryAfter);
}

/** What else is known of an error. */
export interface RefusalDetails {
  /** What the gateway's protocol cannot express. */
  readonly unsupported?: Unsupported | undefined;
  readonly reason?: Defect;
  /** The gateway's own number of the error. */
  readonly upnpCode?: number | undefined;
}

/** Loses lease and exchange, and requests the mapping again after `hold`. */
export function holdRequest(
  context: MappingContext,
  mapping: Mapping,
  code: number,
  hold: Milliseconds,
  { unsupported, reason, upnpCode }: RefusalDetails = {},
): void {
  mapping.phase = "refused";
  mapping.exchange = undefined;
  mapping.retransmitAt = mapping.renewAt = mapping.expireAt = Infinity;
  context.dequeue(mapping);
  noteRefusal(context, mapping, code, context.now + hold, unsupported);
  mapping.retryAt = mapping.retryAfter;
  clearLease(context, mapping);
  emitState(context, mapping, {
    ...errorState(code, reason, upnpCode),
    retryIn: hold / 1000,
    ...(unsupported === undefined ? {} : { unsupported }),
  });
}

/** Counts an error; the request is not repeated before `retryAfter`. */
export function noteRefusal(
  { server }: MappingContext,
  mapping: Mapping,
  code: number,
  retryAfter: Milliseconds,
  unsupported?: Unsupported,
): void {
  const count = (mapping.refusal?.count ?? 0) + 1;
  mapping.refusal = { code, retryAfter, count, restarts: server.restarts, unsupported };
}

/** Ends the mapping with an error. The same request, for another mapping, is not sent before `retryAfter`. */
export function failFor(
  context: MappingContext,
  mapping: Mapping,
  code: number,
  retryAfter: Milliseconds,
  reason?: Defect,
  upnpCode?: number,
): void {
  noteRefusal(context, mapping, code, retryAfter);
  end(context, mapping, errorState(code, reason, upnpCode));
}

/** Ends the mapping. After a deletion that a late answer may undo, it stays for a while to delete again. */
export function end(context: MappingContext, mapping: Mapping, state: MappingState): void {
  const { deletion, exchange } = mapping;
  const heldUntil = heldAtServerUntil(mapping);
  const lingers = deletion !== undefined && exchange !== undefined && deletion.pendingCreates > 0;
  mapping.phase = "ended";
  mapping.exchange = undefined;
  mapping.retransmitAt = mapping.renewAt = mapping.retryAt = Infinity;
  mapping.expireAt = lingers ? exchange.lastSentAt + context.config.lingerTime : Infinity;
  context.dequeue(mapping);
  clearLease(context, mapping);
  emitState(context, mapping, state);
  context.ended(mapping, heldUntil);
  mapping.deletion = undefined;
}

export const RUNNING: MappingState = { type: "running" };

export function errorState(
  code: number,
  reason?: Defect,
  upnpCode?: number,
): MappingState & { type: "error" } {
  const name = code < 0 ? localName(code) : resultName(code);
  return {
    type: "error",
    code,
    name,
    ...(reason === undefined ? {} : { reason }),
    ...(upnpCode === undefined ? {} : { upnpCode }),
  };
}

export function emitState(context: MappingContext, mapping: Mapping, state: MappingState): void {
  const over = mapping.phase === "ended";
  context.outputs.push({ type: "state", id: mapping.id, state, over });
}

export function clearLease(context: MappingContext, mapping: Mapping): void {
  if (mapping.lease === undefined) return;
  mapping.lease = undefined;
  context.outputs.push({ type: "lost", id: mapping.id });
}

export function updateDeadline(mapping: Mapping): void {
  const { retransmitAt, renewAt, expireAt, retryAt } = mapping;
  mapping.dueAt = Math.min(retransmitAt, renewAt, expireAt, retryAt);
}
