/**
 * The part of the JSON-RPC server's protocol that this extension speaks; rpc/README.md has all of it. An extension of your
 * own needs only what it uses. Members and states that are not known here are ignored, as that page asks.
 */

/** How a mapping is doing. */
export type State =
  | { type: "requested" | "running" | "expired" | "revoked" | "dropped" }
  | { type: "starting"; attempt: number }
  | { type: "updating"; attempt: number; lifetime: number }
  | { type: "error"; code: number; name: string; retryIn?: number };

/** What the gateway has granted. */
export interface Assigned {
  externalAddress: string;
  externalPort: number;
  /** In seconds. */
  lifetime: number;
}

/** A mapping and what the server knows of it now. */
export interface Mapping {
  mappingId: number;
  state: State;
  assigned: Assigned | null;
  /** ISO 8601. */
  expiresAt: string | null;
}

/** News of one mapping. */
export type Alert =
  | { type: "stateChange"; state: State }
  | { type: "assigned" } & Assigned;

/** A running client of one gateway. */
export interface Client {
  clientId: number;
  /** Address of this computer. */
  client: string;
  /** Address of the gateway. */
  server: string;
  port: number;
}

/** Params and result of every request that is made. */
export interface Requests {
  initialize: [
    { clientInfo: { name: string }; processId: number },
    { serverInfo: { name: string; version: string } },
  ];
  shutdown: [undefined, null];
  "simulator/start": [{ port?: number }, { simulatorId: number; server: string; port: number }];
  "simulator/stop": [{ simulatorId: number }, null];
  "client/start": [{ client?: string; server?: string; port?: number; state?: string }, Client];
  "client/deleteLeftovers": [{ clientId: number }, { deleted: number }];
  "client/shutdown": [{ clientId: number }, null];
  "mapping/request": [MappingRequest, Mapping];
  "mapping/ready": [{ mappingId: number }, Mapping];
  "mapping/get": [{ mappingId: number }, Mapping];
  "mapping/renew": [{ mappingId: number; lifetime: number }, Mapping];
  "mapping/revoke": [{ mappingId: number }, Mapping];
}

/** What a mapping is asked for with. Without `requestType` it is kept alive until revoked. */
export interface MappingRequest {
  clientId: number;
  kind: "inbound";
  internalPort: number;
  protocol: Protocol;
  lifetime: number;
  /** Only a suggestion. */
  externalPort: number;
}

/** Transport protocols that are offered. */
export type Protocol = "tcp" | "udp";

/** Params of every notification that is listened to. */
export interface Notifications {
  "mapping/alert": { mappingId: number; alert: Alert };
  "client/error": { clientId: number; error: { name: string; message: string } };
  "client/serverRestarted": { clientId: number; epoch: number };
}

/** Codes of errors, as far as they are told apart. */
export const ErrorCode = {
  DiscoveryFailed: 1,
  ResultCode: 5,
  RequestCancelled: -32800,
  /** No answer of the server: what vscode-jsonrpc says when the connection ends before it. */
  PendingResponseRejected: -32097,
} as const;
