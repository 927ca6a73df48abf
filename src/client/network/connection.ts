import type { Clock } from "../../clock.ts";
import type { EngineConfig } from "../../engine/config.ts";
import { Engine } from "../../engine/engine.ts";
import type { Network, OpenOptions, Sink, Transport } from "../../transport/transport.ts";
import { ANNOUNCE_GROUP_IPV4, ANNOUNCE_GROUP_IPV6 } from "../../wire/constants.ts";
import type { IpAddress } from "../../wire/address.ts";
import type { Addresses } from "./addresses.ts";
import { Driver, type DriverCounts, type DriverOptions } from "./driver.ts";
import { AnnouncementError, type PcpError, SocketError } from "../errors.ts";

/** What is known of the server's announcements (RFC 6887 section 14.1). Plain JSON. */
export interface Announcements {
  /** Whether they are listened for. */
  readonly listening: boolean;
  /** How many datagrams came there so far. */
  readonly heard: number;
}

/** What every connection of a client is made with. */
export interface ConnectionOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly port: number;
  readonly announcePort: number;
  /** Whether to listen for announcements; undefined: yes, but on loopback. */
  readonly multicast: boolean | undefined;
  readonly random: () => number;
  readonly randomWord: () => number;
  readonly protocol: Partial<EngineConfig> | undefined;
  readonly outlet: DriverOptions["outlet"];
  readonly trace: DriverOptions["trace"];
  readonly report: (error: PcpError) => void;
  /** Continues the counts of the connection before. */
  readonly counts: DriverCounts;
}

/** One engine with its sockets, on one address of this host. When that address changes, a new one takes its place. */
export class Connection {
  readonly addresses: Addresses;
  readonly engine: Engine;
  readonly driver: Driver;
  readonly #options: ConnectionOptions;
  readonly #transports: Transport[] = [];
  #listening = false;
  #heard = 0;

  private constructor(addresses: Addresses, options: ConnectionOptions) {
    const { clientAddress, serverAddresses } = addresses;
    const { port, random, randomWord, protocol } = options;
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
      clock: options.clock,
      counts: options.counts,
      servers: serverAddresses.map((address) => ({ hostname: address.toString(), port })),
      trace: options.trace,
      outlet: options.outlet,
      onSendError: (error) => {
        const { hostname, port } = this.driver.server;
        options.report(
          new SocketError(
            "send",
            `Cannot send to "${hostname}" port "${port}", trying again later`,
            error,
          ),
        );
      },
    });
  }

  /**
   * Opens the sockets.
   *
   * @throws {SocketError} If none can be opened on the client's address.
   */
  static async open(addresses: Addresses, options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(addresses, options);
    await connection.#openRequests();
    if (options.multicast ?? !addresses.clientAddress.isLoopback) await connection.#listen();
    return connection;
  }

  /** What is known of the server's announcements. */
  get announcements(): Announcements {
    return { listening: this.#listening, heard: this.#heard };
  }

  /** Stops for good. */
  close(): void {
    this.driver.close();
    for (const transport of this.#transports) transport.close();
  }

  async #openRequests(): Promise<void> {
    const { clientAddress } = this.addresses;
    try {
      // Port 0: a random one is picked (RFC 6887 section 8.1).
      const transport = await this.#open({ hostname: clientAddress.toString(), port: 0 }, false);
      this.driver.use(transport);
    } catch (error) {
      throw new SocketError(
        "open",
        `Cannot open a socket on "${clientAddress}", is it an address of this host?`,
        error,
      );
    }
  }

  /** RFC 6887 section 14.1.3; the client does without when the port is taken. */
  async #listen(): Promise<void> {
    const { clientAddress } = this.addresses;
    const { announcePort, report } = this.#options;
    try {
      const { multicastOptions } = await import("./announce_group.ts");
      const multicast = await multicastOptions(clientAddress);
      await this.#open({ hostname: groupOf(clientAddress), port: announcePort, multicast }, true);
      this.#listening = true;
    } catch (error) {
      report(new AnnouncementError(announcePort, error));
    }
  }

  async #open(options: OpenOptions, multicast: boolean): Promise<Transport> {
    const sink: Sink = {
      datagram: (bytes, source) => {
        if (multicast) this.#heard++;
        this.driver.receive(bytes, source, multicast);
      },
      error: (error) => {
        this.#options.report(
          new SocketError("receive", `Cannot receive on "${options.hostname}"`, error),
        );
        if (!multicast) this.driver.failed(error);
      },
    };
    const transport = await this.#options.network.open(options, sink);
    this.#transports.push(transport);
    return transport;
  }
}

function groupOf({ family }: IpAddress): string {
  return family === "IPv4" ? ANNOUNCE_GROUP_IPV4 : ANNOUNCE_GROUP_IPV6;
}
