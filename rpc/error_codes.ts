/**
 * The error codes that the server answers with. Those below -32000 are of JSON-RPC 2.0 and the LSP base protocol, the
 * positive ones are this protocol's own.
 */
export const ErrorCode = {
  /** The message is no JSON. */
  ParseError: -32700,
  /** The message is no request, a batch, or out of place. */
  InvalidRequest: -32600,
  /** No such method. */
  MethodNotFound: -32601,
  /** Params are missing, superfluous or out of range; `data` tells every fault. */
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
  /** No mapping has this id, or its client is gone. */
  UnknownMapping: 3,
  /** A socket could not be opened, most often because the address is not one of this host. */
  SocketError: 4,
  /** The PCP server refused; `data` tells its result code. */
  ResultCode: 5,
  /** The mapping is over or not assigned, or its client was shut down, so that the call makes no sense. */
  NotRunning: 6,
  /** No running simulator has this id. */
  UnknownSimulator: 7,
  /** The client has a mapping of this protocol and internal port already, with other options. */
  MappingConflict: 8,
  /** The file that keeps mappings across runs is damaged, in use, or cannot be read or written; `data` tells which. */
  StoreError: 9,
} as const;

/** One of {@linkcode ErrorCode}. */
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];
