import type { Clock } from "../../clock.ts";
import type { EngineConfig } from "../../engine/config.ts";
import { Engine } from "../../engine/engine.ts";
import type { PcpError } from "../../pcp_error.ts";
import type { Network, OpenOptions, Sink, Transport } from "../../transport/transport.ts";
import { AnnouncementError, SocketError } from "../errors.ts";
import type { Tracer } from "../trace.ts";
import type { Addresses } from "./addresses.ts";
import { type ClientOutput, Driver, type DriverCounts } from "./driver.ts";

/** The reception of the server's announcements (RFC 6887 section 14.1). Plain JSON. */
export interface Announcements {
  /** Whether the client listens for announcements. */
  readonly listening: boolean;
  /** The number of datagrams received there. */
  readonly heard: number;
}

/** The settings of all connections of a client. */
export interface ConnectionSettings {
  readonly network: Network;
  readonly clock: Clock;
  readonly port: number;
  readonly announcePort: number;
  /** Whether to listen for announcements; undefined: yes, except on loopback. */
  readonly multicast: boolean | undefined;
  readonly random: () => number;
  readonly randomWord: () => number;
  readonly protocol: Partial<EngineConfig> | undefined;
  readonly trace: Tracer | undefined;
}

/** What a connection is made with besides its addresses. */
export interface ConnectionOptions extends ConnectionSettings {
  readonly onOutput: (output: ClientOutput) => void;
  readonly onError: (error: PcpError) => void;
  /** Shared by all connections of a client. */
  readonly counts: DriverCounts;
}

/** An engine with its sockets on one address of this host. Another address takes another connection. */
export class Connection {
  readonly addresses: Addresses;
  readonly engine: Engine;
  readonly driver: Driver;
  readonly #options: ConnectionOptions;
  readonly #transports: Transport[] = [];
  #listening = false;
  #heard = 0;

  constructor(addresses: Addresses, options: ConnectionOptions) {
    const { clientAddress, serverAddresses } = addresses;
    const { port, random, randomWord, protocol, clock, counts, trace, onOutput } = options;
    this.addresses = addresses;
    this.#options = options;
    this.engine = new Engine({
      server: serverAddresses.map((address) => ({ address, port })),
      clientAddress: clientAddress.withScope(undefined),
      random,
      randomWord,
      ...(protocol === undefined ? {} : { config: protocol }),
    });
    this.driver = new Driver({
      engine: this.engine,
      servers: serverAddresses.map((address) => ({ hostname: address.toString(), port })),
      onSendError: (error) => this.#sendFailed(error),
      onOutput,
      clock,
      counts,
      trace,
    });
  }

  /**
   * Opens the sockets.
   *
   * @throws {SocketError} If no socket can be opened on the client's address.
   */
  async open(): Promise<void> {
    const { clientAddress } = this.addresses;
    try {
      // Port 0: the system chooses a random port (RFC 6887 section 8.1).
      const transport = await this.#open({ hostname: clientAddress.toString(), port: 0 }, false);
      this.driver.use(transport);
    } catch (error) {
      throw new SocketError(
        "open",
        `Cannot open a socket on "${clientAddress}", is it an address of this host?`,
        error,
      );
    }
    if (this.#options.multicast ?? !clientAddress.isLoopback) await this.#listen();
  }

  /** The reception of the server's announcements so far. */
  get announcements(): Announcements {
    return { listening: this.#listening, heard: this.#heard };
  }

  /** Stops for good, and closes the sockets. */
  close(): void {
    this.driver.close();
    for (const transport of this.#transports) transport.close();
  }

  /** Listens for announcements (RFC 6887 section 14.1.3); the client works without if the port is taken. */
  async #listen(): Promise<void> {
    const { clientAddress } = this.addresses;
    const { announcePort, onError } = this.#options;
    try {
      const { multicastOptions } = await import("./announce_group.ts");
      const multicast = await multicastOptions(clientAddress);
      await this.#open({ hostname: multicast.group, port: announcePort, multicast }, true);
      this.#listening = true;
    } catch (error) {
      onError(new AnnouncementError(announcePort, error));
    }
  }

  async #open(options: OpenOptions, multicast: boolean): Promise<Transport> {
    const sink: Sink = {
      datagram: (bytes, source) => {
        if (multicast) this.#heard++;
        this.driver.receive(bytes, source, multicast);
      },
      error: (error) => {
        const message = `Cannot receive on "${options.hostname}"`;
        this.#options.onError(new SocketError("receive", message, error));
        if (!multicast) this.driver.failed(error);
      },
    };
    const transport = await this.#options.network.open(options, sink);
    this.#transports.push(transport);
    return transport;
  }

  #sendFailed(error: unknown): void {
    const { hostname, port } = this.driver.server;
    const message = `Cannot send to "${hostname}" port "${port}", trying again later`;
    this.#options.onError(new SocketError("send", message, error));
  }
}
