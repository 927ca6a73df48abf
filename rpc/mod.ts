/**
 * JSON-RPC 2.0 to open ports on the router, for programs in any language: the protocol's methods as typed constants for
 * TypeScript clients, and the server for any connection of `vscode-jsonrpc`.
 *
 * Most programs spawn the server as a process instead: `deno run -A jsr:@portcontrol/pcp/rpc/main --stdio`.
 *
 * @example
 * ```ts ignore
 * import { createMessageConnection } from "vscode-jsonrpc/node";
 * import { InitializeRequest, MappingRequest } from "@portcontrol/pcp/rpc";
 *
 * const connection = createMessageConnection(child.stdout, child.stdin); // of a process that runs the server
 * connection.listen();
 * await connection.sendRequest(InitializeRequest, {}); // knows params and result of each method
 * ```
 *
 * @module
 */
export { ErrorCode } from "./error_codes.ts";
export type { Limit, LimitData } from "./limits.ts";
export type { Log, LogLevel } from "./log.ts";
export * from "./protocol.ts";
export type { Fault, ResultCodeData } from "./rpc_error.ts";
export { serve, type ServeDeps, type Server } from "./server.ts";
export type { SessionDeps } from "./session.ts";
export type * from "./types.ts";
export { PROTOCOL_VERSION, VERSION } from "./version.ts";
