/**
 * The error codes of the responses. Those below -32000 are of JSON-RPC 2.0 and the LSP base protocol, the positive ones of this
 * protocol. The comments are the meanings in the documents, too.
 */
export const ErrorCode = {
  /** The message is not JSON, or not in UTF-8. */
  ParseError: -32700,
  /** Not a request object, a batch, an id that still waits, a second initialize, or after shutdown. */
  InvalidRequest: -32600,
  /** No such method. */
  MethodNotFound: -32601,
  /** Params are missing, unknown or out of range; data lists every fault as {path, message}. */
  InvalidParams: -32602,
  /** A defect of the server; stderr has the details. */
  InternalError: -32603,
  /** A request before initialize. */
  ServerNotInitialized: -32002,
  /** Cancelled with $/cancelRequest. */
  RequestCancelled: -32800,
  /** No gateway, or no address of this host, was found. */
  DiscoveryFailed: 1,
  /** No running client has this id. */
  UnknownClient: 2,
  /** No mapping has this id, or its client has ended. */
  UnknownMapping: 3,
  /** A socket could not be opened, most often because the address is not one of this host. */
  SocketError: 4,
  /** The PCP server refused; data is {code, name, lifetime}, as in RFC 6887 section 7.4. */
  ResultCode: 5,
  /** The mapping is over or not assigned; data is {state}. Or its client has ended. */
  NotRunning: 6,
  /** No running simulator has this id. */
  UnknownSimulator: 7,
  /** The client has a mapping of this protocol and internal port already, with other options. */
  MappingConflict: 8,
  /** The file that keeps mappings across runs is damaged, in use, or cannot be read or written; data is {reason}. */
  StoreError: 9,
  /** A limit of this server is reached; data is {limit, most}. */
  LimitExceeded: 10,
} as const;

/** One of {@linkcode ErrorCode}. */
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];
