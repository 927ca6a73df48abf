import { abortable } from "../../abortable.ts";
import type { Clock, Milliseconds } from "../../clock.ts";
import { DiscoveryError } from "../../discovery/discovery_error.ts";
import { errorCode } from "../../transport/transport_error.ts";
import { SocketError } from "../errors.ts";

/**
 * Repeats an attempt until this host has a network: every second, and every 5 seconds after the first minute.
 *
 * @param attempt Rejects while there is no route or no address.
 * @param signal Ends the wait with its reason.
 * @throws The error of an attempt that a network does not change, such as a missing permission.
 */
export async function waitForNetwork<T>(
  attempt: () => Promise<T>,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<T> {
  const start = clock.now();
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (!mayPass(error)) throw error;
    }
    const pause = clock.now() - start < MINUTE ? FIRST_PAUSE : PAUSE;
    await delay(pause, clock, signal);
  }
}

/** Whether the error may be gone when this host has a route and an address. */
function mayPass(error: unknown): boolean {
  if (error instanceof DiscoveryError) {
    return error.reason !== "permissionDenied" && error.reason !== "programMissing";
  }
  // The address that was given is not yet one of this host, or its interface is missing, which has no code of its own.
  return error instanceof SocketError && error.operation === "open" && !isDenied(error.cause);
}

function isDenied(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  return DENIED.has(cause.name) || DENIED.has(errorCode(cause) ?? "") || isDenied(cause.cause);
}

async function delay(
  pause: Milliseconds,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<void> {
  let cancel = (): void => {};
  const passed = new Promise<void>((resolve) => cancel = clock.alarm(clock.now() + pause, resolve));
  try {
    await abortable(passed, signal);
  } finally {
    cancel();
  }
}

/** Names of Deno's errors, and codes of the system. */
const DENIED: ReadonlySet<string> = new Set(["NotCapable", "PermissionDenied", "EACCES", "EPERM"]);

const MINUTE: Milliseconds = 60_000;
const FIRST_PAUSE: Milliseconds = 1_000;
const PAUSE: Milliseconds = 5_000;
