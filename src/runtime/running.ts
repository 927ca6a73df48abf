import { denoRuntime } from "./deno.ts";
import type { Runtime } from "./runtime.ts";

/** The runtime of this process. */
export const runtime: Runtime = "Deno" in globalThis
  ? denoRuntime()
  : (await import("./node.ts")).nodeRuntime();
