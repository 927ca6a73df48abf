import type { Clock } from "../clock.ts";
import type { MemoryNetwork } from "../transport/memory.ts";
import type { Network, SocketAddress, Transport } from "../transport/transport.ts";
import { IpAddress } from "../wire/address.ts";
import type { IgdHost } from "./igd_host.ts";
import type { IgdRestartOptions, SimulatedIgd } from "./server/igd/simulated_igd.ts";
import type { ServerMapping } from "./server/mapping.ts";
import type { Datagram } from "./server/replies.ts";
import type { GatewayProtocol } from "./server/server_options.ts";
import type { RestartOptions, SimulatedServer, UpdateChanges } from "./server/simulated_server.ts";

/** Where a {@linkcode ServerHost} listens, and where it announces. */
export interface HostOptions {
  /** Address to listen on. Default `127.0.0.1`. */
  readonly hostname?: string;
  /** Port to listen on; 0 is any free one. Default 0. */
  readonly port?: number;
  /** Second address to listen on, of the other family, with the same port. Default none. */
  readonly hostname6?: string;
  /** Destinations of announcements. Default: the multicast groups, or without `multicast` the last 64 clients. */
  readonly announceTo?: readonly SocketAddress[];
  /** Whether announcements go to the multicast groups. Default: true in a `MemoryNetwork`, false elsewhere. */
  readonly multicast?: boolean;
}

/**
 * A {@linkcode SimulatedServer} with sockets and a clock: in a `MemoryNetwork` for tests in virtual time, or on the
 * loopback interface for experiments without a router.
 *
 * @example
 * ```ts
 * import { ManualClock, ServerHost, SimulatedServer } from "@portcontrol/pcp/testing";
 * import { MemoryNetwork } from "@portcontrol/pcp/transport";
 *
 * const clock = new ManualClock();
 * const network = new MemoryNetwork({ clock });
 * await using host = await ServerHost.start(network, clock, new SimulatedServer(), { hostname: "192.168.1.1", port: 5351 });
 * if (host.local.port !== 5351) throw new Error("The server must listen on the given port");
 * ```
 */
export class ServerHost implements AsyncDisposable {
  /** The server that answers the datagrams. */
  readonly server: SimulatedServer;
  /** The last 100 socket errors, newest last. */
  readonly errors: Error[] = [];

  #network: Network;
  #clock: Clock;
  #igdHost: IgdHost | undefined = undefined;
  #transports: Transport[] = [];
  #announceTo: readonly SocketAddress[] | undefined;
  #multicast: boolean;
  #cancelAlarm: (() => void) | undefined = undefined;
  #alarmAt: number | undefined = undefined;
  #closed = false;
  readonly #clients = new Map<string, SocketAddress>();

  private constructor(
    network: Network,
    clock: Clock,
    server: SimulatedServer,
    options: HostOptions,
  ) {
    this.server = server;
    this.#network = network;
    this.#clock = clock;
    this.#announceTo = options.announceTo;
    this.#multicast = options.multicast ?? isMemoryNetwork(network);
  }

  /**
   * Opens the sockets of a server.
   *
   * @throws {Error} If an address cannot be bound.
   */
  static async start(
    network: Network,
    clock: Clock,
    server: SimulatedServer,
    options: HostOptions = {},
  ): Promise<ServerHost> {
    const host = new ServerHost(network, clock, server, options);
    server.epoch(clock.now());
    try {
      await host.#open(options.hostname ?? "127.0.0.1", options.port ?? 0);
      if (options.hostname6 !== undefined) await host.#open(options.hostname6, host.local.port);
      if (server.protocols.includes("upnp")) host.#igdHost = await host.#startIgd();
    } catch (error) {
      host.close();
      throw error;
    }
    host.#setAlarm();
    return host;
  }

  /**
   * Address and port of the server.
   *
   * @throws {Error} If no socket is open.
   */
  get local(): SocketAddress {
    const first = this.#transports[0];
    if (first === undefined) {
      throw new Error("Cannot tell where the server listens: it has been closed");
    }
    return first.local;
  }

  /** Second address of the server, and its port. */
  get local6(): SocketAddress | undefined {
    return this.#transports[1]?.local;
  }

  /** The gateway's face of UPnP, if it speaks UPnP. */
  get igd(): SimulatedIgd | undefined {
    return this.#igdHost?.igd;
  }

  /** Restarts the server, and with it the face of UPnP; see {@linkcode SimulatedServer.restart}. */
  restart(options: RestartOptions = {}): void {
    const { announce = true, keepMappings = false } = options;
    this.#send(this.server.restart(this.#clock.now(), options));
    const mappings = keepMappings ? "kept" : "lost";
    this.#igdHost?.restart({ byebye: announce, alive: announce, mappings });
  }

  /** Restarts the face of UPnP alone; see {@linkcode SimulatedIgd.restart}. */
  restartIgd(options?: IgdRestartOptions): void {
    this.#igdHost?.restart(options);
  }

  /**
   * Switches protocols on and off, as the owner of a gateway does.
   *
   * @throws {RangeError} If there is no protocol of a name.
   * @throws {Error} If a socket cannot be opened.
   */
  async setProtocols(protocols: readonly GatewayProtocol[]): Promise<void> {
    const wasRefusing = this.server.refusesDatagrams;
    this.server.setProtocols(protocols);
    const speaksUpnp = protocols.includes("upnp");
    if (speaksUpnp) this.#igdHost ??= await this.#startIgd();
    if (this.igd !== undefined) this.igd.silent = !speaksUpnp;
    const isRefusing = this.server.refusesDatagrams;
    if (isMemoryNetwork(this.#network) || isRefusing === wasRefusing) return;
    if (isRefusing) return this.#closeSockets();
    for (const { local } of this.#transports.splice(0)) {
      await this.#open(local.hostname, local.port);
    }
  }

  /** Calls {@linkcode SimulatedServer.announce} and sends the datagrams. */
  announce(): void {
    this.#send(this.server.announce(this.#clock.now()));
  }

  /** Calls {@linkcode SimulatedServer.changeExternalAddress} and sends the datagrams. */
  changeExternalAddress(address: string): void {
    this.#send(this.server.changeExternalAddress(this.#clock.now(), address));
  }

  /** Calls {@linkcode SimulatedServer.update} and sends the datagrams. */
  update(which: string | ((mapping: ServerMapping) => boolean), changes?: UpdateChanges): void {
    this.#send(this.server.update(this.#clock.now(), which, changes));
  }

  /** Sends arbitrary octets from the server's address. */
  sendRaw(bytes: Uint8Array, to: SocketAddress): void {
    this.#send([{ bytes, to: { address: IpAddress.parse(to.hostname), port: to.port } }]);
  }

  /** Closes the sockets; the server keeps its state and can be started again. A second call does nothing. */
  close(): void {
    this.#closed = true;
    this.#cancelAlarm?.();
    this.#closeSockets();
    this.#igdHost?.close();
  }

  /** Closes the sockets. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  async #startIgd(): Promise<IgdHost> {
    const { IgdHost } = await import("./igd_host.ts");
    return await IgdHost.start(this.#network, this.#clock, {
      hostnames: this.#transports.map(({ local }) => local.hostname),
      igd: this.server.igdOptions,
      externalAddress: () => this.server.externalAddress("IPv4")?.toString() ?? "",
      onError: (error) => this.#recordError(error),
    });
  }

  /** Without a socket the system answers with ICMP port unreachable. */
  #closeSockets(): void {
    for (const transport of this.#transports) transport.close();
  }

  async #open(hostname: string, port: number): Promise<void> {
    const network = this.#network;
    const transport = await network.open({ hostname, port }, {
      datagram: (bytes, source) => {
        // Searches may come to this port too: clients on loopback know no other.
        if (bytes[0] === SEARCH) return this.#igdHost?.receive(bytes, source, hostname);
        if (isMemoryNetwork(network) && this.server.refusesDatagrams) {
          network.reportUnreachable(source);
        }
        this.#rememberClient(source);
        const from = { address: IpAddress.parse(source.hostname), port: source.port };
        this.#send(this.server.receive(this.#clock.now(), bytes, from));
      },
      error: (error) => this.#recordError(error),
    });
    this.#transports.push(transport);
    if (!isMemoryNetwork(network) && this.server.refusesDatagrams) transport.close();
  }

  #send(datagrams: readonly Datagram[]): void {
    for (const { bytes, to } of datagrams) {
      if (this.#closed) break;
      for (const target of this.#targets(to.address, to.port)) {
        this.#transportFor(target)?.send(bytes, target).catch((error: unknown) =>
          this.#recordError(error)
        );
      }
    }
    this.#setAlarm();
  }

  /** Clients receive announcements on the port of their requests too (RFC 6887 section 14.1.3). */
  #rememberClient(source: SocketAddress): void {
    const key = `${source.hostname} ${source.port}`;
    this.#clients.delete(key);
    this.#clients.set(key, source);
    const [oldest = ""] = this.#clients.keys();
    if (this.#clients.size > MAX_CLIENTS) this.#clients.delete(oldest);
  }

  #targets(address: IpAddress, port: number): readonly SocketAddress[] {
    const toGroup = this.#multicast && this.#announceTo === undefined;
    if (toGroup || !address.isMulticast) return [{ hostname: address.toString(), port }];
    const targets = this.#announceTo ?? [...this.#clients.values()];
    return targets.filter(({ hostname }) => IpAddress.parse(hostname).family === address.family);
  }

  /** The transport of the target's family; undefined if the server has no address of that family. */
  #transportFor(target: SocketAddress): Transport | undefined {
    const { family } = IpAddress.parse(target.hostname);
    return this.#transports.find(({ local }) => IpAddress.parse(local.hostname).family === family);
  }

  #setAlarm(): void {
    const { deadline } = this.server;
    if (this.#closed || deadline === this.#alarmAt) return;
    this.#cancelAlarm?.();
    this.#alarmAt = deadline;
    if (deadline === undefined) return;
    this.#cancelAlarm = this.#clock.alarm(deadline, () => {
      this.#alarmAt = undefined;
      this.#send(this.server.timeout(this.#clock.now()));
    });
  }

  #recordError(error: unknown): void {
    if (this.errors.length >= 100) this.errors.shift();
    this.errors.push(error instanceof Error ? error : new Error(String(error)));
  }
}

/** By its name, so that a host of real sockets does not load the other network. */
function isMemoryNetwork(network: Network): network is MemoryNetwork {
  return network.name === "memory";
}

/** The first octet of `M-SEARCH`; no version of PCP. */
const SEARCH = 0x4d;

/** Number of clients remembered for announcements. */
const MAX_CLIENTS = 64;
