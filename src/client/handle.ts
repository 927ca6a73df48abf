import type { Input } from "../engine/events.ts";
import { PcpError } from "../pcp_error.ts";
import type { MappingSpec } from "../engine/mapping_spec.ts";
import type { Protocol } from "../engine/protocol.ts";
import { type Announcement, AnnounceRequests } from "./announce_requests.ts";
import { BoundedQueue } from "./bounded_queue.ts";
import type { ClientSettings } from "./client_options.ts";
import type { Diagnosis } from "./diagnosis/diagnosis.ts";
import { loadDiagnosis } from "./diagnosis/load_diagnosis.ts";
import { ClosedError, NetworkChangedError, reasonOf, SocketError } from "./errors.ts";
import { findExternalAddress } from "./external_address.ts";
import { GatewayMonitor, type GatewayStatus } from "./gateway_monitor.ts";
import { gatewaySentence } from "./gateway_words.ts";
import type { InboundMap } from "./inbound_map.ts";
import { Leftovers } from "./leftovers.ts";
import type { MapHandle } from "./map_handle.ts";
import { MappingRegistry } from "./mapping_registry.ts";
import type { Addresses } from "./network/addresses.ts";
import { Connection, type ConnectionOptions } from "./network/connection.ts";
import type { Driver } from "./network/driver.ts";
import type { NetworkWatcher, WatchEvents } from "./network/network_watcher.ts";
import type { OutboundMap } from "./outbound_map.ts";
import { OutputDispatch } from "./output_dispatch.ts";
import type { Endpoints } from "./persistence/mapping_record.ts";
import { MappingRecords } from "./persistence/mapping_records.ts";
import type { StoredMapping } from "./persistence/store.ts";
import type { Prefix64 } from "./prefix64.ts";
import { checkMap, checkRequest } from "./check_request.ts";
import { RequestType } from "./request_type.ts";
import { type ShutdownSummary, summaryOf } from "./shutdown_summary.ts";
import { Statistics, type Stats } from "./stats.ts";

/** A running client of one server: requests mappings and maintains them. Returned by {@linkcode Client.start}. */
export class Handle implements AsyncDisposable {
  /** The server's UDP port, 5351 by default. */
  readonly port: number;
  readonly #settings: ClientSettings;
  readonly #connectionOptions: ConnectionOptions;
  readonly #records: MappingRecords;
  readonly #registry: MappingRegistry;
  readonly #leftovers: Leftovers;
  readonly #announceRequests: AnnounceRequests;
  readonly #gateway: GatewayMonitor;
  readonly #outputs: OutputDispatch;
  readonly #errors = new BoundedQueue<PcpError>(ERROR_LIMIT);
  readonly #statistics = new Statistics();
  /** Replaced when the client moves to another address or server. */
  #connection: Connection;
  #watcher: NetworkWatcher | undefined;
  #shutdown: Promise<ShutdownSummary> | undefined;

  private constructor(addresses: Addresses, settings: ClientSettings) {
    const { port, clock, randomWord, store, allowThirdParty } = settings;
    this.port = port;
    this.#settings = settings;
    const onError = (error: PcpError): void => this.#report(error);
    this.#connectionOptions = {
      ...settings,
      counts: this.#statistics.counts,
      onOutput: (output) => this.#outputs.take(output),
      onError,
      onAdding: (adding) => this.#registry.adding(adding),
    };
    this.#connection = new Connection(addresses, this.#connectionOptions);
    const records = this.#records = new MappingRecords(this.#endpoints, {
      store,
      now: () => clock.now(),
      reusable: (spec) => this.#connection.engine.reusable(clock.now(), spec),
      randomWord,
      allowThirdParty,
      onError,
    });
    const step = (input: Input): void => this.#driver.step(input);
    const gateway = () => this.#connection.engine.gateway;
    const announceRequests = this.#announceRequests = new AnnounceRequests(step);
    this.#registry = new MappingRegistry({ step, clock, records, gateway, announceRequests });
    this.#leftovers = new Leftovers({ records, registry: this.#registry, clock });
    this.#gateway = new GatewayMonitor(step, () => clock.now());
    this.#outputs = new OutputDispatch({
      clock,
      registry: this.#registry,
      announceRequests,
      gateway: this.#gateway,
      statistics: this.#statistics,
      report: onError,
      hasStore: store !== undefined,
      describeGateway: () => this.describeGateway(),
      onRetransmission: () => this.#watcher?.checkSoon(), // the server may have another address
    });
  }

  /**
   * Use {@linkcode Client.start}.
   *
   * @internal
   */
  static async open(addresses: Addresses, settings: ClientSettings): Promise<Handle> {
    const handle = new Handle(addresses, settings);
    try {
      await handle.#connection.open();
      await handle.#records.load();
      handle.#leftovers.deleteAbandoned();
    } catch (error) {
      handle.#connection.close();
      throw error;
    }
    return handle;
  }

  /** The address of this host that requests are sent from. */
  get client(): string {
    return this.#connection.addresses.clientAddress.toString();
  }

  /** The server's address; of several the one that requests are sent to now. */
  get server(): string {
    return this.#driver.server.hostname;
  }

  /** Whether the gateway answers, and since when. Everything that this client says about the gateway comes from here. */
  get gateway(): GatewayStatus {
    return this.#gateway.status;
  }

  /** The protocol in which the gateway answers; undefined while nothing has answered. */
  get protocol(): Protocol | undefined {
    return this.#gateway.protocol;
  }

  /**
   * Other addresses than the server's from which answers came: they are not accepted, but one may be the address to ask, as
   * with a pair of routers that share a virtual address.
   */
  get answersFrom(): readonly string[] {
    return this.#connection.engine.gateway.otherSources.map(String);
  }

  /** What is known of the gateway in one sentence for people, without a period, and what to do about it. */
  describeGateway(): string {
    const { server, port } = this;
    return gatewaySentence(this.#connection.engine.gateway, server, port);
  }

  /** Yields the gateway's state after every change from now on, until the client is shut down. */
  gatewayChanges(): AsyncIterableIterator<GatewayStatus> {
    return this.#gateway.changes();
  }

  /** The mappings that are not over, oldest first. */
  get mappings(): readonly MapHandle[] {
    return this.#registry.mappings;
  }

  /** The mappings that an earlier run with the same store left at the server and that were not requested again since. */
  get leftovers(): readonly StoredMapping[] {
    return this.#records.leftovers;
  }

  /**
   * Deletes the mappings that an earlier run left at the server, or one of them, and waits for the confirmations.
   *
   * @param mapping One of {@linkcode Handle.leftovers}; all of them if left out.
   * @returns The number of mappings deleted: 0 if `mapping` is none of the leftovers, or the server refused.
   * @throws {TypeError} If `mapping` is not a stored mapping.
   * @throws {ClosedError} If the client was shut down.
   */
  async deleteLeftovers(mapping?: StoredMapping): Promise<number> {
    const attempt = "Cannot delete the mappings of an earlier run";
    this.#checkOpen(attempt);
    return await this.#leftovers.delete(attempt, mapping);
  }

  /** Whether {@linkcode Handle.shutdown} was called. */
  get isShutDown(): boolean {
    return this.#shutdown !== undefined;
  }

  /**
   * Requests a mapping and returns at once; `await mapping.ready()` waits for the response.
   *
   * @param map The mapping.
   * @param kind For how long it is requested; until it is revoked by default.
   * @throws {TypeError | RangeError} If the request breaks a rule of RFC 6887; nothing is sent.
   * @throws {MappingConflictError} If the client has a mapping of the same port with other options.
   * @throws {ClosedError} If the client was shut down.
   */
  request(map: InboundMap | OutboundMap, kind: RequestType = RequestType.KeepAlive): MapHandle {
    this.#checkOpen("Cannot request a mapping");
    checkMap(map);
    return this.#request(map, kind);
  }

  /** Removes and returns the oldest unread error that belongs to no single mapping, or undefined. */
  pollError(): PcpError | undefined {
    return this.#errors.poll();
  }

  /** Waits for the oldest unread error; undefined when the client is shut down and every error was read. */
  async waitError(options: { readonly signal?: AbortSignal } = {}): Promise<PcpError | undefined> {
    return (await this.#errors.next(options.signal)).value;
  }

  /**
   * Yields errors that belong to no single mapping: failed sends, restarts of the server, refused renewals. None of them ends
   * the client. The newest 100 unread errors are kept.
   */
  errors(): AsyncIterableIterator<PcpError> {
    return this.#errors[Symbol.asyncIterator]();
  }

  /**
   * Asks whether the server is alive, and since when it has kept its mappings (ANNOUNCE, RFC 6887 section 14.1). The request is
   * repeated until a response arrives.
   *
   * @param options The signal ends the wait.
   * @throws {ResultCodeError} If the server refuses.
   * @throws {ClosedError} If the client is shut down.
   */
  async announce(options: { readonly signal?: AbortSignal } = {}): Promise<Announcement> {
    this.#checkOpen("Cannot ask the server");
    return await this.#announceRequests.send(options.signal);
  }

  /**
   * Asks how the network's NAT64 builds IPv6 addresses from IPv4 addresses (PREFIX64, RFC 7225). The first prefix is for
   * destinations outside every `ipv4Prefixes`.
   *
   * @param options The signal ends the wait.
   * @returns An empty array if the server reports no prefix.
   * @throws {ResultCodeError} If the server refuses.
   * @throws {ClosedError} If the client is shut down.
   */
  async prefix64(options: { readonly signal?: AbortSignal } = {}): Promise<readonly Prefix64[]> {
    this.#checkOpen("Cannot ask the server");
    return await this.#announceRequests.sendForPrefixes(options.signal);
  }

  /**
   * Finds the external address. In PCP with a short mapping of a random high port, which is deleted at once (RFC 6887 section
   * 11.6), or by one that is alive; NAT-PMP is asked for it without a mapping. Other mappings may have other addresses.
   *
   * @param options The signal ends the wait.
   * @throws {ResultCodeError} If the server refuses.
   * @throws {ClosedError} If the client was shut down.
   */
  async externalAddress(options: { readonly signal?: AbortSignal } = {}): Promise<string> {
    this.#checkOpen("Cannot ask for the external address");
    return await findExternalAddress({
      protocol: () => this.protocol,
      mappings: this.mappings,
      family: this.#connection.addresses.clientAddress.family,
      request: (map) => this.#request(map, RequestType.Once, { pcpOnly: true }),
      inquire: (signal) => this.#gateway.inquire(signal),
      random: this.#settings.random,
    }, options);
  }

  /**
   * Finds out what prevents connections from the Internet: which protocol the server speaks, its external address, whether its
   * announcements arrive. Takes 12 s at most and leaves no mapping behind.
   *
   * @param options The signal ends the wait.
   * @returns Plain JSON, with sentences for people.
   * @throws {ClosedError} If the client was shut down.
   */
  async diagnose(options: { readonly signal?: AbortSignal } = {}): Promise<Diagnosis> {
    this.#checkOpen("Cannot diagnose the network");
    const { diagnose } = await loadDiagnosis();
    return await diagnose({
      client: this.#connection.addresses.clientAddress,
      server: this.server,
      port: this.port,
      clock: this.#settings.clock,
      mappings: this.mappings,
      announcements: this.#connection.announcements,
      upnp: this.#connection.upnp,
      inquire: (signal) => this.#gateway.inquire(signal),
      describeGateway: () => this.describeGateway(),
      sendError: () => this.#gateway.sendError,
      externalAddress: (signal) => this.externalAddress({ signal }),
      surroundings: this.#settings.surroundings,
    }, options.signal);
  }

  /** Counters of what was sent, received and ignored so far. */
  stats(): Stats {
    const { roundTrip, epoch } = this.#connection.engine;
    return this.#statistics.snapshot(this.mappings, roundTrip, epoch?.server);
  }

  /**
   * Deletes all mappings of this client, waits for the confirmations (at most `shutdownTimeout`, 5 s by default, and 1 s if
   * the gateway has never answered), and closes the sockets. Further calls return the same promise.
   *
   * @param options `keep` leaves the mappings at the server; they end when they expire.
   */
  shutdown(options: { readonly keep?: boolean } = {}): Promise<ShutdownSummary> {
    return this.#shutdown ??= this.#end(options.keep ?? false);
  }

  /** The same as {@linkcode Handle.shutdown}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  /**
   * Detects changes of the network from now on.
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

  get #endpoints(): Endpoints {
    const { client, server, port } = this;
    return { client, server, port };
  }

  #report(error: PcpError): void {
    if (error instanceof SocketError) {
      this.#watcher?.checkSoon();
      if (error.operation === "send") this.#gateway.sendError = reasonOf(error);
    }
    this.#errors.put(error);
  }

  /**
   * Continues from another address or with another server: every mapping is requested there. Those at the old one end when they
   * expire (RFC 6887 section 11.5).
   */
  async #move(addresses: Addresses): Promise<boolean> {
    const connection = new Connection(addresses, this.#connectionOptions);
    try {
      await connection.open();
    } catch (error) {
      connection.close();
      if (!(error instanceof PcpError)) throw error;
      this.#report(error); // the address may not be usable yet; the next check tries again
      return false;
    }
    if (this.isShutDown) {
      connection.close();
      return false;
    }
    const { engine } = this.#connection;
    this.#connection.close();
    this.#connection = connection;
    this.#records.moveTo(this.#endpoints, this.#registry.known(engine), engine.ended);
    this.#errors.put(new NetworkChangedError(this.client, this.server));
    this.#registry.requestAgain();
    this.#announceRequests.resend();
    this.#gateway.reset();
    return true;
  }

  /** `internal` changes a request of the client's own, whose mapping the user does not see. */
  #request(
    map: InboundMap | OutboundMap,
    kind: RequestType,
    internal?: Partial<MappingSpec>,
  ): MapHandle {
    const { clientAddress } = this.#connection.addresses;
    const wanted = map.toSpec(clientAddress);
    const spec = internal === undefined ? wanted : { ...wanted, ...internal };
    checkRequest(spec, clientAddress, this.#settings.allowThirdParty);
    return this.#registry.request(spec, kind, internal !== undefined);
  }

  #checkOpen(attempt: string): void {
    if (this.isShutDown) throw new ClosedError(attempt);
  }

  async #end(keep: boolean): Promise<ShutdownSummary> {
    const open = this.#registry.size;
    this.#leftovers.close();
    if (!keep) await this.#registry.releaseAll(this.#settings.shutdownTimeout);
    const left = this.#registry.size;
    this.#watcher?.close();
    this.#connection.close();
    this.#registry.detach();
    await this.#records.close(keep);
    this.#announceRequests.close();
    this.#gateway.close();
    this.#outputs.close();
    this.#errors.close();
    return summaryOf(open, left, keep);
  }
}

/** Unread errors kept: a slow reader misses older ones. */
const ERROR_LIMIT = 100;
