import { NATPMP_VERSION } from "../wire/constants.ts";
import type { Response } from "../wire/message.ts";
import { ResultCode } from "../wire/result_code.ts";
import type { IgnoreReason, Milliseconds } from "./events.ts";
import type { Mapping } from "./mapping.ts";
import type { Mappings } from "./mappings.ts";
import type { NatPmp } from "./natpmp.ts";
import { isNatPmpPossible } from "./natpmp_terms.ts";
import type { Pacer } from "./pacer.ts";
import type { MappingContext } from "./phase.ts";
import type { AnnounceRequest } from "./announce_request.ts";
import type { ServerState } from "./server_state.ts";

/** What a change of version concerns. */
export interface Negotiation {
  readonly world: MappingContext;
  readonly mappings: Mappings;
  readonly pacer: Pacer<Mapping>;
  readonly probe: AnnounceRequest;
  readonly state: ServerState;
  readonly natPmp: NatPmp;
}

/**
 * RFC 6887 section 9: the server does not speak version 2. It is asked again after 30 minutes at the latest; if it speaks
 * NAT-PMP, what that can do is asked for at once, and only the request under way (RFC 6886 section 1.1).
 *
 * @returns Why it changed nothing, if so: nobody believes it who asked nothing.
 */
export function refuseVersion(
  { world, mappings, pacer, probe, state, natPmp }: Negotiation,
  now: Milliseconds,
  response: Response,
): IgnoreReason | undefined {
  const awaiting = [...mappings].filter((mapping) => mapping.awaiting && !mapping.natPmp);
  if (awaiting.length === 0 && !probe.isUnderWay) return "stale";
  const speaksNatPmp = response.version === NATPMP_VERSION;
  const fallsBack = speaksNatPmp && world.config.natPmp;
  const hold = state.versionRefused(response.lifetime);
  if (speaksNatPmp) natPmp.versionRefused(now, response.epoch);
  else state.holdVersion(now + hold);
  for (const mapping of awaiting) {
    pacer.forget(mapping);
    if (fallsBack && isNatPmpPossible(mapping.spec, world.clientAddress)) {
      mappings.touch(mapping, () => mapping.fallBack());
      natPmp.add(mapping, now);
    } else mappings.touch(mapping, () => mapping.refuseVersion(now, hold));
  }
  if (probe.isUnderWay) {
    probe.stop();
    world.outputs.push({
      type: "announceFailed",
      code: ResultCode.UnsuppVersion,
      lifetime: hold / 1000,
    });
  }
  return undefined;
}
