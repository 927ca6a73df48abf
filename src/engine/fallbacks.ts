import type { Milliseconds } from "./events.ts";
import type { Fallback, FallbackEvents, FallbackFactory, FallbackHost } from "./fallback.ts";
import type { GatewayKnowledge } from "./gateway_knowledge.ts";
import type { Inquiry } from "./inquiry.ts";
import * as lifecycle from "./lifecycle.ts";
import type { Mapping } from "./mapping.ts";
import type { MappingContext } from "./mapping_context.ts";
import type { Mappings } from "./mappings.ts";
import { NatPmp } from "./natpmp.ts";
import { hasNatPmpAddress } from "./natpmp_terms.ts";
import type { Protocol } from "./protocol.ts";
import type { RecoverySchedule } from "./recovery_schedule.ts";
import type { ServerList } from "./server_list.ts";

/** What the protocols other than PCP are made from. */
export interface FallbackParts {
  readonly context: MappingContext;
  readonly mappings: Mappings;
  readonly servers: ServerList;
  readonly recovery: RecoverySchedule;
  readonly protocols: readonly Protocol[];
  /** Makes the protocols after NAT-PMP, in the order in which they are tried. */
  readonly fallbacks: readonly FallbackFactory[];
}

/** What follows from their reports. */
export interface FallbackReactions {
  readonly knowledge: GatewayKnowledge;
  readonly inquiry: Inquiry;
  /** The gateway answered in the protocol, whose state is still the one before. */
  readonly heard: (fallback: Fallback) => void;
  readonly giveUp: (fallback: Fallback, mapping: Mapping, hold: Milliseconds) => void;
}

/** The protocols other than PCP that may be used, in the order in which they are tried. */
export interface Fallbacks {
  readonly natPmp: NatPmp | undefined;
  readonly all: readonly Fallback[];
}

/** Makes the protocols other than PCP that may be used. */
export function makeFallbacks(parts: FallbackParts & FallbackReactions): Fallbacks {
  const { context, protocols } = parts;
  const makesNatPmp = protocols.includes("nat-pmp") && context.config.natPmp &&
    hasNatPmpAddress(context);
  const natPmp = makesNatPmp ? makeNatPmp(parts) : undefined;
  const others = protocols.includes("upnp") ? parts.fallbacks : [];
  return {
    natPmp,
    all: [
      ...natPmp === undefined ? [] : [natPmp],
      ...others.map((factory) => make(parts, (events) => factory(events, hostOf(parts)))),
    ],
  };
}

function makeNatPmp(parts: FallbackParts & FallbackReactions): NatPmp {
  const { context } = parts;
  return make(parts, (events) => {
    return new NatPmp({
      ...events,
      config: context.config,
      send: (bytes, mapping) => context.outputs.push({ type: "send", bytes, id: mapping?.id }),
    });
  });
}

function hostOf({ context, servers }: FallbackParts): FallbackHost {
  const { config, clientAddress, random } = context;
  return {
    config,
    clientAddress,
    random,
    servers: () => servers.fromCurrent,
    act: (action) => context.outputs.push({ type: "upnp", action }),
  };
}

function make<T extends Fallback>(
  { context, mappings, recovery, knowledge, inquiry, heard, giveUp }:
    & FallbackParts
    & FallbackReactions,
  factory: (events: FallbackEvents) => T,
): T {
  const fallback: T = factory({
    answer: (mapping, response) => {
      lifecycle.receive(context, mapping, response);
      mappings.afterChange(mapping);
    },
    giveUp: (mapping, hold) => giveUp(fallback, mapping, hold),
    asked: (mapping) => {
      knowledge.asked(context.now, fallback.protocol, mapping?.lease !== undefined);
    },
    heard: () => heard(fallback),
    addressAnswered: (answer) => {
      if (!inquiry.isInPcp) inquiry.finish({ protocol: fallback.protocol, ...answer });
    },
    restarted: (epoch) => {
      context.server.restartedBesidePcp();
      context.outputs.push({ type: "serverRestarted", epoch });
      recovery.schedule(context.now, context.random() * context.config.announceWait);
    },
    readdressed: (address) => {
      for (const mapping of mappings) {
        lifecycle.readdress(context, mapping, fallback.protocol, address);
      }
    },
    lost: (mapping) => {
      context.outputs.push({ type: "entryLost", id: mapping.id });
      lifecycle.dispatch(context, mapping, "recover");
      mappings.afterChange(mapping);
    },
  });
  return fallback;
}
