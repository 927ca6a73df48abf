import type { Clock } from "../clock.ts";
import { MemoryNetwork } from "../transport/memory.ts";
import type { StreamConnection, StreamListener, StreamSink } from "../transport/stream.ts";
import type { Network, Sink, SocketAddress, Transport } from "../transport/transport.ts";
import { IpAddress } from "../wire/address.ts";
import type { IgdOptions } from "./server/igd/options.ts";
import type { IgdOutput } from "./server/igd/output.ts";
import { type IgdRestartOptions, SimulatedIgd } from "./server/igd/simulated_igd.ts";

/** Where an {@linkcode IgdHost} listens. */
export interface IgdHostOptions {
  /** The gateway's addresses, one of each family at most. */
  readonly hostnames: readonly string[];
  /** Options of the gateway, with its ports. */
  readonly igd: IgdOptions;
  /** Returns the external address as text, empty if there is none. */
  readonly externalAddress: () => string;
  /** Called with every error of a socket. */
  readonly onError: (error: unknown) => void;
}

/** A {@linkcode SimulatedIgd} with sockets and a clock. */
export class IgdHost {
  /** The gateway that answers. */
  readonly igd: SimulatedIgd;

  readonly #network: Network;
  readonly #clock: Clock;
  readonly #options: IgdHostOptions;
  /** Sockets at the port of SSDP, by the address they are bound to. */
  readonly #ssdp = new Map<string, Transport>();
  /** Sockets of the groups. */
  readonly #groups: Transport[] = [];
  #listeners: StreamListener[] = [];
  readonly #connections = new Map<number, StreamConnection>();
  #lastConnection = 0;
  #cancelAlarm = (): void => {};
  /** The HTTP server is about to listen again; until then the gateway hears nothing. */
  #isStarting = false;
  #closed = false;

  private constructor(network: Network, clock: Clock, options: IgdHostOptions) {
    this.#network = network;
    this.#clock = clock;
    this.#options = options;
    this.igd = new SimulatedIgd(options.igd, options.externalAddress);
  }

  /**
   * Opens the sockets of a gateway.
   *
   * @throws {Error} If an address cannot be bound.
   */
  static async start(network: Network, clock: Clock, options: IgdHostOptions): Promise<IgdHost> {
    const host = new IgdHost(network, clock, options);
    try {
      await host.#open();
    } catch (error) {
      host.close();
      throw error;
    }
    return host;
  }

  /** Calls {@linkcode SimulatedIgd.restart} and carries out its outputs. */
  restart(options?: IgdRestartOptions): void {
    this.#run(this.igd.restart(this.#clock.now(), options));
  }

  /** Takes a datagram that another socket of the gateway received, as if it had come to the port of SSDP. */
  receive(bytes: Uint8Array, from: SocketAddress, to: string): void {
    this.#sink(to).datagram(bytes, from);
  }

  /** Closes the sockets. */
  close(): void {
    this.#closed = true;
    this.#cancelAlarm();
    for (const transport of [...this.#ssdp.values(), ...this.#groups]) transport.close();
    for (const connection of this.#connections.values()) connection.reset();
    this.#stopListening();
  }

  async #open(): Promise<void> {
    const { hostnames, igd: options } = this.#options;
    const isMemory = this.#network instanceof MemoryNetwork;
    let ssdpPort = options.ssdpPort ?? (isMemory ? 1_900 : 0);
    for (const hostname of this.#allHostnames) {
      const transport = await this.#network.open(
        { hostname, port: ssdpPort },
        this.#sink(hostname),
      );
      this.#ssdp.set(IpAddress.parse(hostname).toString(), transport);
      ssdpPort = transport.local.port;
    }
    for (const hostname of hostnames) await this.#joinGroups(hostname, ssdpPort);
    const addresses = hostnames.map((hostname) => IpAddress.parse(hostname));
    const httpPort = await this.#listen(options.httpPort ?? (isMemory ? 5_000 : 0));
    this.igd.listening({
      address: addresses.find(({ family }) => family === "IPv4"),
      address6: addresses.find(({ family }) => family === "IPv6"),
      httpPort,
      ssdpPort,
    });
  }

  /** The gateway's addresses, that of LOCATION over IPv6, and that of another host that answers. */
  get #allHostnames(): ReadonlySet<string> {
    const { hostnames, igd: { location6 } } = this.#options;
    const more = [location6, this.igd.quirks.neighbour].filter((each) => each !== undefined);
    return new Set([...hostnames, ...more]);
  }

  /** Some systems have no groups on the loopback interface; searches to one address work without. */
  async #joinGroups(hostname: string, port: number): Promise<void> {
    const { scope } = IpAddress.parse(hostname);
    const here = scope === undefined ? {} : { interfaceName: scope };
    const groups = hostname.includes(":")
      ? [{ group: "ff02::c", ...here }, { group: "ff05::c", ...here }]
      : [{ group: "239.255.255.250", interfaceAddress: hostname }];
    for (const multicast of groups) {
      try {
        const options = { hostname, port, multicast };
        this.#groups.push(await this.#network.open(options, this.#sink(multicast.group)));
      } catch (error) {
        this.#options.onError(error);
      }
    }
  }

  /** Receives the datagrams to an address or group. */
  #sink(to: string): Sink {
    const destination = IpAddress.parse(to);
    return {
      datagram: (bytes, { hostname, port }) => {
        if (this.#isStarting) return;
        const source = { address: IpAddress.parse(hostname), port };
        this.#run(this.igd.datagram(this.#clock.now(), bytes, source, destination));
      },
      error: this.#options.onError,
    };
  }

  /** Listens with every address at one port, and returns it; the first address chooses it if it is 0. */
  async #listen(port: number): Promise<number> {
    const listen = this.#network instanceof MemoryNetwork
      ? this.#network.listen.bind(this.#network)
      : (await import("./stream_server.ts")).listenOverTcp;
    let chosen = port;
    for (const hostname of this.#allHostnames) {
      const local = { hostname, port: chosen };
      const listener = await listen(local, (connection) => this.#accept(connection));
      this.#listeners.push(listener);
      chosen = listener.local.port;
    }
    return chosen;
  }

  #stopListening(): void {
    for (const listener of this.#listeners) listener.close();
    this.#listeners = [];
  }

  async #listenAgain(port: number): Promise<void> {
    this.#isStarting = true;
    const httpPort = await this.#listen(port).finally(() => this.#isStarting = false);
    if (this.#closed) this.#stopListening();
    else this.#run(this.igd.listening({ ...this.igd.place, httpPort }));
  }

  #accept(connection: StreamConnection): StreamSink {
    const id = ++this.#lastConnection;
    const { remote, local } = connection;
    const now = (): number => this.#clock.now();
    this.#connections.set(id, connection);
    this.#run(this.igd.connect(
      now(),
      id,
      { address: IpAddress.parse(remote.hostname), port: remote.port },
      { address: IpAddress.parse(local.hostname), port: local.port },
    ));
    return {
      octets: (bytes) => this.#run(this.igd.octets(now(), id, bytes)),
      closed: () => {
        this.#connections.delete(id);
        this.#run(this.igd.disconnected(now(), id));
      },
    };
  }

  #run(outputs: readonly IgdOutput[]): void {
    for (const output of outputs) if (!this.#closed) this.#carryOut(output);
    this.#setAlarm();
  }

  #carryOut(output: IgdOutput): void {
    const { onError } = this.#options;
    switch (output.type) {
      case "datagram":
        this.#send(output).catch(onError);
        break;
      case "listen":
        this.#stopListening();
        if (output.port !== undefined) this.#listenAgain(output.port).catch(onError);
        break;
      case "send":
        this.#connections.get(output.connection)?.send(output.bytes);
        break;
      case "close":
      case "reset":
        this.#connections.get(output.connection)?.[output.type]();
        this.#connections.delete(output.connection);
    }
  }

  async #send(
    { bytes, to, from, isPortRandom }: Extract<IgdOutput, { type: "datagram" }>,
  ): Promise<void> {
    const target = { hostname: to.address.toString(), port: to.port };
    if (isPortRandom) return await this.#sendFromRandomPort(bytes, target, `${from}`);
    await this.#ssdp.get(`${from}`)?.send(bytes, target);
  }

  async #sendFromRandomPort(bytes: Uint8Array, to: SocketAddress, hostname: string): Promise<void> {
    const transport = await this.#network.open({ hostname, port: 0 }, this.#sink(hostname));
    await transport.send(bytes, to);
    transport.close();
  }

  #setAlarm(): void {
    this.#cancelAlarm();
    const { deadline } = this.igd;
    if (this.#closed || deadline === undefined) return;
    this.#cancelAlarm = this.#clock.alarm(deadline, () => {
      this.#run(this.igd.timeout(this.#clock.now()));
    });
  }
}
