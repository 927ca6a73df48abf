export { VERSION } from "../src/version.ts";

/** The version of the JSON-RPC protocol: methods, params, results and error codes. See README.md for what it promises. */
export const PROTOCOL_VERSION = "1.0";
