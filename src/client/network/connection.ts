import type { Clock } from "../../clock.ts";
import type { EngineConfig } from "../../engine/config.ts";
import { Engine } from "../../engine/engine.ts";
import { lateUpnp } from "../../engine/late_fallback.ts";
import type { Protocol } from "../../engine/protocol.ts";
import type { UpnpOutput } from "../../engine/upnp_io.ts";
import type { PcpError } from "../../pcp_error.ts";
import type { Network, Transport } from "../../transport/transport.ts";
import { AnnouncementError, SocketError } from "../errors.ts";
import type { Tracer } from "../trace.ts";
import type { Addresses } from "./addresses.ts";
import { type ClientOutput, Driver, type DriverCounts } from "./driver.ts";
import { RefusalProbe } from "./refusal_probe.ts";
import { RequestSocket } from "./request_socket.ts";
import { UpnpConnection, type UpnpSightings } from "./upnp_connection.ts";

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
  /** Of searches in UPnP; undefined: 1900, and on loopback the server's port. */
  readonly ssdpPort: number | undefined;
  /** Whether to listen for announcements; undefined: yes, except on loopback. */
  readonly multicast: boolean | undefined;
  /** Every address of this host with its interface; absent with a network of its own. */
  readonly localAddresses: (() => Promise<readonly string[] | undefined>) | undefined;
  readonly random: () => number;
  readonly randomWord: () => number;
  readonly protocol: Partial<EngineConfig> | undefined;
  /** Those that may be used. */
  readonly protocols: readonly Protocol[];
  readonly trace: Tracer | undefined;
}

/** What a connection is made with besides its addresses. */
export interface ConnectionOptions extends ConnectionSettings {
  readonly onOutput: (output: ClientOutput) => void;
  readonly onError: (error: PcpError) => void;
  /** A mapping is about to be made over UPnP; the promise resolves when it is recorded. */
  readonly onAdding: (adding: UpnpOutput & { type: "adding" }) => Promise<void> | undefined;
  /** Shared by all connections of a client. */
  readonly counts: DriverCounts;
}

/** An engine with its sockets on one address of this host. Another address takes another connection. */
export class Connection {
  readonly addresses: Addresses;
  readonly engine: Engine;
  readonly driver: Driver;
  readonly #options: ConnectionOptions;
  readonly #socket: RequestSocket;
  readonly #probe: RefusalProbe;
  readonly #upnp: UpnpConnection;
  #announcements: Transport | undefined;
  #listening = false;
  #heard = 0;

  constructor(addresses: Addresses, options: ConnectionOptions) {
    const { clientAddress, serverAddresses } = addresses;
    const { port, random, randomWord, protocol, protocols, clock, counts, trace } = options;
    const { ssdpPort = clientAddress.isLoopback ? port : undefined } = options;
    this.addresses = addresses;
    this.#options = options;
    const config = { ...protocol, ...(ssdpPort === undefined ? {} : { ssdpPort }) };
    this.engine = new Engine({
      server: serverAddresses.map((address) => ({ address, port })),
      clientAddress: clientAddress.withScope(undefined),
      random,
      randomWord,
      protocols,
      fallbacks: options.network.exchange === undefined ? [] : [lateUpnp(() => this.#upnp.create)],
      config,
    });
    this.#upnp = new UpnpConnection({
      ...options,
      ...addresses,
      config,
      step: (event) => this.driver.step({ type: "upnp", event }),
    });
    const from = clientAddress.toString();
    const servers = serverAddresses.map((address) => ({ hostname: address.toString(), port }));
    this.#probe = new RefusalProbe({
      network: options.network,
      clock,
      from,
      servers,
      onRefusal: (error, index) => this.driver.failed(error, index),
    });
    this.driver = new Driver({
      engine: this.engine,
      servers,
      onSendError: (error) => this.#sendFailed(error),
      onNewSocket: () => this.#socket.replace(),
      onSent: (index) => this.#probe.sent(index),
      onAnswer: () => this.#probe.answered(),
      onUpnp: (action) => this.#upnp.take(action),
      onOutput: options.onOutput,
      clock,
      counts,
      trace,
    });
    this.#socket = new RequestSocket({
      // Port 0: the system chooses a random port (RFC 6887 section 8.1).
      open: (sink) => options.network.open({ hostname: from, port: 0 }, sink),
      datagram: (bytes, source, isOld) =>
        this.driver.receive(bytes, source, { isOnOldSocket: isOld }),
      error: (error) => {
        // A refusal by ICMP concerns the gateway, which gets a verdict, and that an error of its own.
        if (!this.driver.failed(error)) this.#receiveFailed(from, error);
      },
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
      await this.#socket.open();
      this.driver.use(this.#socket);
    } catch (error) {
      throw new SocketError(
        "open",
        isDenied(error)
          ? `Cannot open a socket on "${clientAddress}", the permission --allow-net is missing`
          : `Cannot open a socket on "${clientAddress}", is it an address of this host?`,
        error,
      );
    }
    if (this.#options.multicast ?? !clientAddress.isLoopback) await this.#listen();
  }

  /** The reception of the server's announcements so far. */
  get announcements(): Announcements {
    return { listening: this.#listening, heard: this.#heard };
  }

  /** What was seen of UPnP. */
  get upnp(): UpnpSightings {
    return this.#upnp;
  }

  /** Stops for good, and closes the sockets. */
  close(): void {
    this.driver.close();
    this.#probe.close();
    this.#upnp.close();
    this.#socket.close();
    this.#announcements?.close();
  }

  /** Listens for announcements (RFC 6887 section 14.1.3); the client works without if the port is taken. */
  async #listen(): Promise<void> {
    const { clientAddress } = this.addresses;
    const { announcePort, onError } = this.#options;
    try {
      const { multicastOptions } = await import("./announce_group.ts");
      const multicast = await multicastOptions(clientAddress);
      const { network } = this.#options;
      const { group: hostname } = multicast;
      this.#announcements = await network.open({ hostname, port: announcePort, multicast }, {
        datagram: (bytes, source) => {
          this.#heard++;
          this.driver.receive(bytes, source, { multicast: true });
        },
        error: (error) => this.#receiveFailed(hostname, error),
      });
      this.#listening = true;
    } catch (error) {
      onError(new AnnouncementError(announcePort, error));
    }
  }

  #receiveFailed(hostname: string, error: unknown): void {
    const message = `Cannot receive on "${hostname}"`;
    this.#options.onError(new SocketError("receive", message, error));
  }

  #sendFailed(error: unknown): void {
    const { hostname, port } = this.driver.server;
    const message = `Cannot send to "${hostname}" port "${port}", trying again later`;
    this.#options.onError(new SocketError("send", message, error));
  }
}

/** Whether a permission of Deno is missing. */
function isDenied(error: unknown): boolean {
  return error instanceof Error && (error.name === "NotCapable" || isDenied(error.cause));
}
