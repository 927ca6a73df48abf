import {
  Client,
  type ClientOptions,
  discover as findGateways,
  FileStore,
  type Gateway,
  type Handle,
  InboundMap,
  type MapHandle,
  NotRunningError,
  OutboundMap,
  type PcpError,
  RenewalRefusedError,
  ServerRestartedError,
} from "../mod.ts";
import { applyMappingOptions } from "../src/mapping_options.ts";
import type { ServerHost } from "../src/testing/mod.ts";
import { ErrorCode } from "./error_codes.ts";
import { invalidParams } from "./validate.ts";
import { RpcError } from "./rpc_error.ts";
import { AlertQueue } from "./alert_queue.ts";
import type {
  ClientInfo,
  ClientStartParams,
  Mapping,
  MappingRequestParams,
  Notifications,
  SimulatorInfo,
  SimulatorStartParams,
} from "./types.ts";

/** What a session needs of the world. */
export interface SessionDeps {
  /** What every client is told besides its params: network, clock and chance in tests, the trace. */
  readonly clientOptions?: ClientOptions;
  /** Finds gateways. */
  readonly discover?: () => Promise<Gateway[]>;
  /** Puts a simulated server somewhere. */
  readonly startSimulator?: (params: SimulatorStartParams) => Promise<ServerHost>;
  /** Sends a notification; resolves when it has left, so that a slow reader is noticed. */
  readonly notify: <M extends keyof Notifications>(
    method: M,
    params: Notifications[M],
  ) => Promise<void>;
}

/** Everything that one JSON-RPC client made: ids to clients, mappings and simulators. */
export class Session {
  readonly #deps: SessionDeps;
  readonly #clients = new Map<number, RunningClient>();
  readonly #mappings = new Map<number, KnownMapping>();
  readonly #over: number[] = [];
  readonly #simulators = new Map<number, ServerHost>();
  #lastClient = 0;
  #lastMapping = 0;
  #lastSimulator = 0;
  #closing: Promise<void> | undefined;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
  }

  /** The default gateways of this host. */
  async discover(): Promise<Gateway[]> {
    return await (this.#deps.discover ?? findGateways)();
  }

  /** Starts a simulated server. */
  async startSimulator(params: SimulatorStartParams): Promise<SimulatorInfo> {
    const start = this.#deps.startSimulator ?? (await import("./simulator.ts")).startSimulator;
    const host = await blame("simulator/start", () => start(params));
    if (this.#closing !== undefined) {
      host.close();
      throw closed();
    }
    const simulatorId = ++this.#lastSimulator;
    this.#simulators.set(simulatorId, host);
    return { simulatorId, server: host.local.hostname, port: host.local.port };
  }

  /** Stops a simulated server. */
  stopSimulator(simulatorId: number): null {
    const host = this.#simulators.get(simulatorId);
    if (host === undefined) {
      throw new RpcError(
        ErrorCode.UnknownSimulator,
        `Cannot find the simulator: no running one has the id "${simulatorId}"`,
      );
    }
    this.#simulators.delete(simulatorId);
    host.close();
    return null;
  }

  /** Starts a client. */
  async startClient(params: ClientStartParams, signal: AbortSignal): Promise<ClientInfo> {
    const { client, server, state, ...options } = params;
    const store = state === undefined ? {} : { store: new FileStore(state) };
    const handle = await blame("client/start", () => {
      return Client.start(client, server, {
        ...this.#deps.clientOptions,
        ...options,
        ...store,
        signal,
      });
    });
    if (this.#closing !== undefined || signal.aborted) {
      await handle.shutdown();
      throw closed();
    }
    const clientId = ++this.#lastClient;
    const running: RunningClient = { clientId, handle, mappings: new Map() };
    this.#clients.set(clientId, running);
    afterAnswer(() => this.#tellErrors(running));
    return info(running);
  }

  /** The running clients. */
  listClients(): ClientInfo[] {
    return [...this.#clients.values()].map(info);
  }

  /** A running client's handle. */
  handle(clientId: number): Handle {
    return this.#client(clientId).handle;
  }

  /** Ends a client. Its id is unknown from now on, and so are those of its mappings. */
  async shutdownClient(clientId: number, keep: boolean): Promise<null> {
    const client = this.#client(clientId);
    this.#clients.delete(clientId);
    await client.handle.shutdown({ keep });
    for (const known of this.#mappings.values()) {
      if (known.client === client) this.#mappings.delete(known.mappingId);
    }
    return null;
  }

  /** Asks for a mapping. */
  async request(params: MappingRequestParams): Promise<Mapping> {
    const client = this.#client(params.clientId);
    const mapping = await blame("mapping/request", () => {
      return client.handle.request(toMap(params), params.requestType);
    });
    const mappingId = ++this.#lastMapping;
    const known: KnownMapping = { mappingId, client, mapping };
    this.#mappings.set(mappingId, known);
    client.mappings.set(mapping.id, mappingId);
    afterAnswer(() => this.#tellAlerts(known));
    return snapshot(known);
  }

  /** Waits for the first assignment. */
  async ready(mappingId: number, signal: AbortSignal): Promise<Mapping> {
    const known = this.#mapping(mappingId);
    await withOurId(known, () => known.mapping.ready({ signal }));
    return snapshot(known);
  }

  /** What is known of a mapping. */
  get(mappingId: number): Mapping {
    return snapshot(this.#mapping(mappingId));
  }

  /** The mappings that are not over, of one client or of all. */
  list(clientId: number | undefined): Mapping[] {
    const client = clientId === undefined ? undefined : this.#client(clientId);
    return [...this.#mappings.values()]
      .filter((known) => client === undefined || known.client === client)
      .filter((known) => !known.mapping.isOver)
      .map(snapshot);
  }

  /** Asks for another lifetime. */
  async renew(mappingId: number, lifetime: number): Promise<Mapping> {
    const known = this.#mapping(mappingId);
    await withOurId(known, () => blame("mapping/renew", () => known.mapping.renew(lifetime)));
    return snapshot(known);
  }

  /** Deletes a mapping and waits for the confirmation. */
  async revoke(mappingId: number, signal: AbortSignal): Promise<Mapping> {
    const known = this.#mapping(mappingId);
    await withOurId(known, () => known.mapping.revoke({ signal }));
    return snapshot(known);
  }

  /** Releases everything, each client bounded by its `shutdownTimeout`. Later calls return the same. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#clients.keys()].map((id) => this.shutdownClient(id, false)));
    for (const host of this.#simulators.values()) host.close();
    this.#simulators.clear();
  }

  #client(clientId: number): RunningClient {
    const client = this.#clients.get(clientId);
    if (client !== undefined) return client;
    throw new RpcError(
      ErrorCode.UnknownClient,
      `Cannot find the client: no running one has the id "${clientId}"`,
    );
  }

  #mapping(mappingId: number): KnownMapping {
    const known = this.#mappings.get(mappingId);
    if (known !== undefined && this.#clients.has(known.client.clientId)) return known;
    throw new RpcError(
      ErrorCode.UnknownMapping,
      `Cannot find the mapping: none of a running client has the id "${mappingId}"`,
    );
  }

  async #tellAlerts(known: KnownMapping): Promise<void> {
    const { mappingId, mapping, client } = known;
    const sender = new AlertQueue((alert) =>
      this.#deps.notify("mapping/alert", { mappingId, alert })
    );
    for await (const alert of mapping) sender.put(alert);
    // What is over can still be asked for, as long as there are not too many of them.
    this.#over.push(mappingId);
    if (this.#over.length > OVER_LIMIT) this.#mappings.delete(this.#over.shift() ?? 0);
    client.mappings.delete(mapping.id);
  }

  async #tellErrors({ clientId, handle, mappings }: RunningClient): Promise<void> {
    // What waits for a slow reader waits in the handle, which keeps the newest.
    for await (const error of handle.errors()) {
      if (error instanceof ServerRestartedError) {
        await this.#deps.notify("client/serverRestarted", { clientId, epoch: error.epoch });
      } else {
        await this.#deps.notify("client/error", { clientId, error: toJson(error, mappings) });
      }
    }
  }
}

interface RunningClient {
  readonly clientId: number;
  readonly handle: Handle;
  /** The ids of its mappings in this server, by their ids in the library. */
  readonly mappings: Map<number, number>;
}

interface KnownMapping {
  readonly mappingId: number;
  readonly client: RunningClient;
  readonly mapping: MapHandle;
}

/** Mappings that are over and can still be asked for. */
const OVER_LIMIT = 1_000;

function info({ clientId, handle: { client, server, port } }: RunningClient): ClientInfo {
  return { clientId, client, server, port };
}

function snapshot({ mappingId, client: { clientId }, mapping }: KnownMapping): Mapping {
  return { ...mapping.toJSON(), mappingId, clientId };
}

function toMap(params: MappingRequestParams): InboundMap | OutboundMap {
  const { internalPort, lifetime, remoteAddress = "", remotePort = 0 } = params;
  const map = params.kind === "inbound"
    ? new InboundMap(internalPort, lifetime)
    : new OutboundMap(internalPort, remoteAddress, remotePort, lifetime);
  return applyMappingOptions(map, params);
}

/** The caller's mistakes that a schema cannot see, such as addresses of two families, come as errors of the library. */
async function blame<T>(method: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) {
      throw invalidParams(method, [{ path: [], message: error.message }]);
    }
    throw error;
  }
}

/** The library counts the mappings of each client, this server counts all of them. */
async function withOurId<T>(known: KnownMapping, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof NotRunningError)) throw error;
    const message = rename(error.message, known.mapping.id, known.mappingId);
    throw new RpcError(ErrorCode.NotRunning, message, { state: error.state });
  }
}

function toJson(error: PcpError, ids: ReadonlyMap<number, number>): ErrorJson {
  const json = error.toJSON();
  if (!(error instanceof RenewalRefusedError)) return json;
  const mappingId = ids.get(error.mappingId) ?? error.mappingId;
  return { ...json, mappingId, message: rename(json.message, error.mappingId, mappingId) };
}

type ErrorJson = Notifications["client/error"]["error"];

function rename(message: string, from: number, to: number): string {
  return message.replace(`mapping "${from}"`, `mapping "${to}"`);
}

function closed(): RpcError {
  return new RpcError(ErrorCode.NotRunning, "Cannot start anything: the server is shutting down");
}

/** Runs something when the answer to the request at hand is on its way: nobody is told of an id that he does not know. */
function afterAnswer(run: () => Promise<void>): void {
  setTimeout(() => run().catch(reportError), 0);
}
