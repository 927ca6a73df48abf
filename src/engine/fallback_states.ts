import type { Fallback, FallbackState } from "./fallback.ts";
import type { Mappings } from "./mappings.ts";

/** States in which no answer is waited for, and none has come. */
export const UNHEARD: ReadonlySet<FallbackState> = new Set(["unasked", "silent", "refused"]);

/** States in which the gateway seems not to speak the protocol. */
export const GIVEN_UP: ReadonlySet<FallbackState> = new Set(["silent", "refused", "unsupported"]);

/** Whether the protocol was asked for anything. */
export function isInUse({ state }: Fallback): boolean {
  return state !== "unasked";
}

/**
 * Whether a protocol can make anything that is left unanswered, or do what the client wants of it in another way. A search in
 * UPnP is loud, so it must not begin in vain.
 */
export function isNeeded(fallback: Fallback, mappings: Mappings): boolean {
  if (fallback.protocol !== "upnp") return true;
  for (const { spec, unanswered } of mappings) {
    if (unanswered === undefined) continue;
    const obstacle = fallback.obstacle(spec);
    if (obstacle === undefined || obstacle === "pcpOnly") return true;
  }
  return false;
}
