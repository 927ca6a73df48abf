import type { Clock } from "../clock.ts";
import type { Network, SocketAddress, Transport } from "../transport/transport.ts";
import { IpAddress } from "../wire/address.ts";
import type { SimulatedServer } from "./server/simulated_server.ts";
import type { Datagram } from "./server/replies.ts";
import type { RestartOptions, UpdateChanges } from "./server/fault_script.ts";
import type { ServerMapping } from "./server/mapping.ts";

/** Where and how a {@linkcode ServerHost} listens. */
export interface HostOptions {
  /** Address to listen on; `127.0.0.1` unless told. */
  readonly hostname?: string;
  /** Port to listen on; 0, any free one, unless told. */
  readonly port?: number;
  /** A second address, of the other family, on the same port; none unless told. */
  readonly hostname6?: string;
  /** Who gets announcements in place of the multicast groups; without multicast all clients that were heard of. */
  readonly announceTo?: readonly SocketAddress[];
  /** Whether announcements go to the multicast groups; true in a `MemoryNetwork`, false elsewhere, unless told. */
  readonly multicast?: boolean;
}

/**
 * A {@linkcode SimulatedServer} with sockets and a clock: in a `MemoryNetwork` for tests in virtual time, or on the loopback
 * interface to try things without a router.
 *
 * @example
 * ```ts
 * import { ManualClock, ServerHost, SimulatedServer } from "@portcontrol/pcp/testing";
 * import { MemoryNetwork } from "@portcontrol/pcp/transport";
 *
 * const clock = new ManualClock();
 * const network = new MemoryNetwork({ clock });
 * await using host = await ServerHost.start(network, clock, new SimulatedServer(), { hostname: "192.168.1.1", port: 5351 });
 * if (host.local.port !== 5351) throw new Error("The server must listen where it is told");
 * ```
 */
export class ServerHost implements AsyncDisposable {
  /** The server that answers. */
  readonly server: SimulatedServer;
  /** What could not be sent, newest last, 100 at most. */
  readonly errors: Error[] = [];

  #clock: Clock;
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
    this.#clock = clock;
    this.#announceTo = options.announceTo;
    this.#multicast = options.multicast ?? network.name === "memory";
  }

  /** Binds a server to a network. */
  static async start(
    network: Network,
    clock: Clock,
    server: SimulatedServer,
    options: HostOptions = {},
  ): Promise<ServerHost> {
    const host = new ServerHost(network, clock, server, options);
    server.epoch(clock.now());
    try {
      await host.#open(network, options.hostname ?? "127.0.0.1", options.port ?? 0);
      if (options.hostname6 !== undefined) {
        await host.#open(network, options.hostname6, host.local.port);
      }
    } catch (error) {
      host.close();
      throw error;
    }
    host.#arm();
    return host;
  }

  /** Where the server listens. */
  get local(): SocketAddress {
    const first = this.#transports[0];
    if (first === undefined) {
      throw new Error("Cannot tell where the server listens: it has been closed");
    }
    return first.local;
  }

  /** Where the server listens with its second address. */
  get local6(): SocketAddress | undefined {
    return this.#transports[1]?.local;
  }

  /** As {@linkcode SimulatedServer.restart}, now, and sends what is to be sent. */
  restart(options?: RestartOptions): void {
    this.#send(this.server.restart(this.#clock.now(), options));
  }

  /** As {@linkcode SimulatedServer.announce}, now, and sends what is to be sent. */
  announce(): void {
    this.#send(this.server.announce(this.#clock.now()));
  }

  /** As {@linkcode SimulatedServer.changeExternalAddress}, now, and sends what is to be sent. */
  changeExternalAddress(address: string): void {
    this.#send(this.server.changeExternalAddress(this.#clock.now(), address));
  }

  /** As {@linkcode SimulatedServer.update}, now, and sends what is to be sent. */
  update(which: string | ((mapping: ServerMapping) => boolean), changes?: UpdateChanges): void {
    this.#send(this.server.update(this.#clock.now(), which, changes));
  }

  /** Sends any octets from the server's address, to see what a client makes of them. */
  sendRaw(bytes: Uint8Array, to: SocketAddress): void {
    this.#send([{ bytes, to: { address: IpAddress.parse(to.hostname), port: to.port } }]);
  }

  /** Closes the sockets; the server stays as it is and can be bound again. Calling it again does nothing. */
  close(): void {
    this.#closed = true;
    this.#cancelAlarm?.();
    for (const transport of this.#transports) transport.close();
  }

  /** Closes the sockets. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  async #open(network: Network, hostname: string, port: number): Promise<void> {
    const transport = await network.open({ hostname, port }, {
      datagram: (bytes, source) => {
        this.#remember(source);
        const from = { address: IpAddress.parse(source.hostname), port: source.port };
        this.#send(this.server.receive(this.#clock.now(), bytes, from));
      },
      error: (error) => this.#note(error),
    });
    this.#transports.push(transport);
  }

  #send(datagrams: readonly Datagram[]): void {
    for (const { bytes, to } of datagrams) {
      if (this.#closed) break;
      for (const target of this.#targets(to.address, to.port)) {
        this.#transportFor(target)?.send(bytes, target).catch((error: unknown) =>
          this.#note(error)
        );
      }
    }
    this.#arm();
  }

  /** A client takes announcements on the port it asks from, too (RFC 6887 section 14.1.3). */
  #remember(source: SocketAddress): void {
    const key = `${source.hostname} ${source.port}`;
    this.#clients.delete(key);
    this.#clients.set(key, source);
    for (const oldest of this.#clients.keys()) {
      if (this.#clients.size <= CLIENTS) break;
      this.#clients.delete(oldest);
    }
  }

  #targets(address: IpAddress, port: number): readonly SocketAddress[] {
    if (!address.isMulticast) return [{ hostname: address.toString(), port }];
    const { family } = address;
    if (this.#announceTo !== undefined) {
      return this.#announceTo.filter(({ hostname }) => IpAddress.parse(hostname).family === family);
    }
    if (this.#multicast) return [{ hostname: address.toString(), port }];
    return [...this.#clients.values()].filter(({ hostname }) =>
      IpAddress.parse(hostname).family === family
    );
  }

  /** The transport of the target's family; none when the server has no address of that family. */
  #transportFor(target: SocketAddress): Transport | undefined {
    const { family } = IpAddress.parse(target.hostname);
    return this.#transports.find(({ local }) => IpAddress.parse(local.hostname).family === family);
  }

  #arm(): void {
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

  #note(error: unknown): void {
    if (this.errors.length >= 100) this.errors.shift();
    this.errors.push(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Clients remembered for announcements. */
const CLIENTS = 64;
