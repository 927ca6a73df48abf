import * as vscode from "vscode";
import type { Alert, Client, Mapping } from "./api.ts";
import { endpoint, type Gateway, type Port, portId, stateText, type Wish } from "./port.ts";
import type { Server, ServerEvents } from "./server.ts";

/** What {@linkcode Ports} needs from outside. */
export interface PortsDeps {
  /** Starts a server. */
  readonly startServer: (events: ServerEvents) => Promise<Server>;
  /** Addresses from the settings; what is left out is found by the server. */
  readonly routerAddresses: () => Partial<Pick<Client, "client" | "server" | "port">>;
  /** A folder where mappings are noted, so that a new server has those of one that was killed, and no router refuses it. */
  readonly stateFolder: string;
  /** Tells the user of trouble that is not the answer to a command. */
  readonly tell: (what: string, error: unknown) => void;
  readonly log: vscode.LogOutputChannel;
}

/** Everything that this window has asked for. Wishes outlive the server: one that is started is told all of them. */
export class Ports implements vscode.Disposable {
  /** Gateways in use. */
  readonly gateways: Gateway[] = [];
  /** Ports that were asked for, the newest last. */
  readonly ports: Port[] = [];
  readonly #deps: PortsDeps;
  readonly #changed = new vscode.EventEmitter<void>();
  #server: Promise<Server> | undefined;
  #stopping: Promise<void> = Promise.resolve();
  #connecting: Promise<unknown> = Promise.resolve();

  /** Something looks different now. */
  readonly onDidChange = this.#changed.event;

  constructor(deps: PortsDeps) {
    this.#deps = deps;
  }

  /** The simulated gateway, if there is one. */
  get simulated(): Gateway | undefined {
    return this.gateways.find(({ kind }) => kind === "simulated");
  }

  /** A port that was asked for, by its id. */
  find(id: string): Port | undefined {
    return this.ports.find((port) => portId(port) === id);
  }

  /** Makes sure that a gateway is in use; one at a time, so that nobody who is impatient gets two. */
  connect(kind: Gateway["kind"]): Promise<Gateway> {
    const connected = this.#connecting.then(() => this.#connect(kind));
    this.#connecting = connected.catch(() => {}); // whoever asked is told
    return connected;
  }

  async #connect(kind: Gateway["kind"]): Promise<Gateway> {
    const server = await this.#running();
    const known = this.gateways.find((gateway) => gateway.kind === kind);
    if (known?.client !== undefined) return known;
    const gateway = known ?? { kind, client: undefined, simulatorId: undefined };
    await this.#join(server, gateway);
    if (known === undefined) this.gateways.push(gateway);
    this.#changed.fire();
    return gateway;
  }

  /** Opens a port and waits until it is open. When cancelled it is as if it had not been asked for. */
  async open(
    gateway: Gateway,
    wish: Wish & Pick<Port, "lifetime">,
    token: vscode.CancellationToken,
  ): Promise<Port> {
    const server = await this.#running();
    const port: Port = { ...wish, gateway, mapping: undefined, isUnknown: false, timeline: [] };
    this.ports.push(port);
    try {
      const { mappingId } = await this.#ask(server, port);
      port.mapping = await server.request("mapping/ready", { mappingId }, token);
      this.#changed.fire();
      return port;
    } catch (error) {
      if (token.isCancellationRequested) await this.close(port, token);
      // Refused ports stay in sight, those whose server is gone come back with it; the rest was never asked for.
      else if (port.mapping === undefined && !port.isUnknown) this.#forget(port);
      throw error;
    }
  }

  /** Closes a port and waits for the confirmation; when cancelled, the deletion goes on without anybody waiting. */
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

  /** Asks for another full lifetime. */
  async renew(port: Port): Promise<void> {
    if (port.mapping === undefined || port.isUnknown) return;
    const server = await this.#running();
    const { mapping: { mappingId }, lifetime } = port;
    port.mapping = await server.request("mapping/renew", { mappingId, lifetime });
    this.#changed.fire();
  }

  /** Closes every port, and leaves every gateway. */
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

  /** Does to the simulated gateway what a power cut does to a router: it is away, and comes back without memory. */
  async restartGateway(seconds: number): Promise<void> {
    const gateway = this.simulated;
    if (gateway?.client === undefined || gateway.simulatorId === undefined) return;
    const server = await this.#running();
    const { simulatorId, client: { port } } = gateway;
    await server.request("simulator/stop", { simulatorId });
    // On loopback nobody announces a restart, so somebody has to ask the gateway something to notice.
    for (const each of this.ports) if (each.gateway === gateway) await this.renew(each);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    gateway.simulatorId = (await server.request("simulator/start", { port })).simulatorId;
  }

  /** Ends the server, if there is one, and starts another one. */
  async restartServer(): Promise<void> {
    await this.stop();
    await this.#running();
  }

  /** Ends the server, which deletes every mapping. */
  async stop(): Promise<void> {
    const server = await this.#server?.catch(() => undefined); // Who started it was told why that failed.
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
      const tellJoin = (error: unknown) => tell("Cannot use the gateway again", error);
      for (const gateway of this.gateways) await this.#join(server, gateway).catch(tellJoin);
      return server;
    } catch (error) {
      this.#server = undefined;
      throw error;
    }
  }

  /** Takes a gateway into use, and asks it for the ports that an earlier server had. */
  async #join(server: Server, gateway: Gateway): Promise<void> {
    const state = `${this.#deps.stateFolder}/${gateway.kind}.json`;
    let at = this.#deps.routerAddresses();
    if (gateway.kind === "simulated") {
      const { simulatorId, ...address } = await server.request("simulator/start", {});
      gateway.simulatorId = simulatorId;
      at = { client: address.server, ...address };
    }
    gateway.client = await server.request("client/start", { ...at, state });
    const wanted = this.ports.filter((port) => port.gateway === gateway && port.isUnknown);
    for (const port of wanted) await this.#ask(server, port);
    // Ports that were closed while there was no server; nobody waits for that.
    const { clientId } = gateway.client;
    server.request("client/deleteLeftovers", { clientId }).catch(this.#unimportant);
  }

  /** Asks for a mapping, with the external port that it had before; answered before the gateway has answered. */
  async #ask(server: Server, port: Port): Promise<Mapping> {
    const mapping = await server.request("mapping/request", {
      clientId: port.gateway.client?.clientId ?? 0,
      kind: "inbound",
      internalPort: port.port,
      protocol: port.protocol,
      lifetime: port.lifetime,
      externalPort: port.mapping?.assigned?.externalPort ?? port.port,
    });
    port.mapping = mapping;
    port.isUnknown = false;
    this.#changed.fire();
    return mapping;
  }

  /** An alert tells what has happened, `mapping/get` how things are by now. */
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
    }).catch(this.#unimportant); // It, or the server, is gone by now.
  }

  readonly #unimportant = (error: Error): void => this.#deps.log.debug(error.message);

  #note(text: string, of: (port: Port) => boolean): void {
    for (const { timeline } of this.ports.filter(of)) {
      if (timeline.at(-1)?.text !== text) timeline.push({ at: new Date(), text });
    }
    this.#changed.fire();
  }

  #serverIsGone(reason: string): void {
    this.#server = undefined;
    for (const gateway of this.gateways) gateway.client = gateway.simulatorId = undefined;
    for (const port of this.ports) port.isUnknown = true;
    this.#note(`the server is gone: ${reason}`, () => true);
  }

  #forget(port: Port): void {
    const index = this.ports.indexOf(port);
    if (index < 0) return;
    this.#note("closed", (each) => each === port);
    this.ports.splice(index, 1);
    this.#changed.fire();
  }
}
