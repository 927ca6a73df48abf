import type { MapHandle, MappingState } from "../../mod.ts";
import { ResultCode } from "../../mod.ts";
import { stateText } from "./render.ts";
import type { ReplClient } from "./repl_client.ts";
import { clockTime, duration } from "./text.ts";
import type { TrackedMapping } from "./tracked_mapping.ts";

/**
 * Whether a refusal may end without another request: `--keep-alive` goes on asking then. What the request itself gets wrong
 * stays wrong, and so does what the gateway's protocol cannot express.
 */
export function canPass(state: MappingState): boolean {
  return state.type === "error" && state.retryIn !== undefined &&
    state.unsupported === undefined && !OF_THE_REQUEST.has(state.code);
}

/** What a mapping that is kept alive waits for, or until when it is open: one line, computed anew whenever it is shown. */
export function keepAliveText(tracked: TrackedMapping, client: ReplClient, now: Date): string {
  const { mapping, retryAt } = tracked;
  const { state } = mapping;
  if (state.type === "error" && retryAt !== undefined) {
    const seconds = (retryAt.getTime() - now.getTime()) / 1000;
    return `Refused with ${state.name}, requested again in ${duration(seconds)}`;
  }
  const until = openUntil(mapping, now);
  if (until === undefined) return `Waiting for ${client.gatewayText}: ${stateText(state)}`;
  return state.type === "running"
    ? `Open until ${until}`
    : `Waiting for ${client.gatewayText}: ${stateText(state)}, open until ${until}`;
}

function openUntil({ expiresAt }: MapHandle, now: Date): string | undefined {
  return expiresAt === undefined ? undefined : clockTime(expiresAt, now);
}

const OF_THE_REQUEST: ReadonlySet<number> = new Set([
  ResultCode.MalformedRequest,
  ResultCode.UnsuppOpcode,
  ResultCode.UnsuppOption,
  ResultCode.MalformedOption,
  ResultCode.UnsuppProtocol,
  ResultCode.ExcessiveRemotePeers,
]);
