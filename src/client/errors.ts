import { resultName, resultSentence } from "../wire/result_code.ts";
import type { MappingState } from "../engine/events.ts";

/**
 * What all errors of this package's clients have in common. Told apart by class (or `name`) and fields, never by text.
 * Mistakes of the caller are `TypeError`s and `RangeError`s instead.
 */
export class PcpError extends Error {
  /** The class's name. */
  override readonly name: string = "PcpError";

  /** As plain JSON: name, message, and the fields of the kind. */
  toJSON(): { name: string; message: string; [field: string]: unknown } {
    const { cause: _cause, ...fields } = this as { cause?: unknown };
    return { ...fields, name: this.name, message: this.message };
  }
}

/** The server refused: it answered with a result code other than 0 (RFC 6887 section 7.4). */
export class ResultCodeError extends PcpError {
  /** `ResultCodeError`. */
  override readonly name = "ResultCodeError";
  /** 1 to 255 as the server sent it; negative for what no server says, see {@linkcode resultName}. */
  readonly code: number;
  /** The code's name in the RFC, such as `"NO_RESOURCES"`. */
  readonly resultName: string;
  /** Seconds for which the same request will not be repeated, undefined if it never will. */
  readonly lifetime: number | undefined;

  /** @internal */
  constructor(attempt: string, code: number, name: string, lifetime: number | undefined) {
    super(`${attempt}: the server answered "${name}" (${code})${sentence(code)}`);
    this.code = code;
    this.resultName = name;
    this.lifetime = lifetime;
  }
}

/** A renewal was refused. The mapping lives to its known end, and is asked for again after the hold. */
export class RenewalRefusedError extends PcpError {
  /** `RenewalRefusedError`. */
  override readonly name = "RenewalRefusedError";
  /** The mapping's id. */
  readonly mappingId: number;
  /** The result code. */
  readonly code: number;
  /** Its name. */
  readonly resultName: string;
  /** Seconds until the next attempt may be made. */
  readonly retryIn: number;

  /** @internal */
  constructor(mappingId: number, code: number, retryIn: number) {
    super(
      `Cannot renew mapping "${mappingId}" yet: the server answered "${
        resultName(code)
      }" (${code})${sentence(code)}`,
    );
    this.mappingId = mappingId;
    this.code = code;
    this.resultName = resultName(code);
    this.retryIn = retryIn;
  }
}

/** The server lost its mappings, by its epoch (RFC 6887 section 8.5). They are being asked for again. */
export class ServerRestartedError extends PcpError {
  /** `ServerRestartedError`. */
  override readonly name = "ServerRestartedError";
  /** The server's new epoch in seconds. */
  readonly epoch: number;

  /** @internal */
  constructor(epoch: number) {
    super(
      `The server lost its state: its epoch is now "${epoch}", every mapping is asked for again`,
    );
    this.epoch = epoch;
  }
}

/** A socket could not be opened, or a send or receive failed on this host. After `send` and `receive` the client goes on. */
export class SocketError extends PcpError {
  /** `SocketError`. */
  override readonly name = "SocketError";
  /** What failed. */
  readonly operation: "open" | "send" | "receive";

  /** @internal */
  constructor(operation: "open" | "send" | "receive", message: string, cause: unknown) {
    super(`${message}: ${reason(cause)}`, { cause });
    this.operation = operation;
  }
}

/** Announcements of restarts cannot be heard (RFC 6887 section 14.1.3). Not fatal: restarts are noticed at the next renewal. */
export class AnnouncementError extends PcpError {
  /** `AnnouncementError`. */
  override readonly name = "AnnouncementError";
  /** The UDP port that announcements come to, 5350 but in tests. */
  readonly port: number;

  /** @internal */
  constructor(port: number, cause: unknown) {
    super(
      `Cannot listen for restarts of the server on UDP port "${port}", which only delays noticing them: ${
        reason(cause)
      }`,
      { cause },
    );
    this.port = port;
  }
}

/** The mapping is over, or not assigned, so that the call makes no sense. */
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

/** The client has a mapping of this protocol and internal port already, and the new wish cannot share it. */
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

/** This host has another address, or another gateway: every mapping is asked for anew. */
export class NetworkChangedError extends PcpError {
  /** `NetworkChangedError`. */
  override readonly name = "NetworkChangedError";
  /** The client's address now. */
  readonly client: string;
  /** The server's address now. */
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

/** What the client keeps across restarts cannot be read or written. */
export class StoreError extends PcpError {
  /** `StoreError`. */
  override readonly name = "StoreError";
  /**
   * `damaged`: it made no sense and was moved aside. `newer`: a newer version wrote it. `inUse`: another client has it.
   * `unreadable`, `unwritable`: the system refused.
   */
  readonly reason: "damaged" | "newer" | "inUse" | "unreadable" | "unwritable";

  /** @internal */
  constructor(
    reason: "damaged" | "newer" | "inUse" | "unreadable" | "unwritable",
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
    this.reason = reason;
  }
}

/** The handle was shut down. */
export class ClosedError extends PcpError {
  /** `ClosedError`. */
  override readonly name = "ClosedError";

  /** @internal */
  constructor(attempt: string) {
    super(`${attempt}: the client was shut down, start another one`);
  }
}

/** The code's sentence as the end of a message, which has no full stop. */
function sentence(code: number): string {
  if (code <= 0) return "";
  const text = resultSentence(code).replace(/\.$/, "");
  return `: ${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}

/** What the system said: the transport's error around it repeats what was attempted. */
function reason(cause: unknown): string {
  const innermost = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return innermost instanceof Error ? innermost.message : String(innermost);
}
