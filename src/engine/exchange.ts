import type { EngineConfig } from "./config.ts";
import type { MappingState, Milliseconds } from "./events.ts";
import { mayExistUntil } from "./held_mapping.ts";
import { type Exchange, type Mapping, newExchange } from "./mapping.ts";
import type { MappingContext } from "./mapping_context.ts";
import { encodeMappingRequest } from "./mapping_request.ts";
import { retransmissionTime } from "./retransmission.ts";
import { emitState, scheduleRenewal } from "./transitions.ts";

// Requests of a mapping: when they may leave, how they are repeated (RFC 6887 section 8.1.1), and what one without a
// response means.

/** Sends the request and schedules its repetition. */
export function send(context: MappingContext, mapping: Mapping): void {
  if (mapping.phase === "queued") mapping.phase = "starting";
  const { phase, lease } = mapping;
  const { now } = context;
  const exchange = mapping.exchange ??= newExchange();
  if (phase !== "deleting") {
    rememberUnanswered(mapping);
    if (lease !== undefined) mapping.renewalSentAt = now;
  }
  if (exchange.transmissions === 0) exchange.firstSentAt = now;
  const attempt = exchange.transmissions++;
  const isInPcp = context.usesPcp(mapping);
  exchange.lastSentAt = now;
  exchange.responsePending = true;
  if (phase === "renewing" && lease !== undefined) {
    // A renewal is repeated in the next window instead (RFC 6887 section 11.2.1).
    lease.renewalAttempt++;
    scheduleRenewal(context, mapping);
  } else if (isInPcp) scheduleRetransmission(context, mapping, exchange);
  if (isInPcp) {
    exchange.protocol = "pcp";
    exchange.octets ??= encodeMappingRequest(mapping, context.clientAddress);
    context.outputs.push({ type: "send", bytes: exchange.octets, id: mapping.id });
  }
  if (phase === "starting") {
    return emitState(context, mapping, attempt === 0 ? STARTING : { type: "starting", attempt });
  }
  if (mapping.deletion?.endAs.type === "error") return; // that is the state already
  const lifetime = phase === "deleting" ? 0 : mapping.lifetime;
  emitState(context, mapping, { type: "updating", attempt, lifetime });
}

/** The next request of the mapping must not leave before. */
export function heldUntil(context: MappingContext, mapping: Mapping): Milliseconds {
  const { config, server } = context;
  const { phase, lease, exchange } = mapping;
  // A refusal of PCP's version holds back nothing that goes another way.
  const isElsewhere = !context.usesPcp(mapping);
  if (phase === "deleting" || phase === "ended") {
    return server.heldUntil(false, isElsewhere);
  }
  // Requests for a lease keep 4 s apart (RFC 6887 section 11.2.1), repetitions in recovery as long as any other.
  const keepsGap = phase === "updating" ||
    (phase === "recovering" && exchange?.transmissions === 0);
  return Math.max(
    mapping.retryAfter,
    keepsGap ? mapping.renewalSentAt + config.renewalGap : -Infinity,
    server.heldUntil(
      phase === "queued" || phase === "starting",
      isElsewhere || lease?.protocol === "pcp",
    ),
  );
}

/** Notes that the last request, if it has no response, may have been carried out: then the server holds the mapping. */
export function rememberUnanswered(mapping: Mapping): void {
  if (mapping.exchange?.responsePending) mapping.mayExistUntil = mayExistUntil(mapping);
}

/** Ends the exchange without a response. */
export function giveUpExchange(mapping: Mapping): void {
  rememberUnanswered(mapping);
  mapping.exchange = undefined;
}

/** Whether the exchange has used up its transmissions (MRC) or its time (MRD; RFC 6887 section 8.1.1). */
export function isExhausted({ config, now }: MappingContext, exchange: Exchange): boolean {
  const { maximumTransmissions } = config;
  return (maximumTransmissions !== 0 && exchange.transmissions >= maximumTransmissions) ||
    now >= endOf(exchange, config);
}

/** Whether the server's address was tried often enough: then the next one is (RFC 7488 section 3). */
export function isServerSilent(
  { transmissionLimit }: MappingContext,
  { exchange }: Mapping,
): boolean {
  return transmissionLimit !== 0 && exchange !== undefined &&
    exchange.transmissions >= transmissionLimit;
}

function scheduleRetransmission(
  { config, random, now }: MappingContext,
  mapping: Mapping,
  exchange: Exchange,
): void {
  exchange.wait = retransmissionTime(exchange.wait, random, config);
  // Requests for a lease keep 4 s apart (RFC 6887 section 11.2.1).
  const gap = mapping.phase === "updating" ? config.renewalGap : 0;
  mapping.retransmitAt = Math.min(now + Math.max(exchange.wait, gap), endOf(exchange, config));
}

/** MRD after the first transmission (RFC 6887 section 8.1.1). */
function endOf({ firstSentAt }: Exchange, { maximumDuration }: EngineConfig): Milliseconds {
  return maximumDuration === 0 ? Infinity : firstSentAt + maximumDuration;
}

const STARTING: MappingState = { type: "starting", attempt: 0 };
