import type { Milliseconds } from "../clock.ts";

/** One exchange over TCP: a connection, one request, the response. */
export interface ExchangeOptions {
  /** The address to connect to, IPv4 or IPv6. */
  readonly hostname: string;
  /** The TCP port to connect to, 1 to 65535. */
  readonly port: number;
  /** The local address from which the connection leaves. */
  readonly from: string;
  /** The request, sent in one piece. It must not change before the promise is settled. */
  readonly bytes: Uint8Array;
  /** The most octets to read. */
  readonly maximum: number;
  /**
   * Called with everything that has been read, after each arrival and never after it has returned true; returns whether the
   * response is complete. The octets are valid until it returns.
   */
  readonly isComplete: (octets: Uint8Array) => boolean;
  /** The longest time until the connection is open, in milliseconds. */
  readonly connectTimeout: Milliseconds;
  /** The longest time for everything together, in milliseconds. */
  readonly timeout: Milliseconds;
  /** Ends the exchange: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Carries out one exchange. The connection is closed when the promise settles.
 *
 * @returns Everything that was read until the response was complete or the other side closed the connection. Rejects with
 * an {@linkcode ExchangeError}, or with the reason of the signal.
 */
export type Exchange = (options: ExchangeOptions) => Promise<Uint8Array>;

/**
 * Why an exchange failed:
 *
 * - `refused`: no program listens on the port.
 * - `unreachable`: there is no way to the address, the local address is not this computer's, or a permission is missing.
 * - `timeout`: no connection, or no whole response, in time.
 * - `reset`: the other side ended the connection with an error.
 * - `tooLong`: more octets than `maximum`.
 */
export type ExchangeReason = "refused" | "unreachable" | "timeout" | "reset" | "tooLong";

/** An exchange over TCP failed. */
export class ExchangeError extends Error {
  /** `ExchangeError`. */
  override readonly name: string = "ExchangeError";
  /** Why. */
  readonly reason: ExchangeReason;
  /** What had been read before; a server that keeps the connection open may have sent its whole response. */
  readonly octets: Uint8Array;

  /**
   * Creates the error of an exchange.
   *
   * @param details What had been read, and the error of the system, if there is one.
   */
  constructor(
    to: StreamAddress,
    reason: ExchangeReason,
    details: { readonly octets?: Uint8Array; readonly cause?: unknown } = {},
  ) {
    const { octets = new Uint8Array(), cause } = details;
    const host = to.hostname.includes(":") ? `[${to.hostname}]` : to.hostname;
    const detail = cause instanceof Error ? cause.message : SENTENCES[reason];
    super(`Cannot exchange messages with "${host}:${to.port}": ${detail}`, { cause });
    this.reason = reason;
    this.octets = octets;
  }
}

/** A TCP connection on the side of a server. */
export interface StreamConnection {
  /** Address and port of the client. */
  readonly remote: StreamAddress;
  /** Address and port that the client connected to. */
  readonly local: StreamAddress;
  /** Sends octets. Does nothing after the connection has ended. */
  send(bytes: Uint8Array): void;
  /** Ends the connection after the octets sent before. */
  close(): void;
  /** Ends the connection with an error, at once. */
  reset(): void;
}

/** Address and port of one side of a connection. */
export interface StreamAddress {
  /** IPv4 or IPv6 address. */
  readonly hostname: string;
  /** TCP port. */
  readonly port: number;
}

/** Receives the events of a {@linkcode StreamConnection}. The methods must not throw. */
export interface StreamSink {
  /** Octets arrived. They do not change later. */
  octets(bytes: Uint8Array): void;
  /** The client ended the connection. */
  closed(): void;
}

/** Listens for connections. */
export interface StreamListener {
  /** Address and port. */
  readonly local: StreamAddress;
  /** Listens no longer; connections that are open go on. */
  close(): void;
}

/** Collects the octets of a response, and decides when it is complete. */
export class ResponseBuffer {
  readonly #options: Pick<ExchangeOptions, "maximum" | "isComplete">;
  #buffer = new Uint8Array(1_024);
  #length = 0;

  /** Begins with no octet. */
  constructor(options: Pick<ExchangeOptions, "maximum" | "isComplete">) {
    this.#options = options;
  }

  /** Everything so far, in memory of its own. */
  get octets(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  /** Adds octets. Returns `complete`, `tooLong`, or `more` if the response goes on. */
  add(bytes: Uint8Array): "complete" | "tooLong" | "more" {
    const { maximum, isComplete } = this.#options;
    const length = Math.min(maximum, this.#length + bytes.length);
    const taken = bytes.subarray(0, length - this.#length);
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#buffer.length));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    this.#buffer.set(taken, this.#length);
    this.#length = length;
    if (isComplete(this.#buffer.subarray(0, length))) return "complete";
    return taken.length < bytes.length ? "tooLong" : "more";
  }
}

const SENTENCES: Readonly<Record<ExchangeReason, string>> = {
  refused: "the connection was refused",
  unreachable: "the address cannot be reached",
  timeout: "no whole response arrived in time",
  reset: "the connection was reset",
  tooLong: "the response is longer than allowed",
};
