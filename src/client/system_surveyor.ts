import type { Addresses } from "./addresses.ts";
import type { Surveyor } from "./watcher.ts";

/** Looks at the machine that this program runs on. */
export function systemSurveyor(find: () => Promise<Addresses>): Surveyor {
  return {
    find,
    async hostAddresses() {
      const { localAddresses } = await import("../discovery/local_address.ts");
      return await localAddresses();
    },
    wallTime: () => Date.now(),
  };
}
