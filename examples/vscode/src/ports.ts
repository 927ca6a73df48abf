import * as vscode from "vscode";
import type { Alert, ClientStart, Mapping, Notifications } from "./api.ts";
import { ROUTER_STATE } from "./leftovers.ts";
import { endpoint, type Gateway, note, type Port, portId, stateText, type Wish } from "./port.ts";
import type { Server, ServerEvents } from "./server.ts";

/** The dependencies of {@linkcode Ports}. */
export interface PortsDeps {
  /** Starts a server. */
  readonly startServer: (events: ServerEvents) => Promise<Server>;
  /** Addresses and protocols from the settings; the server discovers the addresses that are left out. */
  readonly routerSettings: () => ClientStart;
  /** A text for the router's list of mappings; none if it is empty. */
  readonly description: () => string;
  /** A folder for state files: a new server needs the nonces of one that was killed to renew its mappings. */
  readonly stateFolder: string;
  /** Reports an error outside of a command. */
  readonly tell: (what: string, error: unknown) => void;
  readonly log: vscode.LogOutputChannel;
}

/** The gateways and ports of this window. They outlive the server: a new one gets requests for all of them. */
export class Ports implements vscode.Disposable {
  /** Gateways in use. */
  readonly gateways: Gateway[] = [];
  /** The requested ports, the newest last. */
  readonly ports: Port[] = [];
  readonly #byId = new Map<string, Port>();
  readonly #deps: PortsDeps;
  readonly #changed = new vscode.EventEmitter<void>();
  #server: Promise<Server> | undefined;
  #stopping: Promise<void> = Promise.resolve();
  #connecting: Promise<unknown> = Promise.resolve();

  /** Fires after every change. */
  readonly onDidChange = this.#changed.event;

  constructor(deps: PortsDeps) {
    this.#deps = deps;
  }

  /** The simulated gateway, if there is one. */
  get simulated(): Gateway | undefined {
    return this.gateways.find(({ kind }) => kind === "simulated");
  }

  /** A port by its id. */
  find(id: string): Port | undefined {
    return this.#byId.get(id);
  }

  /** Connects to a gateway, unless it is in use already; one call at a time, so that two calls do not connect twice. */
  connect(kind: Gateway["kind"]): Promise<Gateway> {
    const connected = this.#connecting.then(() => this.#connect(kind));
    this.#connecting = connected.catch(() => {}); // the caller handles it
    return connected;
  }

  async #connect(kind: Gateway["kind"]): Promise<Gateway> {
    const server = await this.#running();
    const known = this.gateways.find((gateway) => gateway.kind === kind);
    if (known?.client !== undefined) return known;
    const gateway = known ??
      { kind, client: undefined, simulatorId: undefined, protocol: undefined, trouble: undefined };
    await this.#join(server, gateway);
    if (known === undefined) this.gateways.push(gateway);
    this.#changed.fire();
    return gateway;
  }

  /** Opens a port and waits until it is open. Cancelling closes it again. */
  async open(
    gateway: Gateway,
    wish: Wish & Pick<Port, "lifetime">,
    token: vscode.CancellationToken,
  ): Promise<Port> {
    const server = await this.#running();
    const port: Port = { ...wish, gateway, mapping: undefined, isUnknown: false, timeline: [] };
    this.ports.push(port);
    this.#byId.set(portId(port), port);
    try {
      const { mappingId } = await this.#ask(server, port);
      port.mapping = await server.request("mapping/ready", { mappingId }, token);
      this.#changed.fire();
      return port;
    } catch (error) {
      if (token.isCancellationRequested) await this.close(port, token);
      // A refused port stays listed, and one without a server is requested again; any other was never requested.
      else if (port.mapping === undefined && !port.isUnknown) this.#forget(port);
      throw error;
    }
  }

  /** Closes a port and waits for the confirmation. Cancelling ends the wait, not the deletion. */
  async close(port: Port, token?: vscode.CancellationToken): Promise<void> {
    if (port.mapping !== undefined && !port.isUnknown) {
      const { mappingId } = port.mapping;
      const server = await this.#running();
      try {
        await server.request("mapping/revoke", { mappingId }, token);
      } catch (error) {
        if (token?.isCancellationRequested !== true) throw error;
      }
    }
    this.#forget(port);
  }

  /** Requests another full lifetime. */
  async renew(port: Port): Promise<void> {
    if (port.mapping === undefined || port.isUnknown) return;
    const server = await this.#running();
    const { mapping: { mappingId }, lifetime } = port;
    port.mapping = await server.request("mapping/renew", { mappingId, lifetime });
    this.#changed.fire();
  }

  /** Closes every port and disconnects from every gateway. */
  async disconnectAll(): Promise<void> {
    for (const gateway of [...this.gateways]) {
      const { client, simulatorId } = gateway;
      if (client !== undefined) {
        const server = await this.#running();
        await server.request("client/shutdown", { clientId: client.clientId });
        if (simulatorId !== undefined) await server.request("simulator/stop", { simulatorId });
      }
      this.gateways.splice(this.gateways.indexOf(gateway), 1);
      for (const port of this.ports.filter((each) => each.gateway === gateway)) this.#forget(port);
    }
    this.#changed.fire();
  }

  /**
   * Deletes the mappings of a state file of another window.
   *
   * @returns How many there were.
   */
  async deleteLeftovers(state: string): Promise<number> {
    const server = await this.#running();
    const { clientId } = await server.request("client/start", {
      ...this.#deps.routerSettings(),
      state,
    });
    const { deleted } = await server.request("client/deleteLeftovers", { clientId });
    await server.request("client/shutdown", { clientId });
    return deleted;
  }

  /** Stops the simulated gateway for some seconds and starts it without its mappings, as after a power cut. */
  async restartGateway(seconds: number): Promise<void> {
    const gateway = this.simulated;
    if (gateway?.client === undefined || gateway.simulatorId === undefined) return;
    const server = await this.#running();
    const { simulatorId, client: { port } } = gateway;
    await server.request("simulator/stop", { simulatorId });
    // There is no ANNOUNCE on loopback, so only a response to a request shows the restart.
    for (const each of this.ports) if (each.gateway === gateway) await this.renew(each);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    gateway.simulatorId = (await server.request("simulator/start", { port })).simulatorId;
  }

  /** Stops the server and starts another one. */
  async restartServer(): Promise<void> {
    await this.stop();
    await this.#running();
  }

  /** Stops the server, which deletes every mapping. */
  async stop(): Promise<void> {
    const server = await this.#server?.catch(() => undefined); // its start has reported the failure
    this.#serverIsGone("stopped");
    if (server !== undefined) this.#stopping = server.stop();
    await this.#stopping;
  }

  dispose(): void {
    this.#changed.dispose();
  }

  #running(): Promise<Server> {
    return this.#server ??= this.#start();
  }

  async #start(): Promise<Server> {
    try {
      await this.#stopping;
      const { log, tell } = this.#deps;
      const server = await this.#deps.startServer({
        onLine: (line) => log.info(line.replace(/^pcp-rpc: (trace: )?/, "")),
        onGone: (error) => {
          this.#serverIsGone(error.message);
          tell("The port mapping server is gone", error);
        },
      });
      server.on("mapping/alert", ({ mappingId, alert }) => this.#hear(server, mappingId, alert));
      server.on("client/error", ({ error }) => log.warn(error.message));
      server.on("client/serverRestarted", ({ clientId }) => {
        this.#note("the gateway restarted", (port) => port.gateway.client?.clientId === clientId);
      });
      server.on("client/gateway", (params) => this.#learn(params));
      const tellJoin = (error: unknown) => tell("Cannot use the gateway again", error);
      for (const gateway of this.gateways) await this.#join(server, gateway).catch(tellJoin);
      return server;
    } catch (error) {
      this.#server = undefined;
      throw error;
    }
  }

  /** Starts a client for a gateway, and requests the ports that an earlier server had. */
  async #join(server: Server, gateway: Gateway): Promise<void> {
    const file = gateway.kind === "router" ? ROUTER_STATE : "simulated.json";
    const state = `${this.#deps.stateFolder}/${file}`;
    let at = this.#deps.routerSettings();
    if (gateway.kind === "simulated") {
      const { simulatorId, ...address } = await server.request("simulator/start", {});
      gateway.simulatorId = simulatorId;
      at = { client: address.server, ...address };
    }
    gateway.protocol = gateway.trouble = undefined;
    gateway.client = await server.request("client/start", { ...at, state });
    const wanted = this.ports.filter((port) => port.gateway === gateway && port.isUnknown);
    for (const port of wanted) await this.#ask(server, port);
    // Leftovers are ports that were closed while no server was running. Their deletion is not waited for.
    const { clientId } = gateway.client;
    server.request("client/deleteLeftovers", { clientId }).catch(this.#unimportant);
  }

  /** Requests a mapping, with its former external port. Resolves before the gateway has answered. */
  async #ask(server: Server, port: Port): Promise<Mapping> {
    const description = this.#deps.description();
    const mapping = await server.request("mapping/request", {
      clientId: port.gateway.client?.clientId ?? 0,
      kind: "inbound",
      internalPort: port.port,
      protocol: port.protocol,
      lifetime: port.lifetime,
      externalPort: port.mapping?.assigned?.externalPort ?? port.externalPort ?? port.port,
      ...description === "" ? {} : { description },
    });
    port.mapping = mapping;
    port.isUnknown = false;
    this.#changed.fire();
    return mapping;
  }

  /** Notes the alert, and reads the current state with `mapping/get`. */
  #hear(server: Server, mappingId: number, alert: Alert): void {
    const isIt = ({ mapping, isUnknown }: Port) => mapping?.mappingId === mappingId && !isUnknown;
    if (alert.type === "stateChange") this.#note(stateText(alert.state), isIt);
    else this.#note(`assigned ${endpoint(alert)} for ${alert.lifetime} s`, isIt);
    server.request("mapping/get", { mappingId }).then((mapping) => {
      const port = this.ports.find(isIt);
      if (port === undefined) return;
      port.mapping = mapping;
      if (mapping.state.type === "revoked" || mapping.state.type === "dropped") this.#forget(port);
      else this.#changed.fire();
    }).catch(this.#unimportant); // the mapping or the server has ended
  }

  /** Keeps what the server knows of a gateway. */
  #learn(
    { clientId, gateway: { state }, protocol, message }: Notifications["client/gateway"],
  ): void {
    const gateway = this.gateways.find(({ client }) => client?.clientId === clientId);
    if (gateway === undefined) return;
    gateway.protocol = protocol;
    gateway.trouble = state === "silent" || state === "refuses" ? message : undefined;
    this.#changed.fire();
  }

  readonly #unimportant = (error: Error): void => this.#deps.log.debug(error.message);

  #note(text: string, of: (port: Port) => boolean): void {
    for (const port of this.ports.filter(of)) note(port, text);
    this.#changed.fire();
  }

  #serverIsGone(reason: string): void {
    this.#server = undefined;
    for (const gateway of this.gateways) {
      gateway.client =
        gateway.simulatorId =
        gateway.protocol =
        gateway.trouble =
          undefined;
    }
    for (const port of this.ports) port.isUnknown = true;
    this.#note(`the server is gone: ${reason}`, () => true);
  }

  #forget(port: Port): void {
    const index = this.ports.indexOf(port);
    if (index < 0) return;
    this.#note("closed", (each) => each === port);
    this.ports.splice(index, 1);
    this.#byId.delete(portId(port));
    this.#changed.fire();
  }
}
