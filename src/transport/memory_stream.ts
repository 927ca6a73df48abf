import type { Clock, Milliseconds } from "../clock.ts";
import {
  ExchangeError,
  type ExchangeOptions,
  type ExchangeReason,
  ResponseBuffer,
  type StreamAddress,
  type StreamConnection,
  type StreamListener,
  type StreamSink,
} from "./stream.ts";
import { systemError, TransportError } from "./transport_error.ts";

/** An exchange as passed to `onExchange` of a `MemoryNetwork`, when it has ended. */
export interface TappedExchange {
  /** The time at which the client began to connect. */
  readonly at: Milliseconds;
  /** The time at which the exchange ended for the client. */
  readonly endedAt: Milliseconds;
  /** The client's side. */
  readonly from: StreamAddress;
  /** The server's side. */
  readonly to: StreamAddress;
  /** The request. */
  readonly request: Uint8Array;
  /** What the client had read at the end. */
  readonly response: Uint8Array;
  /** How it ended; `aborted` by the client's signal. */
  readonly outcome: "complete" | "aborted" | ExchangeReason;
}

/** What the connections in memory need of their network. */
export interface MemoryStreamParts {
  /** The clock of all timeouts and deliveries. */
  readonly clock: Clock;
  /** Delay of octets in one direction. */
  readonly latency: () => Milliseconds;
  /** Canonical text of an address. */
  readonly key: (hostname: string) => string;
  /** Draws the local port of a connection. */
  readonly drawPort: () => number;
  /** The fault of connections to an address, if any. */
  readonly failure: (to: StreamAddress) => ExchangeReason | undefined;
  /** Called with each exchange when it has ended. */
  readonly onExchange: (exchange: TappedExchange) => void;
}

/**
 * TCP in memory: nothing is lost or reordered, each direction takes the latency of the network, and a connection takes two
 * of them to open.
 */
export class MemoryStreams {
  readonly #parts: MemoryStreamParts;
  readonly #listeners: { readonly key: string; readonly port: number; readonly accept: Accept }[] =
    [];

  /** Begins without listeners. */
  constructor(parts: MemoryStreamParts) {
    this.#parts = parts;
  }

  /** Listens at an address and port; see `Listen`. */
  listen(local: StreamAddress, accept: Accept): Promise<StreamListener> {
    const port = local.port === 0 ? this.#parts.drawPort() : local.port;
    const listener = { key: this.#parts.key(local.hostname), port, accept };
    if (this.#find(local.hostname, port) !== undefined) {
      const cause = systemError("EADDRINUSE", "the address is in use");
      return Promise.reject(new TransportError("open", { ...local, port }, cause));
    }
    this.#listeners.push(listener);
    return Promise.resolve({
      local: { hostname: local.hostname, port },
      close: () => {
        const index = this.#listeners.indexOf(listener);
        if (index >= 0) this.#listeners.splice(index, 1);
      },
    });
  }

  /** Carries out an exchange; see `Exchange`. */
  exchange(options: ExchangeOptions): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      options.signal?.throwIfAborted();
      const from = { hostname: options.from, port: this.#parts.drawPort() };
      const client = new ClientSide(options, from, this.#parts, resolve, reject);
      const to = { hostname: options.hostname, port: options.port };
      const failure = this.#parts.failure(to);
      if (failure === "timeout") return;
      client.after(2 * this.#parts.latency(), () => {
        const listener = this.#find(to.hostname, to.port);
        if (failure !== undefined || listener === undefined) client.fail(failure ?? "refused");
        else client.connected(listener.accept);
      });
    });
  }

  #find(hostname: string, port: number): { readonly accept: Accept } | undefined {
    const key = this.#parts.key(hostname);
    return this.#listeners.find((listener) => listener.key === key && listener.port === port);
  }
}

type Accept = (connection: StreamConnection) => StreamSink;

/** The client's side of one connection. */
class ClientSide {
  readonly #options: ExchangeOptions;
  readonly #from: StreamAddress;
  readonly #parts: MemoryStreamParts;
  readonly #resolve: (octets: Uint8Array) => void;
  readonly #reject: (error: unknown) => void;
  readonly #buffer: ResponseBuffer;
  readonly #at: Milliseconds;
  readonly #cancelConnecting: () => void;
  readonly #cancelWaiting: () => void;
  /** The server's side, once the connection is open. */
  #sink: StreamSink | undefined = undefined;
  /** Whether the server has ended the connection, so that it hears nothing more of it. */
  #serverEnded = false;
  #ended = false;

  constructor(
    options: ExchangeOptions,
    from: StreamAddress,
    parts: MemoryStreamParts,
    resolve: (octets: Uint8Array) => void,
    reject: (error: unknown) => void,
  ) {
    this.#options = options;
    this.#from = from;
    this.#parts = parts;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#buffer = new ResponseBuffer(options);
    this.#at = parts.clock.now();
    const { connectTimeout, timeout, signal } = options;
    const expire = (): void => this.fail("timeout");
    this.#cancelConnecting = parts.clock.alarm(
      this.#at + Math.min(connectTimeout, timeout),
      expire,
    );
    this.#cancelWaiting = parts.clock.alarm(this.#at + timeout, expire);
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** Runs after a delay, unless the exchange has ended before. */
  after(delay: Milliseconds, run: () => void): void {
    const { clock } = this.#parts;
    clock.alarm(clock.now() + delay, () => {
      if (!this.#ended) run();
    });
  }

  connected(accept: Accept): void {
    this.#cancelConnecting();
    const { hostname, port, bytes } = this.#options;
    const toClient = (run: () => void): void => {
      if (!this.#serverEnded) this.after(this.#parts.latency(), run);
    };
    const endByServer = (run: () => void): void => {
      toClient(run);
      this.#serverEnded = true;
    };
    this.#sink = accept({
      remote: this.#from,
      local: { hostname, port },
      send: (octets) => {
        const copy = octets.slice();
        toClient(() => this.#receive(copy));
      },
      close: () => endByServer(() => this.#complete()),
      reset: () => endByServer(() => this.fail("reset")),
    });
    const request = bytes.slice();
    this.#toServer((sink) => sink.octets(request));
  }

  fail(reason: ExchangeReason): void {
    const error = new ExchangeError(this.#options, reason, { octets: this.#buffer.octets });
    this.#end(reason, () => this.#reject(error));
  }

  #receive(octets: Uint8Array): void {
    const state = this.#buffer.add(octets);
    if (state === "complete") this.#complete();
    if (state === "tooLong") this.fail("tooLong");
  }

  #complete(): void {
    this.#end("complete", () => this.#resolve(this.#buffer.octets));
  }

  readonly #abort = (): void => {
    this.#end("aborted", () => this.#reject(this.#options.signal?.reason));
  };

  #end(outcome: TappedExchange["outcome"], settle: () => void): void {
    if (this.#ended) return;
    this.#toServer((sink) => sink.closed());
    this.#ended = true;
    this.#cancelConnecting();
    this.#cancelWaiting();
    const { hostname, port, bytes, signal } = this.#options;
    signal?.removeEventListener("abort", this.#abort);
    this.#parts.onExchange({
      at: this.#at,
      endedAt: this.#parts.clock.now(),
      from: this.#from,
      to: { hostname, port },
      request: bytes.slice(),
      response: this.#buffer.octets,
      outcome,
    });
    settle();
  }

  /** The server hears of it although the client may have ended the exchange meanwhile. */
  #toServer(run: (sink: StreamSink) => void): void {
    const sink = this.#sink;
    if (sink === undefined || this.#serverEnded) return;
    const { clock, latency } = this.#parts;
    clock.alarm(clock.now() + latency(), () => {
      if (!this.#serverEnded) run(sink);
    });
  }
}
