import {
  Client,
  type ClientOptions,
  discover as findGateways,
  FileStore,
  type Gateway,
  type Handle,
  type MapHandle,
  ServerRestartedError,
  type TraceEvent,
} from "../mod.ts";
import { printable } from "../src/printable.ts";
import { reportError } from "../src/report_error.ts";
import type { ServerHost } from "../src/testing/mod.ts";
import { AlertQueue } from "./alert_queue.ts";
import { ClientTrace } from "./client_trace.ts";
import { loadLateModules } from "./late_modules.ts";
import { LIMITS } from "./limits.ts";
import { toMap } from "./mapping_request.ts";
import {
  asInvalidParams,
  full,
  shuttingDown,
  toJson,
  unknown,
  withServerId,
} from "./session_errors.ts";
import type {
  ClientInfo,
  ClientStartAllParams,
  ClientStartParams,
  Mapping,
  MappingRequestParams,
  Notifications,
  SimulatorInfo,
  SimulatorStartParams,
} from "./types.ts";

/** What a session depends on. */
export interface SessionDeps {
  /** Options of every client besides its params: network, clock and random numbers in tests, the trace. */
  readonly clientOptions?: ClientOptions;
  /** Finds gateways. */
  readonly discover?: () => Promise<Gateway[]>;
  /** Starts a client; for tests. */
  readonly startClient?: typeof Client.start;
  /** Starts a client of each gateway; for tests. */
  readonly startAll?: typeof Client.startAll;
  /** Starts a simulated server. */
  readonly startSimulator?: (params: SimulatorStartParams) => Promise<ServerHost>;
  /** Sends a notification; resolves when it has been written, so that a slow reader is noticed. */
  readonly notify: <M extends keyof Notifications>(
    method: M,
    params: Notifications[M],
  ) => Promise<void>;
}

/** Everything that one JSON-RPC client made: clients, mappings and simulators by their ids. */
export class RpcSession {
  readonly #deps: SessionDeps;
  readonly #clients = new Map<number, RunningClient>();
  readonly #mappings = new Map<number, RequestedMapping>();
  /** Ids of mappings that are over, oldest first. */
  readonly #over: number[] = [];
  readonly #simulators = new Map<number, ServerHost>();
  /** How many there are; clients and simulators that are starting or ending have sockets, too. */
  readonly #running = { clients: 0, simulators: 0, mappings: 0 };
  #discovering: Promise<Gateway[]> | undefined;
  #lastClient = 0;
  #lastMapping = 0;
  #lastSimulator = 0;
  #closing: Promise<void> | undefined;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
  }

  /** The default gateways of this host. Requests that overlap share one discovery, because it runs programs. */
  async discover(): Promise<Gateway[]> {
    const find = this.#deps.discover ?? findGateways;
    return await (this.#discovering ??= find().finally(() => this.#discovering = undefined));
  }

  /** Starts a simulated server. */
  async startSimulator(params: SimulatorStartParams): Promise<SimulatorInfo> {
    return await this.#within("simulators", async () => {
      const start = this.#deps.startSimulator ?? (await import("./simulator.ts")).startSimulator;
      const host = await asInvalidParams("simulator/start", () => start(params));
      if (this.#closing !== undefined) {
        host.close();
        throw shuttingDown();
      }
      const simulatorId = ++this.#lastSimulator;
      this.#simulators.set(simulatorId, host);
      return { simulatorId, server: host.local.hostname, port: host.local.port };
    });
  }

  /** Stops a simulated server. */
  stopSimulator(simulatorId: number): null {
    const host = this.#simulators.get(simulatorId);
    if (host === undefined) throw unknown("Simulator", "no running one", simulatorId);
    this.#simulators.delete(simulatorId);
    this.#running.simulators--;
    host.close();
    return null;
  }

  /** Starts a client. */
  async startClient(params: ClientStartParams, signal: AbortSignal): Promise<ClientInfo> {
    return await this.#within("clients", async () => {
      const { client, server, state, anycast = false, ...options } = params;
      const store = state === undefined ? {} : { store: new FileStore(state) };
      const start = this.#deps.startClient ?? Client.start;
      const trace = this.#newTrace();
      const handle = await asInvalidParams("client/start", () => {
        return start(client, server, {
          ...this.#clientOptions(options, trace, signal),
          ...store,
          anycast,
        });
      });
      await this.#checkWanted([handle], signal);
      return this.#add(handle, trace);
    });
  }

  /** Starts a client of every default gateway. */
  async startAllClients(params: ClientStartAllParams, signal: AbortSignal): Promise<ClientInfo[]> {
    return await this.#within("clients", async () => {
      const start = this.#deps.startAll ?? Client.startAll;
      const trace = this.#newTrace();
      const handles = await asInvalidParams(
        "client/startAll",
        () => start(this.#clientOptions(params, trace, signal)),
      );
      await this.#checkWanted(handles, signal);
      const more = handles.length - 1; // one is counted already
      if (this.#running.clients + more > LIMITS.clients) {
        await Promise.all(handles.map((handle) => handle.shutdown()));
        throw full("clients");
      }
      this.#running.clients += more;
      return handles.map((handle) => this.#add(handle, trace));
    });
  }

  /** Turns the trace of a client on or off. */
  trace(clientId: number, on: boolean): null {
    const { trace, handle } = this.#client(clientId);
    trace.set(clientId, handle, on);
    return null;
  }

  /** The running clients. */
  listClients(): ClientInfo[] {
    return [...this.#clients.values()].map(clientInfo);
  }

  /** A running client's handle. */
  handle(clientId: number): Handle {
    return this.#client(clientId).handle;
  }

  /** Ends a client. Its id and those of its mappings are unknown from then on. */
  async shutdownClient(clientId: number, keep: boolean): Promise<null> {
    const client = this.#client(clientId);
    this.#clients.delete(clientId);
    client.trace.set(clientId, client.handle, false);
    try {
      await client.handle.shutdown({ keep });
    } finally {
      this.#running.clients--; // its sockets are closed
    }
    for (const requested of this.#mappings.values()) {
      if (requested.client === client) this.#mappings.delete(requested.mappingId);
    }
    return null;
  }

  /** Requests a mapping. */
  async request(params: MappingRequestParams): Promise<Mapping> {
    const client = this.#client(params.clientId);
    if (this.#running.mappings >= LIMITS.mappings) throw full("mappings");
    const mapping = await asInvalidParams("mapping/request", () => {
      return client.handle.request(toMap(params), params.requestType);
    });
    const mappingId = ++this.#lastMapping;
    const requested: RequestedMapping = { mappingId, client, mapping };
    this.#running.mappings++;
    this.#mappings.set(mappingId, requested);
    client.mappingIds.set(mapping.id, mappingId);
    afterResponse(() => this.#sendAlerts(requested));
    return snapshot(requested);
  }

  /** Waits for the first assignment. */
  async ready(mappingId: number, signal: AbortSignal): Promise<Mapping> {
    const requested = this.#mapping(mappingId);
    await withServerId(requested, () => requested.mapping.ready({ signal }));
    return snapshot(requested);
  }

  /** A mapping as it is now. */
  get(mappingId: number): Mapping {
    return snapshot(this.#mapping(mappingId));
  }

  /** The mappings that are not over, of one client or of all. */
  list(clientId: number | undefined): Mapping[] {
    const client = clientId === undefined ? undefined : this.#client(clientId);
    return [...this.#mappings.values()]
      .filter((requested) => client === undefined || requested.client === client)
      .filter(({ mapping }) => !mapping.isOver)
      .map(snapshot);
  }

  /** Requests another lifetime. */
  async renew(mappingId: number, lifetime: number): Promise<Mapping> {
    const requested = this.#mapping(mappingId);
    await withServerId(requested, () => {
      return asInvalidParams("mapping/renew", () => requested.mapping.renew(lifetime));
    });
    return snapshot(requested);
  }

  /** Deletes a mapping and waits for the confirmation. */
  async revoke(mappingId: number, signal: AbortSignal): Promise<Mapping> {
    const requested = this.#mapping(mappingId);
    await withServerId(requested, () => requested.mapping.revoke({ signal }));
    return snapshot(requested);
  }

  /** Releases everything, each client bounded by its `shutdownTimeout`. Later calls return the same promise. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#clients.keys()].map((id) => this.shutdownClient(id, false)));
    for (const host of this.#simulators.values()) host.close();
    this.#simulators.clear();
  }

  /** Starts a client or a simulator, if there are not too many. */
  async #within<T>(limit: "clients" | "simulators", start: () => Promise<T>): Promise<T> {
    if (this.#running[limit] >= LIMITS[limit]) throw full(limit);
    this.#running[limit]++;
    try {
      // The descriptors that this one leaves may all be used by others, and loading a file needs one.
      if (this.#running.clients > 1 || this.#running.simulators > 1) await loadLateModules();
      return await start();
    } catch (error) {
      this.#running[limit]--;
      throw error;
    }
  }

  #newTrace(): ClientTrace {
    return new ClientTrace((trace) => this.#deps.notify("client/trace", trace));
  }

  #clientOptions(
    { watch = true, ...options }: ClientStartAllParams,
    trace: ClientTrace,
    signal: AbortSignal,
  ): ClientOptions {
    const { clientOptions } = this.#deps;
    const onTrace = (event: TraceEvent): void => {
      clientOptions?.onTrace?.(event);
      trace.event(event);
    };
    return {
      ...clientOptions,
      ...options,
      ...(watch === true ? {} : { watch }),
      onTrace,
      signal,
    };
  }

  /** Ends clients that were started after all was shut down, or after their request was cancelled. */
  async #checkWanted(handles: readonly Handle[], signal: AbortSignal): Promise<void> {
    if (this.#closing === undefined && !signal.aborted) return;
    await Promise.all(handles.map((handle) => handle.shutdown()));
    throw shuttingDown();
  }

  #add(handle: Handle, trace: ClientTrace): ClientInfo {
    const clientId = ++this.#lastClient;
    const running: RunningClient = { clientId, handle, trace, mappingIds: new Map() };
    this.#clients.set(clientId, running);
    afterResponse(() => this.#sendErrors(running));
    afterResponse(() => this.#sendGateway(running));
    return clientInfo(running);
  }

  #client(clientId: number): RunningClient {
    const client = this.#clients.get(clientId);
    if (client === undefined) throw unknown("Client", "no running one", clientId);
    return client;
  }

  #mapping(mappingId: number): RequestedMapping {
    const requested = this.#mappings.get(mappingId);
    if (requested !== undefined && this.#clients.has(requested.client.clientId)) return requested;
    throw unknown("Mapping", "none of a running client", mappingId);
  }

  async #sendAlerts({ mappingId, mapping, client }: RequestedMapping): Promise<void> {
    const queue = new AlertQueue((alert) =>
      this.#deps.notify("mapping/alert", { mappingId, alert })
    );
    for await (const alert of mapping) queue.put(alert);
    this.#running.mappings--;
    this.#over.push(mappingId);
    if (this.#over.length > OVER_LIMIT) this.#mappings.delete(this.#over.shift() ?? 0);
    client.mappingIds.delete(mapping.id);
  }

  async #sendGateway(running: RunningClient): Promise<void> {
    const { clientId, handle } = running;
    for await (const gateway of handle.gatewayChanges()) {
      const message = printable(handle.describeGateway());
      await this.#deps.notify("client/gateway", {
        clientId,
        ...gatewayOf(running),
        gateway,
        message,
      });
    }
  }

  async #sendErrors({ clientId, handle, mappingIds }: RunningClient): Promise<void> {
    // While a slow reader holds up notify(), the handle queues errors and keeps the newest.
    for await (const error of handle.errors()) {
      if (error instanceof ServerRestartedError) {
        const { epoch, count } = error;
        await this.#deps.notify("client/serverRestarted", { clientId, epoch, count });
      } else {
        await this.#deps.notify("client/error", { clientId, error: toJson(error, mappingIds) });
      }
    }
  }
}

/** What is known of the gateway: the same in `client/start`, `client/list` and `client/gateway`. */
function gatewayOf({ handle: { gateway, protocol } }: RunningClient): Pick<
  Notifications["client/gateway"],
  "gateway" | "protocol"
> {
  return { gateway, ...(protocol === undefined ? {} : { protocol }) };
}

interface RunningClient {
  readonly clientId: number;
  readonly handle: Handle;
  readonly trace: ClientTrace;
  /** The ids of its mappings in this server, by their ids in the library. */
  readonly mappingIds: Map<number, number>;
}

interface RequestedMapping {
  readonly mappingId: number;
  readonly client: RunningClient;
  readonly mapping: MapHandle;
}

/** How many mappings that are over stay known to `mapping/get`. */
const OVER_LIMIT = 1_000;

function clientInfo(running: RunningClient): ClientInfo {
  const { clientId, handle: { client, server, port } } = running;
  return { clientId, client, server, port, ...gatewayOf(running) };
}

function snapshot({ mappingId, client: { clientId }, mapping }: RequestedMapping): Mapping {
  return { ...mapping.toJSON(), mappingId, clientId };
}

/**
 * Runs something after the response to the current request: no notification precedes the response that has its id. Microtasks
 * do; a timer would take some milliseconds of the start.
 */
function afterResponse(run: () => Promise<void>): void {
  const wait = async (): Promise<void> => {
    for (let turn = 0; turn < RESPONSE_TURNS; turn++) await undefined;
    await run();
  };
  wait().catch(reportError);
}

/** Microtasks until the response of a request that is done has been passed to the connection; some 20 suffice. */
const RESPONSE_TURNS = 64;
