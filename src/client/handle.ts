import type { Clock } from "../clock.ts";
import type { Engine } from "../engine/engine.ts";
import type { Output } from "../engine/events.ts";
import { checkSpec, type MappingSpec } from "../engine/spec.ts";
import type { SocketAddress, Transport } from "../transport/transport.ts";
import type { IpAddress } from "../wire/address.ts";
import type { Option } from "../wire/option.ts";
import { prefix64Request } from "../wire/prefix64.ts";
import { ProtocolNumber } from "../wire/protocol_number.ts";
import { resultName } from "../wire/result_code.ts";
import { Driver, type TraceEvent } from "./driver.ts";
import {
  ClosedError,
  type PcpError,
  RenewalRefusedError,
  ResultCodeError,
  ServerRestartedError,
  SocketError,
} from "./errors.ts";
import { InboundMap } from "./inbound_map.ts";
import { Mailbox } from "./mailbox.ts";
import type { MapHandle } from "./map_handle.ts";
import type { OutboundMap } from "./outbound_map.ts";
import { type Prefix64, prefix64Of } from "./prefix64.ts";
import { Registry } from "./registry.ts";
import { RequestType } from "./request_type.ts";
import { Statistics, type Stats } from "./stats.ts";

/** What a server said of itself. Plain JSON. */
export interface Announcement {
  /** Seconds since the server lost or began its state (RFC 6887 section 8.5). */
  readonly epoch: number;
  /** Milliseconds between the question and the answer. */
  readonly roundTrip: number;
}

/** How a shutdown went. Plain JSON. */
export interface ShutdownSummary {
  /** Mappings whose end was confirmed, or that needed no deletion. */
  readonly released: number;
  /** Mappings whose deletion nobody confirmed in time: they end when they expire at the server. */
  readonly unconfirmed: number;
  /** Mappings left alive because of `keep`. */
  readonly kept: number;
}

/** What {@linkcode Client.start} makes a handle of. */
export interface HandleInit {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly clientAddress: IpAddress;
  readonly servers: readonly SocketAddress[];
  readonly allowThirdParty: boolean;
  readonly shutdownTimeout: number;
  readonly onTrace: ((event: TraceEvent) => void) | undefined;
}

/** A running client of one server: opens mappings and keeps them. Made by {@linkcode Client.start}. */
export class Handle implements AsyncDisposable {
  /** The address of this host that requests are sent from. */
  readonly client: string;
  /** The server's UDP port, 5351 but in tests. */
  readonly port: number;
  readonly #init: HandleInit;
  readonly #driver: Driver;
  readonly #transports: Transport[] = [];
  readonly #registry: Registry;
  readonly #errors = new Mailbox<PcpError>(ERROR_LIMIT);
  readonly #statistics = new Statistics();
  #announcements: PromiseWithResolvers<Announcement> | undefined;
  #announceWaiters = 0;
  #prefixes: readonly Prefix64[] = [];
  #shutdown: Promise<ShutdownSummary> | undefined;

  /**
   * Use {@linkcode Client.start}.
   *
   * @internal
   */
  constructor(init: HandleInit) {
    this.#init = init;
    this.client = init.clientAddress.toString();
    this.port = init.servers[0]?.port ?? 0;
    this.#registry = new Registry({
      step: (input) => this.#driver.step(input),
      now: () => this.#driver.now,
    });
    this.#driver = new Driver({
      engine: init.engine,
      clock: init.clock,
      servers: init.servers,
      onTrace: init.onTrace,
      onOutput: (output) => this.#carryOut(output),
      onSendError: (error) => {
        this.report(
          new SocketError(
            "send",
            `Cannot send to "${this.server}" port "${this.port}", trying again later`,
            error,
          ),
        );
      },
    });
  }

  /** The server's address; of several the one that is asked now. */
  get server(): string {
    return this.#driver.server.hostname;
  }

  /** The mappings that are not over, oldest first. */
  get mappings(): readonly MapHandle[] {
    return this.#registry.mappings;
  }

  /** Whether {@linkcode Handle.shutdown} was called. */
  get isShutDown(): boolean {
    return this.#shutdown !== undefined;
  }

  /**
   * Asks the server for a mapping and returns at once; `await mapping.ready()` waits for the answer.
   *
   * @param map What is wanted.
   * @param kind For how long.
   * @throws {TypeError | RangeError} If the wish breaks a rule of RFC 6887; nothing is sent.
   * @throws {ClosedError} If the client was shut down.
   */
  request(map: InboundMap | OutboundMap, kind: RequestType = RequestType.KeepAlive): MapHandle {
    if (this.isShutDown) throw new ClosedError("Cannot request a mapping");
    return this.#request(map.toSpec(this.#init.clientAddress), kind, false);
  }

  /** The oldest unread trouble that belongs to no single mapping, or undefined. */
  pollError(): PcpError | undefined {
    return this.#errors.poll();
  }

  /** That trouble as soon as there is some; undefined when the client is shut down and all is read. */
  async waitError(options: { readonly signal?: AbortSignal } = {}): Promise<PcpError | undefined> {
    return (await this.#errors.next(options.signal)).value;
  }

  /**
   * That trouble as it comes: failed sends, restarts of the server, refused renewals. None of it ends the client. Of
   * what nobody reads the newest 100 are kept.
   */
  errors(): AsyncIterableIterator<PcpError> {
    return this.#errors[Symbol.asyncIterator]();
  }

  /**
   * Asks whether the server is there, and since when it has known its mappings (ANNOUNCE, RFC 6887 section 14.1).
   * Repeated until there is an answer: pass a signal to wait no longer than you want.
   *
   * @throws {ResultCodeError} If the server refuses.
   * @throws {ClosedError} If the client is shut down.
   */
  announce(options: { readonly signal?: AbortSignal } = {}): Promise<Announcement> {
    return this.#ask(options.signal, []);
  }

  /**
   * Asks how the network's NAT64 builds IPv6 addresses from IPv4 ones (PREFIX64, RFC 7225). The first one is for
   * destinations that no list names.
   *
   * @returns None if the server tells none, or knows nothing of it.
   * @throws {ResultCodeError} If the server refuses.
   * @throws {ClosedError} If the client is shut down.
   */
  async prefix64(options: { readonly signal?: AbortSignal } = {}): Promise<readonly Prefix64[]> {
    this.#prefixes = [];
    await this.#ask(options.signal, [prefix64Request()]);
    return this.#prefixes;
  }

  async #ask(signal: AbortSignal | undefined, options: readonly Option[]): Promise<Announcement> {
    if (this.isShutDown) throw new ClosedError("Cannot ask the server");
    signal?.throwIfAborted();
    const asked = this.#announcements ??= Promise.withResolvers();
    this.#announceWaiters++;
    try {
      const answer = abortable(asked.promise, signal);
      this.#driver.step({ type: "announce", options });
      return await answer;
    } finally {
      this.#announceWaiters--;
      if (this.#announceWaiters === 0 && this.#announcements === asked) {
        this.#announcements = undefined;
        this.#driver.step({ type: "cancelAnnounce" });
      }
    }
  }

  /**
   * Asks for the external address, with a short mapping of the discard port that is deleted at once
   * (RFC 6887 section 11.6). Other mappings may get another address.
   *
   * @throws {ResultCodeError} If the server refuses.
   * @throws {ClosedError} If the client was shut down.
   */
  async externalAddress(options: { readonly signal?: AbortSignal } = {}): Promise<string> {
    if (this.isShutDown) throw new ClosedError("Cannot ask for the external address");
    const map = new InboundMap(DISCARD_PORT, DISCARD_LIFETIME).protocol(ProtocolNumber.Udp);
    const mapping = this.#request(map.toSpec(this.#init.clientAddress), RequestType.Once, true);
    try {
      return (await mapping.ready(options)).externalAddress;
    } finally {
      await abortable(mapping[Symbol.asyncDispose](), options.signal).catch(() => {
        // The deletion goes on by itself; the reason to wait no longer is the caller's own.
      });
    }
  }

  /** What was sent, received and ignored so far. */
  stats(): Stats {
    const { engine } = this.#init;
    return this.#statistics.snapshot(
      this.#driver.counts,
      this.mappings,
      engine.roundTrip,
      engine.epoch?.server,
    );
  }

  /**
   * Deletes every mapping it made, waits for the confirmations (at most `shutdownTimeout`, 5 s by default), and closes
   * its sockets. Later calls return the same.
   *
   * @param options `keep` leaves the mappings alive at the server; they end when they expire.
   */
  shutdown(options: { readonly keep?: boolean } = {}): Promise<ShutdownSummary> {
    return this.#shutdown ??= this.#end(options.keep ?? false);
  }

  /** As {@linkcode Handle.shutdown}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  /**
   * For the client: the socket that requests leave by, or the one that announcements come to.
   *
   * @internal
   */
  attach(transport: Transport, isForRequests: boolean): void {
    this.#transports.push(transport);
    if (isForRequests) this.#driver.use(transport);
  }

  /**
   * For the client: a datagram came in.
   *
   * @internal
   */
  receive(bytes: Uint8Array, source: SocketAddress, multicast: boolean): void {
    this.#driver.receive(bytes, source, multicast);
  }

  /**
   * For the client: the socket of the requests met trouble.
   *
   * @internal
   */
  failed(error: Error): void {
    this.#driver.failed(error);
  }

  /**
   * For the client: trouble that belongs to no single mapping.
   *
   * @internal
   */
  report(error: PcpError): void {
    this.#errors.put(error);
  }

  #request(spec: MappingSpec, kind: RequestType, internal: boolean): MapHandle {
    if (
      !this.#init.allowThirdParty && spec.options.some((option) => option.type === "thirdParty")
    ) {
      throw new TypeError(
        'Cannot request a mapping for a third party: start the client with "allowThirdParty: true" if every host of this network is trusted (RFC 6887 section 13.1)',
      );
    }
    checkSpec(spec, this.#init.clientAddress);
    return this.#registry.request(spec, kind, internal);
  }

  #carryOut(output: Exclude<Output, { type: "send" }>): void {
    switch (output.type) {
      case "state":
        this.#statistics.stateChanged(output.state);
        return this.#registry.stateChanged(output);
      case "granted":
        return this.#registry.granted(output);
      case "lost":
        return this.#registry.lost(output.id);
      case "renewalRefused":
        return this.report(new RenewalRefusedError(output.id, output.code, output.retryIn));
      case "serverRestarted":
        return this.report(new ServerRestartedError(output.epoch));
      case "announced":
        return this.#announced(({ resolve }) =>
          resolve({ epoch: output.epoch, roundTrip: output.roundTrip })
        );
      case "announceFailed": {
        const { code, lifetime } = output;
        const error = new ResultCodeError(
          "Cannot ask the server whether it is there",
          code,
          resultName(code),
          lifetime,
        );
        return this.#announced(({ reject }) => reject(error));
      }
      case "prefix64":
        this.#prefixes = output.prefixes.map(prefix64Of);
        return;
      case "serverChanged":
        return;
      case "ignored":
        return this.#statistics.ignored(output.reason);
    }
  }

  #announced(settle: (waiting: PromiseWithResolvers<Announcement>) => void): void {
    const waiting = this.#announcements;
    this.#announcements = undefined;
    if (waiting !== undefined) settle(waiting);
  }

  async #end(keep: boolean): Promise<ShutdownSummary> {
    const open = this.#registry.size;
    if (!keep) {
      this.#registry.releaseAll();
      await this.#untilEmpty();
    }
    const left = this.#registry.size;
    this.#driver.close();
    for (const transport of this.#transports) transport.close();
    this.#registry.abandon();
    this.#announced(({ reject }) => reject(new ClosedError("Cannot wait for the server")));
    this.#errors.close();
    return keep
      ? { released: 0, unconfirmed: 0, kept: left }
      : { released: open - left, unconfirmed: left, kept: 0 };
  }

  /** Until every mapping is over, or the time for that is. */
  #untilEmpty(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#init.clock.alarm(this.#driver.now + this.#init.shutdownTimeout, resolve);
    this.#registry.onceEmpty(resolve);
    return promise.then(cancel);
  }
}

/** Errors kept for a reader who comes later. */
const ERROR_LIMIT = 100;

/** Discard: nothing listens there, so that the short mapping opens nothing (RFC 6887 section 11.6). */
const DISCARD_PORT = 9;

/** Seconds; the shortest that common servers grant is 120. */
const DISCARD_LIFETIME = 120;

function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", abort));
}
