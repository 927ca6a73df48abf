/** Params and results of every method as TypeScript types. `schemas.ts` has the same as schemas, held together by a check. */
import type { Alert, Diagnosis, Gateway, MappingSnapshot, RequestType } from "../mod.ts";

/** Params of `initialize`. Members that this version does not know are let through. */
export interface InitializeParams {
  /** Who is calling, for the log. */
  clientInfo?: { name: string; version?: string };
  /** Process id of the caller: when that process is gone, the server releases every mapping and exits. */
  processId?: number | null;
}

/** Result of `initialize`. */
export interface InitializeResult {
  /** Which server this is. */
  serverInfo: { name: string; version: string };
  /** Version of methods, params, results and error codes. */
  protocolVersion: "1.0";
  /** What the server can do. A member that is missing means no. */
  capabilities: Capabilities;
}

/** What a server can do. */
export interface Capabilities {
  /** Every waiting request obeys `$/cancelRequest`. */
  cancellation: boolean;
  /** `rpc.discover` is answered. */
  openrpc: boolean;
  /** `simulator/start` is answered. */
  simulator: boolean;
}

/** Params of `simulator/start`: how the simulated server behaves. */
export interface SimulatorStartParams {
  /** Longest lifetime that it grants, in seconds; 86400 by default. */
  lifetime?: number;
  /** Shortest lifetime that it grants, in seconds; no bound by default. */
  minLifetime?: number;
  /** External IPv4 address that it assigns, `203.0.113.5` by default. */
  externalAddress?: string;
  /** UDP port to listen on; any free one by default. */
  port?: number;
}

/** Result of `simulator/start`. */
export interface SimulatorInfo {
  /** Unique in this server. */
  simulatorId: number;
  /** Loopback address it listens on: both `client` and `server` of `client/start`. */
  server: string;
  /** UDP port it listens on. */
  port: number;
}

/** Params of `simulator/stop`. */
export interface SimulatorParams {
  /** Which simulator. */
  simulatorId: number;
}

/** Params of `client/start`. */
export interface ClientStartParams {
  /** Address of this host that faces the server; found by itself when left out. */
  client?: string;
  /** Address of the PCP server; the default gateway when left out. */
  server?: string;
  /** UDP port of the server, 1 to 65535; 5351 by default. */
  port?: number;
  /** UDP port that announcements come to, 1 to 65535; 5350 by default. */
  announcePort?: number;
  /** Whether to listen for announcements of restarts; by default yes, but on loopback. */
  multicast?: boolean;
  /** Whether mappings for other hosts may be asked for; only in fully trusted networks. */
  allowThirdParty?: boolean;
  /** How long the end of the client waits for confirmations, in milliseconds, 0 to 60000; 5000 by default. */
  shutdownTimeout?: number;
  /** A file that keeps the mappings, so that a later run can continue or delete them. */
  state?: string;
}

/** Result of `client/deleteLeftovers`. */
export interface DeleteLeftoversResult {
  /** How many there were. */
  deleted: number;
}

/** A running client. */
export interface ClientInfo {
  /** Unique in this server. */
  clientId: number;
  /** Address of this host that requests are sent from. */
  client: string;
  /** Address of the PCP server. */
  server: string;
  /** UDP port of the server. */
  port: number;
}

/** Params of methods that only name a client. */
export interface ClientParams {
  /** Which client. */
  clientId: number;
}

/** Result of `client/announce`. */
export interface AnnounceResult {
  /** Seconds since the server began or lost its state. */
  epoch: number;
  /** Milliseconds between the question and the answer. */
  roundTrip: number;
}

/** Result of `client/externalAddress`. */
export interface ExternalAddressResult {
  /** The address under which mappings of this client are reached. */
  externalAddress: string;
}

/** Params of `client/shutdown`. */
export interface ClientShutdownParams {
  /** Which client. */
  clientId: number;
  /** Leaves the mappings alive at the server; they end when they expire. */
  keep?: boolean;
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

/** Params of `mapping/request`. */
export interface MappingRequestParams {
  /** Which client asks. */
  clientId: number;
  /** Let traffic in (MAP), or keep a flow to one remote peer (PEER). */
  kind: "inbound" | "outbound";
  /** Port on this host, 0 to 65535; 0, inbound only, is all ports of the protocol. */
  internalPort: number;
  /** Wanted lifetime in seconds, from 1. */
  lifetime: number;
  /** Transport protocol, `tcp` by default; a number is one of IANA's. */
  protocol?: "tcp" | "udp" | number;
  /** For one lifetime, for n in all, or until revoked, which is the default. */
  requestType?: RequestType;
  /** Suggested external port. */
  externalPort?: number;
  /** Suggested external address. */
  externalAddress?: string;
  /** Address of the host that the mapping is for, if not this one. */
  thirdParty?: string;
  /** Inbound only: rather none than another external port than suggested. */
  preferFailure?: boolean;
  /** Inbound only: who is let in; everyone by default. */
  filters?: Filter[];
  /** Outbound only, and required there: address of the remote peer. */
  remoteAddress?: string;
  /** Outbound only, and required there: port of the remote peer. */
  remotePort?: number;
}

/** A mapping and what is known of it now. */
export interface Mapping extends MappingSnapshot {
  /** The client that asked for it. */
  readonly clientId: number;
}

/** Params of methods that only name a mapping. */
export interface MappingParams {
  /** Which mapping. */
  mappingId: number;
}

/** Params of `mapping/list`. */
export interface MappingListParams {
  /** Only the mappings of this client. */
  clientId?: number;
}

/** Params of `mapping/renew`. */
export interface MappingRenewParams {
  /** Which mapping. */
  mappingId: number;
  /** Wanted lifetime in seconds from now on, from 1. */
  lifetime: number;
}

/** Params of the notification `mapping/alert`. */
export interface MappingAlertParams {
  /** Which mapping. */
  mappingId: number;
  /** What is new, with its own snapshot. */
  alert: Alert;
}

/** Params of the notification `client/error`: trouble that belongs to no single mapping and ends nothing. */
export interface ClientErrorParams {
  /** Which client. */
  clientId: number;
  /** What went wrong: `name` tells the kinds apart, which have fields of their own. */
  error: { name: string; message: string; [field: string]: unknown };
}

/** Params of the notification `client/serverRestarted`. */
export interface ServerRestartedParams {
  /** Which client. */
  clientId: number;
  /** The server's new epoch in seconds. */
  epoch: number;
}

/** Data of the error -32602: one for every faulty param. */
export interface Fault {
  /** Where the fault is, as keys and indexes from the params down. */
  path: (string | number)[];
  /** What is wrong with it. */
  message: string;
}

/** Data of the error 5. */
export interface ResultCodeData {
  /** 1 to 255 as the server sent it (RFC 6887 section 7.4); negative for what no server says. */
  code: number;
  /** Its name in the RFC, such as `NO_RESOURCES`. */
  name: string;
  /** Seconds for which the same request is not repeated; null if it never will be. */
  lifetime: number | null;
}

/** An OpenRPC document: https://spec.open-rpc.org */
export interface OpenRpcDocument {
  /** Version of the OpenRPC specification. */
  openrpc: string;
  /** What the document describes. */
  info: { title: string; version: string; [member: string]: unknown };
  /** The methods and, marked with `x-notification`, the notifications. */
  methods: { name: string; [member: string]: unknown }[];
  /** Schemas that several methods share. */
  components?: Record<string, unknown>;
  /** Extensions. */
  [extension: `x-${string}`]: unknown;
}

/** Params and result of every request, by method. */
export interface Requests {
  /** The handshake. */
  initialize: { params: InitializeParams; result: InitializeResult };
  /** Releases every mapping. */
  shutdown: { params: void; result: null };
  /** The OpenRPC document. */
  "rpc.discover": { params: void; result: OpenRpcDocument };
  /** The default gateways of this host. */
  discover: { params: Record<string, never>; result: Gateway[] };
  /** Starts a simulated PCP server. */
  "simulator/start": { params: SimulatorStartParams; result: SimulatorInfo };
  /** Stops one. */
  "simulator/stop": { params: SimulatorParams; result: null };
  /** Starts a client of one PCP server. */
  "client/start": { params: ClientStartParams; result: ClientInfo };
  /** The running clients. */
  "client/list": { params: void; result: ClientInfo[] };
  /** Asks whether the PCP server is there. */
  "client/announce": { params: ClientParams; result: AnnounceResult };
  /** Asks for the external address. */
  "client/externalAddress": { params: ClientParams; result: ExternalAddressResult };
  /** What stands in the way of being reached from the Internet. */
  "client/diagnose": { params: ClientParams; result: Diagnosis };
  /** Deletes what an earlier run left. */
  "client/deleteLeftovers": { params: ClientParams; result: DeleteLeftoversResult };
  /** Ends a client. */
  "client/shutdown": { params: ClientShutdownParams; result: null };
  /** Asks for a mapping. */
  "mapping/request": { params: MappingRequestParams; result: Mapping };
  /** Waits until it is assigned. */
  "mapping/ready": { params: MappingParams; result: Mapping };
  /** What is known of it. */
  "mapping/get": { params: MappingParams; result: Mapping };
  /** The mappings that are not over. */
  "mapping/list": { params: MappingListParams; result: Mapping[] };
  /** Asks for another lifetime. */
  "mapping/renew": { params: MappingRenewParams; result: Mapping };
  /** Deletes it. */
  "mapping/revoke": { params: MappingParams; result: Mapping };
}

/** A request that the server answers. */
export type Method = keyof Requests;

/** Params of the notifications that the server sends, by method. */
export interface Notifications {
  /** A mapping changed. */
  "mapping/alert": MappingAlertParams;
  /** Trouble that belongs to no single mapping. */
  "client/error": ClientErrorParams;
  /** The PCP server lost its state. */
  "client/serverRestarted": ServerRestartedParams;
}
