import { loadLateModules as loadLibrary } from "../src/late_modules.ts";
import { keepDescriptor } from "./spare_descriptor.ts";

let loading: Promise<unknown> | undefined;

/**
 * Loads every module that a request may need and that is not loaded at the start. Later calls wait for the first one. After
 * that the server works without a free file descriptor.
 */
export async function loadLateModules(): Promise<void> {
  keepDescriptor();
  await (loading ??= Promise.all([
    loadLibrary(),
    import("./openrpc.json", { with: { type: "json" } }),
    import("./simulator.ts"),
  ]));
}
