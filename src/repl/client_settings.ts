import { type ClientOptions, FileStore } from "../../mod.ts";
import type { CommonOptions } from "./command.ts";

/** The options of a client, from those of a command. */
export function clientOptionsOf(options: CommonOptions): ClientOptions {
  const { port, protocols, anycast, watch, state, waitForNetwork } = options;
  return {
    ...(port === undefined ? {} : { port }),
    ...(protocols === undefined ? {} : { protocols }),
    ...(anycast === undefined ? {} : { anycast }),
    ...(waitForNetwork === undefined ? {} : { waitForNetwork }),
    ...(watch === undefined ? {} : { watch: watch !== "off" && { interval: watch * 1000 } }),
    ...(state === undefined ? {} : { store: new FileStore(state) }),
    shutdownTimeout: SHUTDOWN_TIMEOUT,
    // The option --third-party is consent enough.
    allowThirdParty: true,
  };
}

/** Whether a client that was started with some options fits those of a later command; missing ones fit. */
export function fits(later: CommonOptions, started: CommonOptions): boolean {
  return CLIENT_OPTIONS.every((name) =>
    later[name] === undefined || String(later[name]) === String(started[name])
  );
}

/** Milliseconds until shutdown() gives up: two transmissions and their responses fit (RFC 6887 section 8.1.1). */
export const SHUTDOWN_TIMEOUT = 5_000;

/** Options that only the start of a client takes, besides its addresses. */
const CLIENT_OPTIONS = ["state", "protocols", "anycast", "watch"] as const;
