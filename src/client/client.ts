import { type Clock, systemClock } from "../clock.ts";
import { Engine } from "../engine/engine.ts";
import type { EngineConfig } from "../engine/config.ts";
import { defaultNetwork } from "../transport/open.ts";
import type { Network, OpenOptions, Transport } from "../transport/transport.ts";
import {
  ANNOUNCE_GROUP_IPV4,
  ANNOUNCE_GROUP_IPV6,
  ANNOUNCE_PORT,
  SERVER_PORT,
} from "../wire/constants.ts";
import type { IpAddress } from "../wire/address.ts";
import { resolveAddresses } from "./addresses.ts";
import { discover } from "./discover.ts";
import type { TraceEvent } from "./driver.ts";
import { AnnouncementError, SocketError } from "./errors.ts";
import { Handle } from "./handle.ts";

/** What a client can be told besides the addresses. */
export interface ClientOptions {
  /** The server's UDP port, 1 to 65535 (RFC 6887 section 19.1: 5351). */
  readonly port?: number;
  /** The port that announcements come to, 1 to 65535 (RFC 6887 section 14.1: 5350). */
  readonly announcePort?: number;
  /** Whether to listen for announcements of restarts. By default yes, but on loopback. */
  readonly multicast?: boolean;
  /**
   * Whether the anycast address of RFC 7723 is asked when the default gateway does not answer; only without a server
   * address. Off by default: a server behind the router sees private addresses of this network.
   */
  readonly anycast?: boolean;
  /** Where sockets come from; by default `Deno.listenDatagram`, or `node:dgram` where that is missing. */
  readonly network?: Network;
  /** Where time comes from. */
  readonly clock?: Clock;
  /** Uniform in [0, 1), for random waits. */
  readonly random?: () => number;
  /** 32 random bits a call, for nonces; must be unguessable (RFC 6887 section 11.2). */
  readonly randomWord?: () => number;
  /** Whether mappings for other hosts may be asked for; only in fully trusted networks (RFC 6887 section 13.1). */
  readonly allowThirdParty?: boolean;
  /** How long {@linkcode Handle.shutdown} waits for confirmations, in milliseconds; 5000 by default. */
  readonly shutdownTimeout?: number;
  /** Retransmission and other numbers of the protocol that differ from the RFC's. */
  readonly protocol?: Partial<EngineConfig>;
  /** Called with every datagram, decoded. */
  readonly onTrace?: (event: TraceEvent) => void;
  /** Ends the start, not the client. */
  readonly signal?: AbortSignal;
}

/** Opens ports on a router and keeps them open: a Port Control Protocol client (RFC 6887). */
export class Client {
  private constructor() {}

  /**
   * Starts a client of one server. Nothing is sent before the first request.
   *
   * @param client The address of this host that faces the server; found by itself when left out.
   * @param server The server, usually the router; the default gateway when left out. Link-local addresses need their
   * interface: `fe80::1%eth0`. Several addresses of one server are asked in turn until one answers (RFC 7488).
   * @param options Ports, sockets, time.
   * @throws {TypeError} If an address is none, or the two are not of one family.
   * @throws {RangeError} If a port or the shutdown timeout is out of range.
   * @throws {DiscoveryError} If an address was left out and cannot be found.
   * @throws {SocketError} If no socket can be opened on the client's address.
   *
   * @example
   * ```ts ignore
   * import { Client, InboundMap, RequestType } from "@portcontrol/pcp";
   *
   * await using handle = await Client.start();
   * const mapping = handle.request(new InboundMap(6000, 3600), RequestType.KeepAlive);
   * console.log(await mapping.ready());
   * ```
   */
  static async start(
    client?: string,
    server?: string | readonly string[],
    options: ClientOptions = {},
  ): Promise<Handle> {
    const { clientAddress, serverAddresses } = await resolveAddresses(
      client,
      server,
      options.anycast ?? false,
    );
    options.signal?.throwIfAborted();
    const port = checkPort("server port", options.port ?? SERVER_PORT);
    const announcePort = checkPort("announcement port", options.announcePort ?? ANNOUNCE_PORT);
    const shutdownTimeout = checkTimeout(options.shutdownTimeout ?? SHUTDOWN_TIMEOUT);
    const clock = options.clock ?? systemClock;
    const engine = new Engine({
      server: serverAddresses.map((address) => ({ address, port })),
      clientAddress: clientAddress.withScope(undefined),
      random: options.random ?? Math.random,
      randomWord: options.randomWord ?? randomWord,
      ...(options.protocol === undefined ? {} : { config: options.protocol }),
    });
    const handle = new Handle({
      engine,
      clock,
      clientAddress,
      servers: serverAddresses.map((address) => ({ hostname: address.toString(), port })),
      allowThirdParty: options.allowThirdParty ?? false,
      shutdownTimeout,
      onTrace: options.onTrace,
    });
    const network = options.network ?? defaultNetwork();
    handle.attach(await openRequests(network, clientAddress, handle), true);
    if (options.multicast ?? !clientAddress.isLoopback) {
      await listenForAnnouncements(network, clientAddress, announcePort, handle);
    }
    if (options.signal?.aborted) {
      await handle.shutdown();
      options.signal.throwIfAborted();
    }
    return handle;
  }

  /**
   * Starts a client of every default gateway of this host, IPv4 and IPv6: a dual-stack host has one for each family
   * (RFC 6887 section 8.1), one with two uplinks has more. Each has its own mappings and nonces.
   *
   * @param options As for {@linkcode Client.start}.
   * @returns One handle a gateway that a socket could be opened for, in the order of {@linkcode discover}.
   * @throws {DiscoveryError} If there is no default gateway, or this host does not say.
   * @throws {SocketError} If no socket can be opened for any of them.
   */
  static async startAll(options: ClientOptions = {}): Promise<Handle[]> {
    const started = await Promise.allSettled(
      (await discover()).map(({ client, gateway }) => Client.start(client, gateway, options)),
    );
    const handles = started.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
    const failure = started.find((each) => each.status === "rejected");
    if (handles.length === 0 && failure !== undefined) throw failure.reason;
    return handles;
  }
}

/** Two transmissions and their answers fit into it (RFC 6887 section 8.1.1: the second leaves after 3 s). */
const SHUTDOWN_TIMEOUT = 5_000;

function checkPort(what: string, port: number): number {
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  throw new RangeError(
    `Cannot start a client: the ${what} must be an integer from 1 to 65535, got "${port}"`,
  );
}

function checkTimeout(timeout: number): number {
  if (typeof timeout === "number" && timeout >= 0) return timeout;
  throw new RangeError(
    `Cannot start a client: the shutdown timeout must be a number of milliseconds from 0, got "${timeout}"`,
  );
}

async function openRequests(
  network: Network,
  clientAddress: IpAddress,
  handle: Handle,
): Promise<Transport> {
  try {
    // Port 0: the system picks a random one (RFC 6887 section 8.1).
    return await open(network, { hostname: clientAddress.toString(), port: 0 }, handle, false);
  } catch (error) {
    throw new SocketError(
      "open",
      `Cannot open a socket on "${clientAddress}", is it an address of this host?`,
      error,
    );
  }
}

/** RFC 6887 section 14.1.3; the client does without when the port is taken. */
async function listenForAnnouncements(
  network: Network,
  clientAddress: IpAddress,
  port: number,
  handle: Handle,
): Promise<void> {
  try {
    const { multicastOptions } = await import("./announcements.ts");
    const multicast = await multicastOptions(clientAddress);
    const hostname = clientAddress.family === "IPv4" ? ANNOUNCE_GROUP_IPV4 : ANNOUNCE_GROUP_IPV6;
    handle.attach(await open(network, { hostname, port, multicast }, handle, true), false);
  } catch (error) {
    handle.report(new AnnouncementError(port, error));
  }
}

function open(
  network: Network,
  options: OpenOptions,
  handle: Handle,
  multicast: boolean,
): Promise<Transport> {
  return network.open(options, {
    datagram: (bytes, source) => handle.receive(bytes, source, multicast),
    error: (error) => {
      handle.report(new SocketError("receive", `Cannot receive on "${options.hostname}"`, error));
      if (!multicast) handle.failed(error);
    },
  });
}

const words = new Uint32Array(64);
let wordsUsed = words.length;

/** 32 bits of the system's cryptographic generator, fetched in batches. */
function randomWord(): number {
  if (wordsUsed === words.length) {
    crypto.getRandomValues(words);
    wordsUsed = 0;
  }
  const word = words[wordsUsed] ?? 0;
  words[wordsUsed++] = 0; // a nonce is a secret, and no word is used twice
  return word;
}
