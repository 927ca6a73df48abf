/** Params and results of every method. Written by `deno task openrpc` from methods.ts; do not edit. */
import type {
  Alert,
  Assigned,
  Diagnosis,
  Gateway,
  GatewayStatus,
  MappingState,
  Protocol,
  RequestType,
} from "../mod.ts";

/** The answer to an announcement. */
export interface AnnounceResult {
  /** Seconds since the PCP server started or lost its state. */
  epoch: number;
  /** Milliseconds between the request and the answer. */
  roundTrip: number;
}

/** What the server can do; a missing member means no. */
export interface Capabilities {
  /** Every waiting request obeys $/cancelRequest. */
  cancellation: boolean;
  /** rpc.discover is answered. */
  openrpc: boolean;
  /** simulator/start is answered. */
  simulator: boolean;
}

/** Params of `client/error`. */
export interface ClientErrorParams {
  /** Which client. */
  clientId: number;
  /** What went wrong: each name has members of its own. */
  error: {
    name: string;
    message: string;
    /** Further members. */
    [member: string]: unknown;
  };
}

/** A running client. */
export interface ClientInfo {
  /** Unique in this server. */
  clientId: number;
  /** Address of this host that requests are sent from. */
  client: string;
  /** Address of the PCP server. */
  server: string;
  /** UDP port of the PCP server. */
  port: number;
  /** In `client/list`. Whether the PCP server answers. */
  gateway?: GatewayStatus;
  /** In `client/list`. The protocol of its answers; missing before the first one. */
  protocol?: Protocol;
}

/** Params of `client/announce`, `client/externalAddress`, `client/diagnose`, `client/deleteLeftovers`. */
export interface ClientParams {
  /** Which client. */
  clientId: number;
}

/** Params of `client/shutdown`. */
export interface ClientShutdownParams {
  /** Which client. */
  clientId: number;
  /** Leaves the mappings at the PCP server until they expire. */
  keep?: boolean;
}

/** Params of `client/start`. */
export interface ClientStartParams {
  /** Address of this host that faces the PCP server; found when left out. */
  client?: string;
  /** Address or host name of the PCP server; the default gateway when left out. */
  server?: string;
  /** Whether to wait until this host has a route and an address; by default the request fails. */
  waitForNetwork?: boolean;
  /** UDP port of the PCP server, 5351 by default. */
  port?: number;
  /** UDP port that announcements come to, 5350 by default. */
  announcePort?: number;
  /** Whether to listen for announcements of restarts; by default yes, but on loopback. */
  multicast?: boolean;
  /** Whether mappings for other hosts may be requested; only in fully trusted networks. */
  allowThirdParty?: boolean;
  /** A file that keeps the mappings, so that a later run can continue or delete them. */
  state?: string;
  /** How long the end of the client waits for confirmations, in milliseconds; 5000 by default; for a gateway that has never answered 1000 at most. */
  shutdownTimeout?: number;
}

/** What was deleted. */
export interface DeleteLeftoversResult {
  /** How many mappings there were. */
  deleted: number;
}

/** The external address. */
export interface ExternalAddressResult {
  /** The address under which mappings of this client are reached. */
  externalAddress: string;
}

/** A remote peer that is let in. */
export interface Filter {
  /** Address of the peer, of the family of the client's address. */
  address: string;
  /** How many bits of the address count: up to 32 for IPv4, 128 for IPv6. 0 removes every filter. */
  prefix: number;
  /** Port of the peer; 0 is every port. */
  port: number;
}

/** Params of `client/gateway`. */
export interface GatewayParams {
  /** Which client. */
  clientId: number;
  /** Whether it answers. */
  gateway: GatewayStatus;
  /** The protocol of its answers; missing before the first one. */
  protocol?: Protocol;
  /** The same in a sentence for people, and what to do about it. */
  message: string;
}

/** Params of `initialize`; unknown members are ignored. */
export interface InitializeParams {
  /** The calling program, for the log. */
  clientInfo?: {
    name: string;
    version?: string;
  };
  /** Process id of the caller: when it is gone, every mapping is released and the server exits. */
  processId?: number | null;
}

/** The result of the handshake. */
export interface InitializeResult {
  /** Name and version of this server. */
  serverInfo: {
    name: string;
    version: string;
  };
  /** Version of methods, params, results and error codes. */
  protocolVersion: "1.0";
  /** What the server can do. */
  capabilities: Capabilities;
}

/** A mapping, its state and its assignment. */
export interface Mapping {
  /** Unique in this server. */
  mappingId: number;
  /** The client that requested it. */
  clientId: number;
  /** MAP or PEER. */
  kind: "inbound" | "outbound";
  /** tcp, udp, or another number of IANA's. */
  protocol: "tcp" | "udp" | number;
  /** Port on this host; 0 for all ports. */
  internalPort: number;
  /** The wanted lifetime in seconds. */
  lifetime: number;
  /** How long it is wanted. */
  requestType: RequestType;
  /** Its state. */
  state: MappingState;
  /** The assignment; null when there is none. */
  assigned: Assigned | null;
  /** When the assignment ends unless it is renewed, ISO 8601; null without one. */
  expiresAt: string | null;
  /** Outbound only. Address of the remote peer. */
  remoteAddress?: string;
  /** Outbound only. Port of the remote peer. */
  remotePort?: number;
}

/** Params of `mapping/alert`. */
export interface MappingAlertParams {
  /** Which mapping. */
  mappingId: number;
  /** The change, with its own snapshot. */
  alert: Alert;
}

/** Params of `mapping/list`. */
export interface MappingListParams {
  /** Only the mappings of this client. */
  clientId?: number;
}

/** Params of `mapping/ready`, `mapping/get`, `mapping/revoke`. */
export interface MappingParams {
  /** Which mapping. */
  mappingId: number;
}

/** Params of `mapping/renew`. */
export interface MappingRenewParams {
  /** Which mapping. */
  mappingId: number;
  /** Wanted lifetime in seconds from now on. */
  lifetime: number;
}

/** Params of `mapping/request`. */
export interface MappingRequestParams {
  /** The client that requests it. */
  clientId: number;
  /** Let traffic in (MAP), or keep a flow to one remote peer (PEER). */
  kind: "inbound" | "outbound";
  /** Port on this host; 0, inbound only, is all ports of the protocol. */
  internalPort: number;
  /** Wanted lifetime in seconds. */
  lifetime: number;
  /** Transport protocol, tcp by default; a number is one of IANA's. */
  protocol?: "tcp" | "udp" | number;
  /** How long the mapping is wanted; keepAlive by default. */
  requestType?: RequestType;
  /** Suggested external port. */
  externalPort?: number;
  /** Suggested external address. */
  externalAddress?: string;
  /** Address of the host that the mapping is for, if not this one. */
  thirdParty?: string;
  /** Which of several hosts behind the address thirdParty: 1 to 1016 octets, two hexadecimal digits each (RFC 7843). */
  thirdPartyId?: string;
  /** Text for the router's list of mappings, at most 1016 octets of UTF-8 (RFC 7220). */
  description?: string;
  /** Inbound only. No mapping rather than another external port or address than suggested. */
  preferFailure?: boolean;
  /** Inbound only. The remote peers that are let in, at most 42; all by default. */
  filters?: Filter[];
  /** Inbound only. Consecutive ports from internalPort on (RFC 7753). */
  portSet?: {
    /** How many ports; 65535 is as many as possible. */
    size: number;
    /** Whether even ports must become even ones, and odd ports odd ones. */
    parity?: boolean;
  };
  /** Outbound only, and required there. Address of the remote peer. */
  remoteAddress?: string;
  /** Outbound only, and required there. Port of the remote peer. */
  remotePort?: number;
}

/** An OpenRPC document: https://spec.open-rpc.org. */
export interface OpenRpcDocument {
  /** Version of the OpenRPC specification. */
  openrpc: string;
  /** What the document describes. */
  info: {
    title: string;
    version: string;
    /** Further members. */
    [member: string]: unknown;
  };
  /** The methods and, with x-notification, the notifications. */
  methods: {
    name: string;
    /** Further members. */
    [member: string]: unknown;
  }[];
  /** Further members. */
  [member: string]: unknown;
}

/** Params of `client/serverRestarted`. */
export interface ServerRestartedParams {
  /** Which client. */
  clientId: number;
  /** The PCP server's new epoch in seconds. */
  epoch: number;
  /** How many restarts this reports: it comes at most once a second. */
  count: number;
}

/** A running simulator. */
export interface SimulatorInfo {
  /** Unique in this server. */
  simulatorId: number;
  /** Loopback address: both client and server of client/start. */
  server: string;
  /** UDP port: port of client/start. */
  port: number;
}

/** Params of `simulator/stop`. */
export interface SimulatorParams {
  /** Which simulator. */
  simulatorId: number;
}

/** Params of `simulator/start`. */
export interface SimulatorStartParams {
  /** The protocols that it speaks; pcp by default. */
  protocols?: Protocol[];
  /** Longest lifetime granted, in seconds; 86400 by default. */
  lifetime?: number;
  /** Shortest lifetime granted, in seconds. */
  minLifetime?: number;
  /** External IPv4 address assigned, 203.0.113.5 by default. */
  externalAddress?: string;
  /** UDP port to listen on; any free one by default. */
  port?: number;
}

/** Params and result of every request, by method. */
export interface Requests {
  /** The handshake; anything else before it is refused with -32002. */
  initialize: { params: InitializeParams; result: InitializeResult };
  /** Releases every mapping that is not kept, waits for the confirmations; then send exit. */
  shutdown: { params: void; result: null };
  /** The OpenRPC document of this protocol. */
  "rpc.discover": { params: void; result: OpenRpcDocument };
  /** Finds the default gateways of this host, IPv4 first; sends nothing. */
  discover: { params: Record<string, never>; result: Gateway[] };
  /** Starts a simulated gateway on loopback, to try things without a router. */
  "simulator/start": { params: SimulatorStartParams; result: SimulatorInfo };
  /** Stops a simulator. */
  "simulator/stop": { params: SimulatorParams; result: null };
  /** Starts a client of one PCP server; without addresses it finds the default gateway. */
  "client/start": { params: ClientStartParams; result: ClientInfo };
  /** The running clients. */
  "client/list": { params: void; result: ClientInfo[] };
  /** Asks the PCP server since when it has been running; waits for the answer. */
  "client/announce": { params: ClientParams; result: AnnounceResult };
  /** Asks for the external address, and leaves no mapping behind. */
  "client/externalAddress": { params: ClientParams; result: ExternalAddressResult };
  /** Finds out what stands in the way of being reached from the Internet. */
  "client/diagnose": { params: ClientParams; result: Diagnosis };
  /** Deletes what an earlier run with the same state file left at the PCP server. */
  "client/deleteLeftovers": { params: ClientParams; result: DeleteLeftoversResult };
  /** Ends a client: releases its mappings and waits for the confirmations, or keeps them. */
  "client/shutdown": { params: ClientShutdownParams; result: null };
  /** Requests a mapping; answered at once, before the PCP server has. */
  "mapping/request": { params: MappingRequestParams; result: Mapping };
  /** Waits until the mapping is assigned; error 5 if the PCP server refuses. */
  "mapping/ready": { params: MappingParams; result: Mapping };
  /** The mapping as it is now, also when it is over. */
  "mapping/get": { params: MappingParams; result: Mapping };
  /** The mappings that are not over, of one client or of all. */
  "mapping/list": { params: MappingListParams; result: Mapping[] };
  /** Requests another lifetime from now on; answered at once. */
  "mapping/renew": { params: MappingRenewParams; result: Mapping };
  /** Deletes the mapping; answered when the PCP server has confirmed. */
  "mapping/revoke": { params: MappingParams; result: Mapping };
}

/** The method of a request. */
export type Method = keyof Requests;

/** Params of the notifications that the server sends, by method. */
export interface Notifications {
  /** A mapping changed its state or its assignment; carries its own snapshot. */
  "mapping/alert": MappingAlertParams;
  /** Trouble that belongs to no single mapping and ends nothing. */
  "client/error": ClientErrorParams;
  /** What is known of the gateway has changed. */
  "client/gateway": GatewayParams;
  /** The PCP server lost its mappings; the client requests them again. */
  "client/serverRestarted": ServerRestartedParams;
}
