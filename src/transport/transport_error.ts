import type { SocketAddress } from "./transport.ts";

/** The system refused to open a socket, to send or to receive. */
export class TransportError extends Error {
  /** `TransportError`. */
  override readonly name: string = "TransportError";
  /** What was attempted. */
  readonly operation: "open" | "send" | "receive";
  /** The local address for `open` and `receive`, the receiver's for `send`. */
  readonly address: SocketAddress;
  /** The system's code of the error, such as `EADDRINUSE`, if there is one; `EBADF` if the socket is closed. */
  readonly code: string | undefined;

  /**
   * Creates the error of an operation.
   *
   * @param cause The error of the system.
   */
  constructor(operation: "open" | "send" | "receive", address: SocketAddress, cause: unknown) {
    const preposition = { open: "a socket on", send: "to", receive: "on" }[operation];
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`Cannot ${operation} ${preposition} "${format(address)}": ${reason}`, { cause });
    this.operation = operation;
    this.address = address;
    this.code = errorCode(cause);
  }

  /** The error of sending on a closed socket. */
  static closed(to: SocketAddress): TransportError {
    return new TransportError("send", to, systemError("EBADF", "the socket is closed"));
  }
}

/** An error with a code, such as `EINVAL`, as operating systems have. */
export function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** The system's code of an error, such as `EADDRINUSE`. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

function format({ hostname, port }: SocketAddress): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
