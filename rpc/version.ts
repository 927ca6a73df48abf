export { VERSION } from "../src/version.ts";

/** The version of the JSON-RPC protocol: methods, params, results and error codes. README.md has its rules. */
export const PROTOCOL_VERSION = "1.0";
