/**
 * The error codes of the answers. Those below -32000 are of JSON-RPC 2.0 and the LSP base protocol, the positive ones of this
 * protocol.
 */
export const ErrorCode = {
  /** The message is not JSON. */
  ParseError: -32700,
  /** The message is not a request, a batch, or out of place. */
  InvalidRequest: -32600,
  /** No such method. */
  MethodNotFound: -32601,
  /** Params are missing, unknown or out of range; `data` lists every fault. */
  InvalidParams: -32602,
  /** A defect of the server. */
  InternalError: -32603,
  /** A request before `initialize`. */
  ServerNotInitialized: -32002,
  /** The request was cancelled with `$/cancelRequest`. */
  RequestCancelled: -32800,
  /** No gateway or no address of this host was found. */
  DiscoveryFailed: 1,
  /** No running client has this id. */
  UnknownClient: 2,
  /** No mapping has this id, or its client has ended. */
  UnknownMapping: 3,
  /** A socket could not be opened. */
  SocketError: 4,
  /** The PCP server refused; `data` has its result code. */
  ResultCode: 5,
  /** The mapping is over or not assigned, or its client has ended. */
  NotRunning: 6,
  /** No running simulator has this id. */
  UnknownSimulator: 7,
  /** The client has a mapping of this protocol and internal port already, with other options. */
  MappingConflict: 8,
  /** The state file is damaged, in use, or cannot be read or written; `data` has the reason. */
  StoreError: 9,
} as const;

/** One of {@linkcode ErrorCode}. */
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** The sentences of the documents. */
export const ERROR_MEANINGS: Readonly<Record<keyof typeof ErrorCode, string>> = {
  ParseError: "The message is not JSON, or not in UTF-8",
  InvalidRequest:
    "Not a request object, a batch, an id that still waits, a second initialize, or after shutdown",
  MethodNotFound: "No such method",
  InvalidParams:
    "Params are missing, unknown or out of range; data lists every fault as {path, message}",
  InternalError: "A defect of the server; stderr has the details",
  ServerNotInitialized: "A request before initialize",
  RequestCancelled: "Cancelled with $/cancelRequest",
  DiscoveryFailed: "No gateway, or no address of this host, was found",
  UnknownClient: "No running client has this id",
  UnknownMapping: "No mapping has this id, or its client has ended",
  SocketError:
    "A socket could not be opened, most often because the address is not one of this host",
  ResultCode: "The PCP server refused; data is {code, name, lifetime}, as in RFC 6887 section 7.4",
  NotRunning: "The mapping is over or not assigned; data is {state}",
  UnknownSimulator: "No running simulator has this id",
  MappingConflict:
    "The client has a mapping of this protocol and internal port already, with other options",
  StoreError:
    "The file that keeps mappings across runs is damaged, in use, or cannot be read or written",
};
