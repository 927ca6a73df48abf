import { NATPMP_VERSION } from "../wire/constants.ts";
import type { Response } from "../wire/message.ts";
import { ResultCode } from "../wire/result_code.ts";
import type { AnnounceRequest } from "./announce_request.ts";
import type { IgnoreReason } from "./events.ts";
import { fallBack, versionRefused } from "./lifecycle.ts";
import type { MappingContext } from "./mapping_context.ts";
import type { Mappings } from "./mappings.ts";
import type { NatPmp } from "./natpmp.ts";
import { isNatPmpPossible } from "./natpmp_terms.ts";

/**
 * UNSUPP_VERSION: the server does not speak version 2 (RFC 6887 section 9). PCP is tried again after 30 minutes at the
 * latest. If the server speaks NAT-PMP, the requests under way go on in that (RFC 6886 section 1.1).
 *
 * @returns Why it changed nothing, if so. It counts only while a request has no response: it is easy to forge.
 */
export function negotiateVersion(
  context: MappingContext,
  mappings: Mappings,
  natPmp: NatPmp,
  announceRequest: AnnounceRequest,
  response: Response,
): IgnoreReason | undefined {
  const { now, config, server, clientAddress } = context;
  const asked = mappings.unansweredInPcp;
  if (asked.length === 0 && !announceRequest.isUnderWay) return "stale";
  const speaksNatPmp = response.version === NATPMP_VERSION;
  const hold = server.versionRefused(response.lifetime);
  if (speaksNatPmp) natPmp.versionRefused(now, response.epoch);
  else server.holdVersion(now + hold);
  for (const mapping of asked) {
    context.dequeue(mapping);
    const fallsBack = speaksNatPmp && config.natPmp &&
      isNatPmpPossible(mapping.spec, clientAddress);
    if (fallsBack) fallBack(mapping);
    else versionRefused(context, mapping, hold);
    mappings.afterChange(mapping);
    if (fallsBack) natPmp.add(mapping, now);
  }
  if (announceRequest.isUnderWay) {
    announceRequest.stop();
    const lifetime = hold / 1000;
    context.outputs.push({ type: "announceFailed", code: ResultCode.UnsuppVersion, lifetime });
  }
  return undefined;
}
