import { ResultCode } from "../wire/result_code.ts";
import { errorHold, stretchedWait } from "./error_hold.ts";
import { type IgnoreReason, LocalCode, type Milliseconds } from "./events.ts";
import { giveUpExchange } from "./exchange.ts";
import { type Answer, protocolOf } from "./fallback.ts";
import { retryWithout } from "./left_out_options.ts";
import type { Mapping } from "./mapping.ts";
import type { MappingContext } from "./mapping_context.ts";
import { isSuggestionBinding } from "./mapping_spec.ts";
import type { Obstacle, Unsupported } from "./obstacle.ts";
import { begin, failFor, holdRequest, noteRefusal, resume } from "./transitions.ts";

// Error responses (RFC 6887 section 8.3) and version errors (section 9).

/** A request was refused: no lease is left. */
export function refuse(
  context: MappingContext,
  mapping: Mapping,
  response: Answer,
): IgnoreReason | void {
  const { result } = response;
  const { spec, phase, lease } = mapping;
  if (mapping.unanswered !== undefined && retryWithout(context, mapping, response, phase)) return;
  const hold = holdOf(context, mapping, response);
  if (phase === "recovering" && lease !== undefined) {
    mapping.mayExistUntil = lease.assignment.expiresAt; // a server may keep its mappings into a new epoch
  }
  // To repeat the request is pointless if only the suggestion would do (RFC 6887 sections 12.1, 13.2).
  const isFinalRefusal = result === ResultCode.CannotProvideExternal && isSuggestionBinding(spec);
  const { upnpCode } = response;
  if (isFinalRefusal) failFor(context, mapping, result, context.now + hold, undefined, upnpCode);
  else holdRequest(context, mapping, result, hold, { upnpCode });
}

/** A renewal was refused: the lease lives to its end, and is renewed again after the hold. */
export function refuseRenewal(
  context: MappingContext,
  mapping: Mapping,
  response: Answer,
): IgnoreReason | void {
  const { result, upnpCode } = response;
  const { id, phase, unanswered } = mapping;
  if (unanswered === undefined) return withdraw(context, mapping, response);
  // The mapping is another client's by now.
  if (result === ResultCode.NotAuthorized) return refuse(context, mapping, response);
  if (retryWithout(context, mapping, response, "updating")) return;
  const hold = holdOf(context, mapping, response);
  noteRefusal(context, mapping, result, context.now + hold);
  unanswered.responsePending = false;
  resume(context, mapping);
  if (phase === "updating") mapping.retryAt = context.now + hold; // the caller still wants the update
  const refused = { type: "renewalRefused", id, code: result, retryIn: hold / 1000 } as const;
  context.outputs.push(upnpCode === undefined ? refused : { ...refused, upnpCode });
}

/** An error that answers no request: the server took the mapping back (RFC 6887 sections 8.3, 14.2). */
export function withdraw(
  context: MappingContext,
  mapping: Mapping,
  response: Answer,
): IgnoreReason | void {
  const { result, lifetime } = response;
  const { refusal } = mapping;
  const isCopy = refusal?.code === result && context.now < refusal.retryAfter;
  if (isCopy) return "stale";
  if (mapping.lifetimesLeft > 0) return refuse(context, mapping, response);
  failFor(context, mapping, result, context.now + errorHold(result, lifetime, 0, context.config));
}

/** The server assigned the external port to another internal port: the mapping lets it go, and asks for another one. */
export function yieldPort(context: MappingContext, mapping: Mapping): void {
  const { lease } = mapping;
  // A server that has lost its state since will assign another port when the mapping is requested anew.
  if (lease?.serverGeneration !== context.server.generation(lease?.protocol ?? "pcp")) return;
  const hold = errorHold(LocalCode.Conflict, 0, mapping.conflicts++, context.config);
  const expiresAt = lease?.assignment.expiresAt ?? -Infinity;
  mapping.mayExistUntil = Math.max(mapping.mayExistUntil, expiresAt);
  mapping.suggestedPort = 0;
  if (mapping.lifetimesLeft <= 0 || isSuggestionBinding(mapping.spec)) {
    return failFor(context, mapping, LocalCode.Conflict, context.now + hold, "conflict");
  }
  holdRequest(context, mapping, LocalCode.Conflict, hold, { reason: "conflict" });
}

/** How long a request is held that the server's protocol cannot serve, and why, if it is not the protocol as such. */
export interface VersionRefusal {
  readonly hold: Milliseconds;
  readonly unsupported?: Unsupported | undefined;
}

/** The server does not speak the protocol of the request, which is repeated after the hold (RFC 6887 section 9). */
export function refuseVersion(
  context: MappingContext,
  mapping: Mapping,
  { hold, unsupported }: VersionRefusal,
): void {
  // After nine transmissions in NAT-PMP the server may still have carried one out.
  if (mapping.exchange?.protocol !== "pcp") giveUpExchange(mapping);
  const code = unsupported === undefined ? ResultCode.UnsuppVersion : codeOf(unsupported);
  holdRequest(context, mapping, code, hold, { unsupported });
}

/** A lease outlasts a version error, which is easy to forge (RFC 6887 section 18), and silence in NAT-PMP. */
export function outlastVersionError(context: MappingContext, mapping: Mapping): void {
  if (mapping.exchange?.protocol === "pcp") return;
  giveUpExchange(mapping);
  resume(context, mapping);
}

/** The server speaks the protocol after all: what a version error held back is requested now. */
export function retryVersion(context: MappingContext, mapping: Mapping): void {
  const { refusal } = mapping;
  if (refusal === undefined) return;
  if (refusal.code !== ResultCode.UnsuppVersion && refusal.unsupported === undefined) return;
  mapping.refusal = { ...refusal, retryAfter: -Infinity };
  begin(context, mapping, "starting");
}

/** How long the request is held. NO_RESOURCES holds back requests for new mappings as well (RFC 6887 sections 11.4, 12.4). */
function holdOf(
  { config, server, now }: MappingContext,
  mapping: Mapping,
  response: Answer,
): Milliseconds {
  const { result, lifetime } = response;
  const wait = errorHold(result, lifetime, mapping.refusal?.count ?? 0, config);
  mapping.countShort(wait);
  const hold = stretchedWait(wait, mapping.shortAnswers);
  // Over UPnP the code stands for many errors, most of which concern one port only.
  const holdsAll = result === ResultCode.NoResources && protocolOf(response) !== "upnp";
  if (holdsAll) server.hold("new", now + hold);
  return hold;
}

/**
 * The result code for what a protocol cannot express. NAT-PMP has one answer to all requests of a newer protocol; of UPnP
 * the part is known.
 */
function codeOf({ protocol, part }: Unsupported): number {
  return protocol === "upnp" ? UPNP_CODES[part] : ResultCode.UnsuppVersion;
}

const UPNP_CODES: Readonly<Record<Obstacle, number>> = {
  outbound: ResultCode.UnsuppOpcode,
  protocol: ResultCode.UnsuppProtocol,
  allPorts: ResultCode.UnsuppProtocol,
  filter: ResultCode.UnsuppOption,
  thirdParty: ResultCode.UnsuppOption,
  preferFailure: ResultCode.UnsuppOption,
  family: ResultCode.UnsuppVersion,
  pcpOnly: ResultCode.UnsuppVersion,
};
