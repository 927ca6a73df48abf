import type { Addresses } from "./addresses.ts";
import type { HostSurvey } from "./network_watcher.ts";

/** A survey of the machine that this program runs on. */
export function systemSurvey(find: HostSurvey["find"]): HostSurvey {
  return {
    find,
    async hostAddresses() {
      const { localAddresses } = await import("../../discovery/local_address.ts");
      return await localAddresses();
    },
    wallTime: () => Date.now(),
  };
}

/** A survey for a client with given addresses: they do not change, but the machine may sleep. */
export function fixedSurvey(): HostSurvey {
  return {
    find: (current: Addresses) => Promise.resolve(current),
    hostAddresses: () => Promise.resolve(undefined),
    wallTime: () => Date.now(),
  };
}
