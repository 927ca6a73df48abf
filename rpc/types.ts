/** Params and results of every method. Written by `deno task openrpc` from methods.ts; do not edit. */
import type { Diagnosis, Gateway, Prefix64, Stats, StoredMapping } from "../mod.ts";
import type {
  AnnounceResult,
  ClientErrorParams,
  ClientInfo,
  ClientParams,
  ClientShutdownParams,
  ClientStartAllParams,
  ClientStartParams,
  ClientTraceParams,
  DeleteLeftoversParams,
  DeleteLeftoversResult,
  ExternalAddressResult,
  GatewayParams,
  InitializeParams,
  InitializeResult,
  Mapping,
  MappingAlertParams,
  MappingListParams,
  MappingParams,
  MappingRenewParams,
  MappingRequestParams,
  OpenRpcDocument,
  ServerRestartedParams,
  SimulatorInfo,
  SimulatorParams,
  SimulatorStartParams,
  TraceParams,
} from "./schema_types.ts";

export type * from "./schema_types.ts";

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
  /** Starts a client of every default gateway of this host, IPv4 and IPv6. */
  "client/startAll": { params: ClientStartAllParams; result: ClientInfo[] };
  /** The running clients. */
  "client/list": { params: void; result: ClientInfo[] };
  /** Asks the PCP server since when it has been running; waits for the answer. */
  "client/announce": { params: ClientParams; result: AnnounceResult };
  /** Asks for the external address, and leaves no mapping behind. */
  "client/externalAddress": { params: ClientParams; result: ExternalAddressResult };
  /** Finds out what stands in the way of being reached from the Internet. */
  "client/diagnose": { params: ClientParams; result: Diagnosis };
  /** Asks how the network's NAT64 builds addresses (RFC 7225); none if it has no NAT64. */
  "client/prefix64": { params: ClientParams; result: Prefix64[] };
  /** Counters of what the client has sent, received and ignored. */
  "client/stats": { params: ClientParams; result: Stats };
  /** The mappings that an earlier run with the same state file left at the PCP server. */
  "client/leftovers": { params: ClientParams; result: StoredMapping[] };
  /** Deletes those mappings, or one of them; answered when the PCP server has confirmed. */
  "client/deleteLeftovers": { params: DeleteLeftoversParams; result: DeleteLeftoversResult };
  /** Turns the notifications client/trace of a client on or off. */
  "client/trace": { params: ClientTraceParams; result: null };
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
  /** A datagram, or in UPnP a message over TCP, that a client sent or received. */
  "client/trace": TraceParams;
  /** The PCP server lost its mappings; the client requests them again. */
  "client/serverRestarted": ServerRestartedParams;
}
