/**
 * The part of the JSON-RPC protocol that this extension uses; rpc/README.md documents all of it. Unknown members and
 * states are ignored, as that page requires.
 */

/** The state of a mapping. */
export type State =
  | { type: "requested" | "running" | "expired" | "revoked" | "dropped" }
  | { type: "starting"; attempt: number }
  | { type: "updating"; attempt: number; lifetime: number }
  | { type: "error"; code: number; name: string; retryIn?: number };

/** Why an external address is not reached from the internet. */
export type ReachProblem = "doubleNat" | "carrierNat" | "uniqueLocal" | "oddAddress";

/** What the gateway has assigned. */
export interface Assigned {
  externalAddress: string;
  externalPort: number;
  /** In seconds. */
  lifetime: number;
  /** Names of the options that the router refused and the mapping does without. */
  ignoredOptions?: readonly string[];
  /** Why hosts of the internet do not reach the address; absent if they do. */
  reachProblem?: ReachProblem;
}

/** The protocols that a router may speak. */
export type RouterProtocol = "pcp" | "nat-pmp" | "upnp";

/** A mapping with its current state. */
export interface Mapping {
  mappingId: number;
  state: State;
  assigned: Assigned | null;
  /** ISO 8601. */
  expiresAt: string | null;
}

/** A change of one mapping. */
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

/** What a client starts with; the server discovers the addresses that are left out. */
export interface ClientStart {
  client?: string;
  server?: string;
  port?: number;
  /** All if left out. */
  protocols?: RouterProtocol[];
  /** A file that keeps the mappings for a later run. */
  state?: string;
}

/** Params and result of each request that the extension sends. */
export interface Requests {
  initialize: [
    { clientInfo: { name: string }; processId: number },
    { serverInfo: { name: string; version: string } },
  ];
  shutdown: [undefined, null];
  "simulator/start": [{ port?: number }, { simulatorId: number; server: string; port: number }];
  "simulator/stop": [{ simulatorId: number }, null];
  "client/start": [ClientStart, Client];
  "client/deleteLeftovers": [{ clientId: number }, { deleted: number }];
  "client/shutdown": [{ clientId: number }, null];
  "mapping/request": [MappingRequest, Mapping];
  "mapping/ready": [{ mappingId: number }, Mapping];
  "mapping/get": [{ mappingId: number }, Mapping];
  "mapping/renew": [{ mappingId: number; lifetime: number }, Mapping];
  "mapping/revoke": [{ mappingId: number }, Mapping];
}

/** Params of a mapping. Without `requestType` it is kept alive until revoked. */
export interface MappingRequest {
  clientId: number;
  kind: "inbound";
  internalPort: number;
  protocol: Protocol;
  lifetime: number;
  /** Suggested; the gateway may assign another. */
  externalPort: number;
  /** A text for the router's list of mappings. */
  description?: string;
}

/** The transport protocols that the extension offers. */
export type Protocol = "tcp" | "udp";

/** Params of each notification that the extension handles. */
export interface Notifications {
  "mapping/alert": { mappingId: number; alert: Alert };
  "client/error": { clientId: number; error: { name: string; message: string } };
  "client/serverRestarted": { clientId: number; epoch: number };
  "client/gateway": {
    clientId: number;
    gateway: { state: "unknown" | "answers" | "silent" | "refuses" };
    protocol?: RouterProtocol;
    message: string;
  };
}

/** Error codes that the extension handles. */
export const ErrorCode = {
  DiscoveryFailed: 1,
  ResultCode: 5,
  RequestCancelled: -32800,
  /** The connection ended before the response; vscode-jsonrpc reports it, not the server. */
  PendingResponseRejected: -32097,
} as const;
