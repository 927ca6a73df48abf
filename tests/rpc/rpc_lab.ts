import type { MessageConnection } from "vscode-jsonrpc";
import { loadLateModules } from "../../rpc/late_modules.ts";
import {
  ClientErrorNotification,
  type ClientInfo,
  ClientStartRequest,
  GatewayNotification,
  InitializeRequest,
  MappingAlertNotification,
  type Notifications,
  serve,
  type ServeDeps,
  type Server,
  ServerRestartedNotification,
  TraceNotification,
} from "../../rpc/mod.ts";
import {
  ManualClock,
  seededRandom,
  seededWords,
  ServerHost,
  type ServerOptions,
  SimulatedServer,
} from "../../src/testing/mod.ts";
import { MemoryNetwork } from "../../src/transport/memory.ts";
import { type ConnectionPair, connectionPair } from "./connection_pair.ts";

/** A JSON-RPC client, the server, a simulated PCP server and virtual time between them. */
export class RpcLab implements AsyncDisposable {
  readonly clock: ManualClock;
  readonly network: MemoryNetwork;
  readonly host: ServerHost;
  readonly server: Server;
  readonly pair: ConnectionPair;
  /** Every notification of the server, oldest first. */
  readonly notifications: Notification[] = [];

  private constructor(
    clock: ManualClock,
    network: MemoryNetwork,
    host: ServerHost,
    pair: ConnectionPair,
    deps: ServeDeps,
  ) {
    this.clock = clock;
    this.network = network;
    this.host = host;
    this.pair = pair;
    for (
      const { method } of [
        MappingAlertNotification,
        ClientErrorNotification,
        GatewayNotification,
        ServerRestartedNotification,
        TraceNotification,
      ]
    ) {
      pair.client.onNotification(method, (params) => {
        this.notifications.push({ method, params } as Notification);
      });
    }
    this.server = serve(pair.server, deps);
  }

  static async start(options: ServerOptions = {}, deps: ServeDeps = {}): Promise<RpcLab> {
    await loadLateModules(); // loading takes real time, which virtual time does not wait for
    const clock = new ManualClock();
    const network = new MemoryNetwork({ clock, latency: 1 });
    const host = await ServerHost.start(network, clock, new SimulatedServer(options), {
      hostname: SERVER,
      port: 5351,
    });
    const lab = new RpcLab(clock, network, host, connectionPair(), {
      clientOptions: { clock, network, random: seededRandom(1), randomWord: seededWords(2) },
      startSimulator: ({ port = 5352 }) => {
        return ServerHost.start(network, clock, new SimulatedServer(), {
          hostname: "127.0.0.1",
          port,
        });
      },
      ...deps,
    });
    return lab;
  }

  /** The client's end. */
  get rpc(): MessageConnection {
    return this.pair.client;
  }

  /** A lab after `initialize` and `client/start`. */
  static async withClient(options: ServerOptions = {}, deps: ServeDeps = {}): Promise<RpcLab> {
    const lab = await RpcLab.start(options, deps);
    await lab.rpc.sendRequest(InitializeRequest, {});
    await lab.startClient();
    return lab;
  }

  async startClient(): Promise<ClientInfo> {
    return await this.settled(
      this.rpc.sendRequest(ClientStartRequest, { client: CLIENT, server: SERVER }),
    );
  }

  /** Advances virtual time until a promise settles, with turns of the event loop in between. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let over = false;
    const watched = promise.finally(() => over = true);
    watched.catch(() => {}); // the return below has the same rejection
    for (let turn = 0; !over; turn++) {
      if (turn > 2_000) throw new Error("Nothing came of it in 100 virtual seconds");
      await nextTurn();
      if (!over) await this.clock.advance(50);
    }
    return await watched;
  }

  /** Advances virtual time until there is such a notification, and returns it. */
  async notified<M extends keyof Notifications>(
    method: M,
    fits: (params: Notifications[M]) => boolean = () => true,
  ): Promise<Notifications[M]> {
    const find = (): Notification | undefined =>
      this.notifications.find((each) =>
        each.method === method && fits(each.params as Notifications[M])
      );
    for (let turn = 0; find() === undefined; turn++) {
      if (turn > 2_000) {
        throw new Error(`No such notification: ${JSON.stringify(this.notifications)}`);
      }
      await nextTurn();
      await this.clock.advance(50);
    }
    return find()?.params as Notifications[M];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.settled(this.server.end());
    this.host.close();
    await nextTurn(); // notifications after a response
  }
}

/** A notification as received. */
export type Notification = {
  [M in keyof Notifications]: { method: M; params: Notifications[M] };
}[keyof Notifications];

/** The address of the client in the network in memory. */
export const CLIENT = "192.168.1.10";

/** The address of the simulated server there. */
export const SERVER = "192.168.1.1";

/** Resolves after one turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
