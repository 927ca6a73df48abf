import { endDeletion } from "./deletion.ts";
import { stretchedWait } from "./error_hold.ts";
import { LocalCode } from "./events.ts";
import { giveUpExchange, isExhausted, isServerSilent } from "./exchange.ts";
import type { Mapping } from "./mapping.ts";
import type { MappingContext } from "./mapping_context.ts";
import {
  begin,
  clearLease,
  emitState,
  end,
  errorState,
  holdRequest,
  resume,
} from "./transitions.ts";

// Deadlines that come without a response.

/** The wait after a transmission is over (RFC 6887 section 8.1.1): repeats the request, or gives up. */
export function retransmit(context: MappingContext, mapping: Mapping): void {
  const { phase, exchange } = mapping;
  if (isServerSilent(context, mapping)) return context.serverSilent();
  if (exchange === undefined || !isExhausted(context, exchange)) return context.enqueue(mapping);
  exchange.responsePending = false;
  if (phase === "deleting") endDeletion(context, mapping);
  else if (phase === "updating") resume(context, mapping);
  else end(context, mapping, errorState(LocalCode.NoResponse));
}

/** The window of the next attempt to renew has begun (RFC 6887 section 11.2.1). */
export function repeatRenewal(context: MappingContext, mapping: Mapping): void {
  if (isServerSilent(context, mapping)) context.serverSilent();
  else context.enqueue(mapping);
}

/** The lifetime is over. A mapping of which further lifetimes are wanted is requested anew. */
export function expire(context: MappingContext, mapping: Mapping): void {
  giveUpExchange(mapping);
  const { lifetime = 0 } = mapping.lease?.assignment ?? {};
  clearLease(context, mapping);
  if (mapping.lifetimesLeft <= 0) return end(context, mapping, { type: "expired" });
  const hold = stretchedWait(lifetime * 1000, mapping.shortAnswers) - lifetime * 1000;
  if (hold > 0) {
    const code = LocalCode.UnusableAssignment;
    return holdRequest(context, mapping, code, hold, { reason: "shortLifetime" });
  }
  emitState(context, mapping, { type: "expired" });
  begin(context, mapping, "starting");
}
