/** The version of this package, as `deno.json` states it. */
export const VERSION = "0.1.0";

/** The version of the JSON-RPC protocol: methods, params, results and error codes. See README.md for what it promises. */
export const PROTOCOL_VERSION = "1.0";
