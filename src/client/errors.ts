import type { Defect, MappingState } from "../engine/events.ts";
import type { Unsupported } from "../engine/obstacle.ts";
import { PcpError } from "../pcp_error.ts";
import { resultName, resultSentence } from "../wire/result_code.ts";
import { defectText } from "./defect_words.ts";
import { unsupportedText } from "./unsupported_words.ts";

/** The server refused a request: its response has a result code other than 0 (RFC 6887 section 7.4). */
export class ResultCodeError extends PcpError {
  /** `ResultCodeError`. */
  override readonly name = "ResultCodeError";
  /** The result code, 1 to 255; negative for a failure found by the client, see `LocalCode`. */
  readonly code: number;
  /** The name of the code in the RFC, such as `"NO_RESOURCES"`. */
  readonly resultName: string;
  /** Seconds before the same request is repeated; undefined if it is not repeated. */
  readonly lifetime: number | undefined;
  /** What the gateway's protocol, which is not PCP, cannot express of the request; absent if that is not the reason. */
  declare readonly unsupported?: Unsupported;
  /** What is wrong with the assignment; absent if the server refused. */
  declare readonly reason?: Defect;
  /** The gateway's own number of the error, if it came over UPnP. */
  declare readonly upnpCode?: number;

  /** @internal */
  constructor(
    attempt: string,
    code: number,
    name: string,
    lifetime: number | undefined,
    { unsupported, reason, upnpCode }: Pick<
      ResultCodeError,
      "unsupported" | "reason" | "upnpCode"
    > = {},
  ) {
    const end = ending(code, unsupported, reason);
    super(`${attempt}: the server answered "${name}" (${codes(code, upnpCode)})${end}`);
    this.code = code;
    this.resultName = name;
    this.lifetime = lifetime;
    if (unsupported !== undefined) this.unsupported = unsupported;
    if (upnpCode !== undefined) this.upnpCode = upnpCode;
    if (reason !== undefined) this.reason = reason;
  }

  /** @internal */
  static of(attempt: string, state: MappingState & { readonly type: "error" }): ResultCodeError {
    return new ResultCodeError(attempt, state.code, state.name, state.retryIn, state);
  }
}

/** The server refused a renewal. The mapping lasts until its known end, and is requested again after `retryIn` seconds. */
export class RenewalRefusedError extends PcpError {
  /** `RenewalRefusedError`. */
  override readonly name = "RenewalRefusedError";
  /** The mapping's id. */
  readonly mappingId: number;
  /** The result code, 1 to 255 (RFC 6887 section 7.4). */
  readonly code: number;
  /** The name of the code in the RFC. */
  readonly resultName: string;
  /** Seconds until the next attempt. */
  readonly retryIn: number;
  /** The gateway's own number of the error, if it came over UPnP. */
  declare readonly upnpCode?: number;

  /** @internal */
  constructor(mappingId: number, code: number, retryIn: number, upnpCode?: number) {
    super(
      `Cannot renew mapping "${mappingId}" yet: the server answered "${resultName(code)}" (${
        codes(code, upnpCode)
      })${sentence(code)}`,
    );
    if (upnpCode !== undefined) this.upnpCode = upnpCode;
    this.mappingId = mappingId;
    this.code = code;
    this.resultName = resultName(code);
    this.retryIn = retryIn;
  }
}

/** The gateway does not hold a mapping any more that it made over UPnP. The client requests it again. */
export class MappingLostError extends PcpError {
  /** `MappingLostError`. */
  override readonly name = "MappingLostError";
  /** The mapping's id. */
  readonly mappingId: number;

  /** @internal */
  constructor(mappingId: number) {
    super(
      `The router has dropped mapping "${mappingId}", or another host has deleted it: it is asked for again`,
    );
    this.mappingId = mappingId;
  }
}

/**
 * The router keeps a mapping until it is deleted, because it knows no lifetimes over UPnP, and this client has no store: after
 * a crash of the program nothing deletes it.
 */
export class PermanentMappingError extends PcpError {
  /** `PermanentMappingError`. */
  override readonly name = "PermanentMappingError";
  /** The mapping's id. */
  readonly mappingId: number;

  /** @internal */
  constructor(mappingId: number) {
    super(
      `Mapping "${mappingId}" stays at the router after a crash of this program, because the router knows no lifetimes: start the client with a store, and the next run deletes it`,
    );
    this.mappingId = mappingId;
  }
}

/** The gateway does not answer, or refuses every protocol. Requests are repeated all the same, until it answers. */
export class GatewayError extends PcpError {
  /** `GatewayError`. */
  override readonly name = "GatewayError";
  /** The state of the gateway, see {@linkcode Handle.gateway}. */
  readonly state: "silent" | "refuses";

  /** @internal */
  constructor(state: "silent" | "refuses", message: string) {
    super(message);
    this.state = state;
  }
}

/**
 * The server's epoch shows that it lost its mappings (RFC 6887 section 8.5). The client requests them again. Reported at most
 * once a second.
 */
export class ServerRestartedError extends PcpError {
  /** `ServerRestartedError`. */
  override readonly name = "ServerRestartedError";
  /** The server's new epoch in seconds. */
  readonly epoch: number;
  /** How many restarts this reports: more than 1 if there were several within a second. */
  readonly count: number;

  /** @internal */
  constructor(epoch: number, count = 1) {
    const times = count === 1 ? "" : ` "${count}" times`;
    super(
      `The server lost its state${times}: its epoch is now "${epoch}", every mapping is asked for again`,
    );
    this.epoch = epoch;
    this.count = count;
  }
}

/** A socket operation failed on this host. The client continues after a failed `send` or `receive`. */
export class SocketError extends PcpError {
  /** `SocketError`. */
  override readonly name = "SocketError";
  /** The failed operation. */
  readonly operation: "open" | "send" | "receive";

  /** @internal */
  constructor(operation: "open" | "send" | "receive", message: string, cause: unknown) {
    super(`${message}: ${reasonOf(cause)}`, { cause });
    this.operation = operation;
  }
}

/**
 * The client cannot receive announcements of restarts (RFC 6887 section 14.1.3). It continues, and notices a restart at the
 * next renewal.
 */
export class AnnouncementError extends PcpError {
  /** `AnnouncementError`. */
  override readonly name = "AnnouncementError";
  /** The UDP port of announcements, 5350 by default. */
  readonly port: number;

  /** @internal */
  constructor(port: number, cause: unknown) {
    super(
      `Cannot listen for restarts of the server on UDP port "${port}", which only delays noticing them: ${
        reasonOf(cause)
      }`,
      { cause },
    );
    this.port = port;
  }
}

/** The call needs an assigned mapping, and this one is not assigned or over. */
export class NotRunningError extends PcpError {
  /** `NotRunningError`. */
  override readonly name = "NotRunningError";
  /** The mapping's id. */
  readonly mappingId: number;
  /** Its state at the time. */
  readonly state: MappingState;

  /** @internal */
  constructor(attempt: string, mappingId: number, state: MappingState) {
    super(`${attempt}: mapping "${mappingId}" is in state "${state.type}"`);
    this.mappingId = mappingId;
    this.state = state;
  }
}

/** The client has a mapping of the same protocol and internal port that the new request cannot share. */
export class MappingConflictError extends PcpError {
  /** `MappingConflictError`. */
  override readonly name = "MappingConflictError";
  /** IANA protocol number. */
  readonly protocol: number;
  /** Port on this host. */
  readonly internalPort: number;

  /** @internal */
  constructor(
    difference: string,
    { protocol, internalPort }: { protocol: number; internalPort: number },
  ) {
    super(
      `Cannot request another mapping of protocol "${protocol}" port "${internalPort}" with ${difference}: revoke the first one before`,
    );
    this.protocol = protocol;
    this.internalPort = internalPort;
  }
}

/** The address of this host or its gateway changed. The client requests every mapping again. */
export class NetworkChangedError extends PcpError {
  /** `NetworkChangedError`. */
  override readonly name = "NetworkChangedError";
  /** The new address of the client. */
  readonly client: string;
  /** The new address of the server. */
  readonly server: string;

  /** @internal */
  constructor(client: string, server: string) {
    super(
      `The network changed: the client is now "${client}" and asks "${server}", every mapping is asked for anew`,
    );
    this.client = client;
    this.server = server;
  }
}

/** The stored mappings, or some of them, cannot be read or written. */
export class StoreError extends PcpError {
  /** `StoreError`. */
  override readonly name = "StoreError";
  /**
   * `damaged`: the file is invalid and was renamed. `newer`: a newer version wrote it. `foreign`: the path has a folder, a device
   * or a file of something else, which was not touched. `inUse`: another client uses it. `refused`: an entry breaks a rule and
   * is not used. `unreadable`, `unwritable`: the system refused access, or did not answer in time.
   */
  readonly reason:
    | "damaged"
    | "newer"
    | "foreign"
    | "inUse"
    | "refused"
    | "unreadable"
    | "unwritable";

  /** @internal */
  constructor(reason: StoreError["reason"], message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

/** The client was shut down before the call, or during it. */
export class ClosedError extends PcpError {
  /** `ClosedError`. */
  override readonly name = "ClosedError";

  /** @internal */
  constructor(attempt: string) {
    super(`${attempt}: the client was shut down, start another one`);
  }
}

function ending(
  code: number,
  unsupported: Unsupported | undefined,
  reason: Defect | undefined,
): string {
  if (unsupported !== undefined) return `: ${unsupportedText(unsupported)}`;
  return reason === undefined ? sentence(code) : `: ${defectText(reason)}`;
}

/** The code, and the gateway's own number if that is another one. */
function codes(code: number, upnpCode: number | undefined): string {
  return upnpCode === undefined ? String(code) : `${code}, in UPnP ${upnpCode}`;
}

/** The description of a server's code, as the end of a message. */
function sentence(code: number): string {
  if (code <= 0) return "";
  const text = resultSentence(code).replace(/\.$/, "");
  return `: ${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}

/** The system's message: a transport's error around it only repeats the attempt. */
export function reasonOf(cause: unknown): string {
  const innermost = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return innermost instanceof Error ? innermost.message : String(innermost);
}
