/** The types of params and results that have a name. Written by `deno task openrpc` from methods.ts; do not edit. */
import type {
  Alert,
  Assigned,
  GatewayStatus,
  MappingState,
  Protocol,
  RequestType,
  StoredMapping,
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
  /** Whether it answers. */
  gateway: GatewayStatus;
  /** The protocol of its answers; missing before the first one. */
  protocol?: Protocol;
}

/** Params of `client/announce`, `client/externalAddress`, `client/diagnose`, `client/prefix64`, `client/stats`, `client/leftovers`. */
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

/** Params of `client/startAll`. */
export interface ClientStartAllParams {
  /** The protocols that may be used, tried in the order pcp, nat-pmp, upnp; all by default. */
  protocols?: Protocol[];
  /** UDP port of the PCP server, 5351 by default. */
  port?: number;
  /** UDP port that announcements come to, 5350 by default. */
  announcePort?: number;
  /** Whether to listen for announcements of restarts; by default yes, but on loopback. */
  multicast?: boolean;
  /** Whether changes of this host's network are followed, and how often it is looked at; every 5 s by default. */
  watch?: boolean | {
    interval: number;
  };
  /** Whether to wait until this host has a route and an address; by default the request fails. */
  waitForNetwork?: boolean;
  /** Whether mappings for other hosts may be requested; only in fully trusted networks. */
  allowThirdParty?: boolean;
  /** How long the end of the client waits for confirmations, in milliseconds; 5000 by default; for a gateway that has never answered 1000 at most. */
  shutdownTimeout?: number;
}

/** Params of `client/start`. */
export interface ClientStartParams {
  /** Address of this host that faces the PCP server; found when left out. */
  client?: string;
  /** Address or host name of the PCP server, or a list of those of one server; the default gateway when left out. */
  server?: string | string[];
  /** Whether the anycast address of PCP is asked if the default gateway does not answer; by default no. */
  anycast?: boolean;
  /** A file that keeps the mappings, so that a later run can continue or delete them. */
  state?: string;
  /** The protocols that may be used, tried in the order pcp, nat-pmp, upnp; all by default. */
  protocols?: Protocol[];
  /** UDP port of the PCP server, 5351 by default. */
  port?: number;
  /** UDP port that announcements come to, 5350 by default. */
  announcePort?: number;
  /** Whether to listen for announcements of restarts; by default yes, but on loopback. */
  multicast?: boolean;
  /** Whether changes of this host's network are followed, and how often it is looked at; every 5 s by default. */
  watch?: boolean | {
    interval: number;
  };
  /** Whether to wait until this host has a route and an address; by default the request fails. */
  waitForNetwork?: boolean;
  /** Whether mappings for other hosts may be requested; only in fully trusted networks. */
  allowThirdParty?: boolean;
  /** How long the end of the client waits for confirmations, in milliseconds; 5000 by default; for a gateway that has never answered 1000 at most. */
  shutdownTimeout?: number;
}

/** Params of `client/trace`. */
export interface ClientTraceParams {
  /** Which client. */
  clientId: number;
  /** Whether they are sent from now on; off at the start. */
  on: boolean;
}

/** Params of `client/deleteLeftovers`. */
export interface DeleteLeftoversParams {
  /** Which client. */
  clientId: number;
  /** One of client/leftovers; all when left out. */
  mapping?: StoredMapping;
}

/** What was deleted. */
export interface DeleteLeftoversResult {
  /** How many; 0 if the mapping is none of the leftovers. */
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

/** Params of `client/trace`. */
export interface TraceParams {
  /** Which client. */
  clientId: number;
  /** Seen from the client. */
  direction: "sent" | "received";
  /** The other end, as address and port. */
  remote: string;
  /** Its contents in one line, the nonce shortened. */
  text: string;
  /** Why it changed nothing; missing if it was accepted. */
  ignored?: string;
  /** How many before it were left out, because the notifications are read too slowly. */
  lost?: number;
}
