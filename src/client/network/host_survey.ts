import type { Addresses } from "./addresses.ts";
import type { HostSurvey } from "./network_watcher.ts";

/** Looks at the machine that this program runs on. */
export function systemSurvey(find: (current: Addresses) => Promise<Addresses>): HostSurvey {
  return {
    find,
    async hostAddresses() {
      if (!await mayAsk()) return undefined;
      const { localAddresses } = await import("../../discovery/local_address.ts");
      return await localAddresses();
    },
    wallTime: () => Date.now(),
  };
}

/** For a client whose addresses were both given: they stay what they are, but the machine may sleep. */
export function fixedSurvey(): HostSurvey {
  return {
    find: (current) => Promise.resolve(current),
    hostAddresses: () => Promise.resolve(undefined),
    wallTime: () => Date.now(),
  };
}

/** A question in the middle of the user's program would be worse than to look less closely. */
async function mayAsk(): Promise<boolean> {
  const { Deno: deno } = globalThis as unknown as {
    Deno?: Partial<Pick<typeof Deno, "permissions">>;
  };
  if (deno?.permissions === undefined) return true; // Node and Bun
  const { state } = await deno.permissions.query({ name: "sys", kind: "networkInterfaces" });
  return state === "granted";
}
