/** The version of this package, as `deno.json` states it. */
export const VERSION = "0.1.0";
