import type { Input, Milliseconds } from "../engine/events.ts";
import type { MappingSpec } from "../engine/mapping_spec.ts";
import { checkSpec } from "../engine/check_spec.ts";
import { ProtocolNumber } from "../wire/protocol_number.ts";
import type { Addresses } from "./network/addresses.ts";
import { abortable } from "./abortable.ts";
import { type Announcement, AnnounceRequests } from "./announce_requests.ts";
import { Connection, type ConnectionOptions } from "./network/connection.ts";
import type { Diagnosis } from "./diagnosis/diagnosis.ts";
import type { Driver, Outlet } from "./network/driver.ts";
import {
  ClosedError,
  NetworkChangedError,
  PcpError,
  RenewalRefusedError,
  ServerRestartedError,
  SocketError,
} from "./errors.ts";
import type { HandleInit } from "./handle_init.ts";
import { InboundMap } from "./inbound_map.ts";
import { MappingRecords } from "./persistence/mapping_records.ts";
import { BoundedQueue } from "./bounded_queue.ts";
import type { MapHandle } from "./map_handle.ts";
import { type Endpoints, specOf } from "./persistence/mapping_record.ts";
import type { OutboundMap } from "./outbound_map.ts";
import type { Prefix64 } from "./prefix64.ts";
import { MappingRegistry } from "./mapping_registry.ts";
import { RequestType } from "./request_type.ts";
import type { ShutdownSummary } from "./shutdown_summary.ts";
import type { StoredMapping } from "./persistence/store.ts";
import { Statistics, type Stats } from "./stats.ts";
import type { NetworkWatcher, WatchEvents } from "./network/network_watcher.ts";

/** A running client of one server: opens mappings and keeps them. Made by {@linkcode Client.start}. */
export class Handle implements AsyncDisposable {
  /** The server's UDP port, 5351 but in tests. */
  readonly port: number;
  readonly #init: HandleInit;
  readonly #options: ConnectionOptions;
  readonly #registry: MappingRegistry;
  readonly #announcer: AnnounceRequests;
  readonly #errors = new BoundedQueue<PcpError>(ERROR_LIMIT);
  readonly #statistics = new Statistics();
  #connection: Connection;
  readonly #ledger: MappingRecords;
  #watcher: NetworkWatcher | undefined;
  #shutdown: Promise<ShutdownSummary> | undefined;

  private constructor(init: HandleInit, options: ConnectionOptions, connection: Connection) {
    this.#init = init;
    this.#options = options;
    this.#connection = connection;
    this.port = init.connection.port;
    this.#announcer = new AnnounceRequests((input) => this.#driver.step(input));
    const now = (): Milliseconds => init.connection.clock.now();
    this.#ledger = new MappingRecords(this.#owner, {
      store: init.store,
      now,
      randomWord: init.connection.randomWord,
      onError: (error) => this.#report(error),
    });
    const ledger = this.#ledger;
    const step = (input: Input): void => this.#driver.step(input);
    this.#registry = new MappingRegistry({ step, now, ledger });
  }

  /**
   * Use {@linkcode Client.start}.
   *
   * @internal
   */
  static async open(init: HandleInit): Promise<Handle> {
    const early: PcpError[] = [];
    const made: { handle?: Handle } = {};
    const outlet: Outlet = { take: () => {} }; // nothing is asked for yet
    const options: ConnectionOptions = {
      ...init.connection,
      counts: { sent: 0, received: 0, sendErrors: 0 },
      outlet,
      report: (error) => {
        if (made.handle === undefined) early.push(error);
        else made.handle.#report(error);
      },
    };
    const connection = await Connection.open(init.addresses, options);
    const handle = made.handle = new Handle(init, options, connection);
    outlet.take = handle.#carryOut;
    for (const error of early) handle.#report(error);
    try {
      await handle.#ledger.load();
    } catch (error) {
      connection.close();
      throw error;
    }
    return handle;
  }

  /** The address of this host that requests are sent from. */
  get client(): string {
    return this.#connection.addresses.clientAddress.toString();
  }

  /** The server's address; of several the one that is asked now. */
  get server(): string {
    return this.#driver.server.hostname;
  }

  /** The mappings that are not over, oldest first. */
  get mappings(): readonly MapHandle[] {
    return this.#registry.mappings;
  }

  /** What an earlier run with the same store left at the server, and nobody asked for again since. */
  get leftovers(): readonly StoredMapping[] {
    return this.#ledger.leftovers;
  }

  /**
   * Deletes what an earlier run left, and waits for the confirmations.
   *
   * @returns How many there were.
   */
  async deleteLeftovers(): Promise<number> {
    const left = this.leftovers;
    await Promise.all(left.map(async (stored) => {
      await this.#registry.request(specOf(stored), RequestType.Once, true)[Symbol.asyncDispose]();
    }));
    return left.length;
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
    this.#checkOpen("Cannot request a mapping");
    return this.#request(map.toSpec(this.#connection.addresses.clientAddress), kind, false);
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
  async announce(options: { readonly signal?: AbortSignal } = {}): Promise<Announcement> {
    this.#checkOpen("Cannot ask the server");
    return await this.#announcer.ask(options.signal);
  }

  /**
   * Asks how the network's NAT64 builds IPv6 addresses from IPv4 ones (PREFIX64, RFC 7225); the first is the default.
   *
   * @returns None if the server tells none, or knows nothing of it.
   * @throws {ResultCodeError} If the server refuses.
   * @throws {ClosedError} If the client is shut down.
   */
  async prefix64(options: { readonly signal?: AbortSignal } = {}): Promise<readonly Prefix64[]> {
    this.#checkOpen("Cannot ask the server");
    return await this.#announcer.askPrefixes(options.signal);
  }

  /**
   * Asks for the external address, with a short mapping of the discard port that is deleted at once
   * (RFC 6887 section 11.6). Other mappings may get another address.
   *
   * @throws {ResultCodeError} If the server refuses.
   * @throws {ClosedError} If the client was shut down.
   */
  async externalAddress(options: { readonly signal?: AbortSignal } = {}): Promise<string> {
    this.#checkOpen("Cannot ask for the external address");
    const map = new InboundMap(DISCARD_PORT, DISCARD_LIFETIME).protocol(ProtocolNumber.Udp);
    const mapping = this.#request(
      map.toSpec(this.#connection.addresses.clientAddress),
      RequestType.Once,
      true,
    );
    try {
      return (await mapping.ready(options)).externalAddress;
    } finally {
      await abortable(mapping[Symbol.asyncDispose](), options.signal).catch(() => {
        // The deletion goes on by itself; the reason to wait no longer is the caller's own.
      });
    }
  }

  /**
   * Finds out what stands in the way of being reached from the Internet: what the server speaks, where it is, whether its
   * restarts are heard. As plain JSON and in sentences for people. Takes 8 s at most and leaves no mapping behind.
   *
   * @throws {ClosedError} If the client was shut down.
   */
  async diagnose(options: { readonly signal?: AbortSignal } = {}): Promise<Diagnosis> {
    this.#checkOpen("Cannot diagnose the network");
    return await (await loadDiagnosis()).diagnose({
      ...this.#options,
      client: this.#connection.addresses.clientAddress,
      server: this.#driver.server,
      mappings: this.mappings,
      announcements: this.#connection.announcements,
      externalAddress: (signal) => this.externalAddress({ signal }),
    }, options.signal);
  }

  /** What was sent, received and ignored so far. */
  stats(): Stats {
    const { engine } = this.#connection;
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
   * For the client: looks out for changes of the network from now on.
   *
   * @internal
   */
  watch(watcher: (events: WatchEvents) => NetworkWatcher): void {
    this.#watcher = watcher({
      current: () => this.#connection.addresses,
      moved: (addresses) => this.#move(addresses),
      resumed: () => this.#driver.step({ type: "refresh" }),
    });
  }

  get #driver(): Driver {
    return this.#connection.driver;
  }

  #report(error: PcpError): void {
    if (error instanceof SocketError) this.#watcher?.suspect();
    this.#errors.put(error);
  }

  get #owner(): Endpoints {
    const { client, server, port } = this;
    return { client, server, port };
  }

  /** New mappings from the new address; those at the old one end when they expire (RFC 6887 section 11.5). */
  async #move(addresses: Addresses): Promise<boolean> {
    let connection: Connection;
    try {
      connection = await Connection.open(addresses, this.#options);
    } catch (error) {
      if (!(error instanceof PcpError)) throw error;
      this.#report(error); // the address may be on its way; the next look tries again
      return false;
    }
    if (this.isShutDown) {
      connection.close();
      return false;
    }
    const held = this.#registry.held(this.#owner, (id) => this.#connection.engine.nonceOf(id));
    this.#connection.close();
    this.#connection = connection;
    this.#ledger.movedTo(this.#owner, held);
    this.#errors.put(new NetworkChangedError(this.client, this.server));
    this.#registry.rebase();
    this.#announcer.again();
    return true;
  }

  #request(spec: MappingSpec, kind: RequestType, internal: boolean): MapHandle {
    const { options } = spec;
    const isForOther = options.length > 0 && options.some(({ type }) => type === "thirdParty");
    if (isForOther && !this.#init.allowThirdParty) {
      throw new TypeError(
        'Cannot request a mapping for a third party: start the client with "allowThirdParty: true" if every host of this network is trusted (RFC 6887 section 13.1)',
      );
    }
    checkSpec(spec, this.#connection.addresses.clientAddress);
    return this.#registry.request(spec, kind, internal);
  }

  #checkOpen(attempt: string): void {
    if (this.isShutDown) throw new ClosedError(attempt);
  }

  readonly #carryOut: Outlet["take"] = (output) => {
    switch (output.type) {
      case "state":
        if ("attempt" in output.state && output.state.attempt > 0) {
          this.#statistics.repeated();
          this.#watcher?.suspect(); // an unanswered request may mean that the server is not there any more
        }
        return this.#registry.stateChanged(output);
      case "granted":
        return this.#registry.granted(output);
      case "lost":
        return this.#registry.lost(output.id);
      case "renewalRefused":
        return this.#report(
          new RenewalRefusedError(this.#registry.idOf(output.id), output.code, output.retryIn),
        );
      case "serverRestarted":
        return this.#report(new ServerRestartedError(output.epoch));
      case "announced":
        return this.#announcer.announced(output);
      case "announceFailed":
        return this.#announcer.failed(output);
      case "prefix64":
        return this.#announcer.prefixes(output);
      case "serverChanged":
        return;
      case "ignored":
        return this.#statistics.ignored(output.reason);
    }
  };

  async #end(keep: boolean): Promise<ShutdownSummary> {
    const open = this.#registry.size;
    if (!keep) {
      this.#registry.releaseAll();
      await this.#untilEmpty();
    }
    const left = this.#registry.size;
    this.#watcher?.close();
    this.#connection.close();
    this.#registry.abandon();
    await this.#ledger.end();
    this.#announcer.close();
    this.#errors.close();
    return keep
      ? { released: 0, unconfirmed: 0, kept: left }
      : { released: open - left, unconfirmed: left, kept: 0 };
  }

  /** Until every mapping is over, or the time for that is. */
  #untilEmpty(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.alarm(
      this.#options.clock.now() + this.#init.shutdownTimeout,
      resolve,
    );
    this.#registry.onceEmpty(resolve);
    return promise.then(cancel);
  }
}

/** Loads what {@linkcode Handle.diagnose} needs, once; in virtual time it must be there before. @internal */
export function loadDiagnosis(): Promise<typeof import("./diagnosis/diagnose.ts")> {
  return diagnosis ??= import("./diagnosis/diagnose.ts");
}

let diagnosis: Promise<typeof import("./diagnosis/diagnose.ts")> | undefined;

/** Errors kept for a reader who comes later. */
const ERROR_LIMIT = 100;

/** Discard: nothing listens there, so that the short mapping opens nothing (RFC 6887 section 11.6). */
const DISCARD_PORT = 9;
/** Seconds; the shortest that common servers grant is 120. */
const DISCARD_LIFETIME = 120;
