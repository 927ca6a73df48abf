import { ResultCode } from "../wire/result_code.ts";
import type { AnnounceRequest } from "./announce_request.ts";
import { errorHold } from "./error_hold.ts";
import type { Milliseconds } from "./events.ts";
import type { Fallback } from "./fallback.ts";
import { mayExistInNatPmp } from "./grant.ts";
import type { GatewayKnowledge } from "./gateway_knowledge.ts";
import * as lifecycle from "./lifecycle.ts";
import type { Mapping } from "./mapping.ts";
import type { MappingContext } from "./mapping_context.ts";
import type { Mappings } from "./mappings.ts";
import type { VersionRefusal } from "./refusal.ts";

/** What a {@linkcode HandOver} works on. */
export interface HandOverOptions {
  readonly context: MappingContext;
  readonly mappings: Mappings;
  readonly announceRequest: AnnounceRequest;
  readonly fallbacks: readonly Fallback[];
  readonly knowledge: GatewayKnowledge;
}

/** Moves requests from one protocol to another, or refuses those that the other cannot make. */
export class HandOver {
  /** UPnP, if that may be used. */
  readonly upnp: Fallback | undefined;
  readonly #options: HandOverOptions;

  constructor(options: HandOverOptions) {
    this.#options = options;
    this.upnp = options.fallbacks.find(({ protocol }) => protocol === "upnp");
  }

  /**
   * The mapping is requested in another protocol, beside PCP or instead of it. One that PCP granted stays in PCP while its
   * lease lasts: with NAT-PMP anyone could fake or end it.
   *
   * @param hold How long a mapping is held that the protocol cannot make; as after a version error if left out.
   */
  move(
    now: Milliseconds,
    mapping: Mapping,
    fallback: Fallback,
    way: "beside" | "instead",
    hold?: Milliseconds,
  ): void {
    const { exchange, lease, phase } = mapping;
    if (exchange === undefined || phase === "running" || lease?.protocol === "pcp") return;
    const { protocol } = fallback;
    const isIn = exchange.beside === protocol || exchange.protocol === protocol;
    if (way === "beside" && isIn) return;
    const part = fallback.obstacle(mapping.spec);
    if (part !== undefined) {
      // Its repetition in PCP may still be answered. For the client's own requests there is another way.
      const isLost = exchange.transmissions > 1 || part === "pcpOnly" || way === "instead";
      if (isLost) this.refuse(mapping, { hold, unsupported: { protocol, part } });
      return;
    }
    const { context, mappings } = this.#options;
    if (way === "beside") {
      this.leave(mapping);
      exchange.beside = protocol;
    } else {
      if (!isIn) context.dequeue(mapping);
      lifecycle.fallBack(mapping, protocol);
    }
    mappings.afterChange(mapping);
    if (!isIn) fallback.add(mapping, now);
  }

  /** What waits in a protocol that does not answer goes on in the one that does. */
  leaveSilent(now: Milliseconds, fallback: Fallback): void {
    const silent = this.#options.fallbacks.filter(({ state }) => state !== "usable");
    for (const mapping of this.#options.mappings) {
      const protocol = mapping.unanswered?.protocol;
      if (silent.some((each) => each.protocol === protocol)) {
        this.move(now, mapping, fallback, "instead");
      }
    }
  }

  /** The server's protocol is unknown to this client, or cannot express the request. */
  refuse(
    mapping: Mapping,
    { hold, unsupported }: { [K in keyof VersionRefusal]?: VersionRefusal[K] | undefined } = {},
  ): void {
    const { context, mappings } = this.#options;
    context.dequeue(mapping);
    const refusals = mapping.refusal?.count ?? 0;
    lifecycle.versionRefused(context, mapping, {
      hold: hold ?? errorHold(ResultCode.UnsuppVersion, 0, refusals, context.config),
      unsupported,
    });
    mappings.afterChange(mapping);
  }

  /**
   * The protocol for a mapping that is not requested in PCP: one that is spoken, otherwise the first one that can make it.
   * After a refusal of PCP's version that is UPnP.
   */
  choose(now: Milliseconds, mapping: Mapping): Fallback | undefined {
    const { fallbacks, context: { server } } = this.#options;
    const isUpnp = mapping.staysInUpnp(now) || server.otherwiseUntil > now;
    if (this.upnp !== undefined && isUpnp) return this.upnp;
    const spoken = this.spoken(now);
    if (spoken === undefined || spoken.state === "usable") return spoken;
    return fallbacks.find((each) => each.obstacle(mapping.spec) === undefined) ?? spoken;
  }

  /** The protocol other than PCP that is known to be spoken, otherwise the first one. */
  spoken(now: Milliseconds): Fallback | undefined {
    const { fallbacks, context: { server } } = this.#options;
    if (this.upnp !== undefined && server.otherwiseUntil > now) return this.upnp;
    return fallbacks.find(({ state }) => state === "usable") ?? fallbacks[0];
  }

  /** Whether the mapping is not requested in PCP, although that may be used. */
  goesOtherwise(now: Milliseconds, mapping: Mapping): boolean {
    if (this.upnp !== undefined && mapping.staysInUpnp(now)) return true;
    const isRefused = this.#options.context.server.otherwiseUntil > now;
    return isRefused && this.upnpFor(mapping) !== undefined;
  }

  /** UPnP, if a mapping that nothing has granted can go over to it. */
  upnpFor({ spec, phase, lease }: Mapping): Fallback | undefined {
    if (lease !== undefined || phase === "deleting") return undefined;
    return this.upnp?.obstacle(spec) === undefined ? this.upnp : undefined;
  }

  /** A protocol other than PCP got no answer for the mapping. The next one is tried, if there is one. */
  giveUp(fallback: Fallback, mapping: Mapping, wait: Milliseconds): void {
    const { context, mappings, knowledge } = this.#options;
    const { now, server } = context;
    const { exchange, lease, upnp } = mapping;
    if (fallback.protocol === "nat-pmp" && exchange?.protocol === "nat-pmp") {
      const next = this.upnpFor(mapping);
      const isNext = next?.state === "usable" || !context.allowsPcp;
      if (next !== undefined && isNext) return this.move(now, mapping, next, "instead");
    }
    if (exchange?.protocol !== "pcp" && lease === undefined) knowledge.conclude(now);
    const hold = server.otherwiseUntil > now ? server.otherwiseUntil - now : wait;
    // PCP goes on beside.
    if (exchange?.protocol === "pcp") exchange.beside = undefined;
    else if (upnp !== undefined && lease === undefined && context.allowsPcp) {
      // What an earlier run made is not found: it is requested as a new one, in any protocol.
      mapping.upnp = undefined;
      lifecycle.dispatch(context, mapping, "startOver");
    } else lifecycle.versionRefused(context, mapping, { hold });
    mappings.afterChange(mapping);
  }

  /** The other protocols have no ANNOUNCE. */
  refuseAnnounce(hold: Milliseconds): void {
    const { announceRequest, context } = this.#options;
    if (!announceRequest.isUnderWay) return;
    announceRequest.stop();
    const lifetime = hold / 1000;
    context.outputs.push({ type: "announceFailed", code: ResultCode.UnsuppVersion, lifetime });
  }

  /** The exchange of the mapping is over, or begins anew. */
  leave(mapping: Mapping): void {
    for (const fallback of this.#options.fallbacks) {
      if (fallback.state !== "unasked") fallback.remove(mapping);
    }
  }

  /** PCP's answer wins: what was requested in another protocol is requested in PCP. */
  returnToPcp(): void {
    const { context, mappings } = this.#options;
    for (const mapping of mappings) {
      const { exchange } = mapping;
      if (exchange === undefined || mapping.staysInUpnp(context.now)) continue;
      mapping.natPmpUntil = mayExistInNatPmp(context, mapping); // an answer on its way
      if (exchange.protocol !== "pcp" && exchange.responsePending) {
        lifecycle.dispatch(context, mapping, "startOver");
      } else if (exchange.beside !== undefined) {
        this.leave(mapping);
        exchange.beside = undefined;
      }
      mappings.afterChange(mapping);
    }
  }

  /** The server speaks a protocol that it seemed not to speak: requests what a version error held back. */
  acceptVersion(): void {
    const { context, mappings } = this.#options;
    for (const mapping of mappings) {
      lifecycle.dispatch(context, mapping, "versionAccepted");
      mappings.afterChange(mapping);
    }
  }
}
