import { type Clock, type Milliseconds, systemClock } from "../clock.ts";
import type { EngineConfig } from "../engine/config.ts";
import { defaultNetwork } from "../transport/open.ts";
import type { Network } from "../transport/transport.ts";
import { ANNOUNCE_PORT, SERVER_PORT } from "../wire/constants.ts";
import { type Addresses, resolveAddresses } from "./network/addresses.ts";
import { discover } from "./discover.ts";
import type { TraceEvent, Tracer } from "./trace.ts";
import type { Store } from "./persistence/store.ts";
import { Handle } from "./handle.ts";
import type {
  HostSurvey,
  NetworkWatcher,
  WatchEvents,
  WatchOptions,
} from "./network/network_watcher.ts";

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
  /**
   * How changes of this host's network are noticed: another address or gateway, a network that was away, or a sleep of the
   * machine. By default every 5 seconds, `false` for never. Addresses that were given stay what they are, and nothing is
   * watched on loopback or in a `network` of your own. Looks at this host's addresses only with
   * `--allow-sys=networkInterfaces`; without it a change is noticed by failed sends, or within a minute.
   */
  readonly watch?: WatchOptions | false;
  /**
   * Keeps the mappings across restarts of this program, a crash included: the next client with the same store has the same
   * external ports again, and can delete what it does not want any more.
   */
  readonly store?: Store;
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
   * @throws {RangeError} If a port, the shutdown timeout or the interval of the watch is out of range.
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
    const find = (current?: Addresses): Promise<Addresses> =>
      resolveAddresses(client, server, options.anycast ?? false, discover, current);
    const port = checkPort("server port", options.port ?? SERVER_PORT);
    const announcePort = checkPort("announcement port", options.announcePort ?? ANNOUNCE_PORT);
    const shutdownTimeout = checkTimeout(options.shutdownTimeout ?? SHUTDOWN_TIMEOUT);
    const interval = checkInterval(options.watch || {});
    const addresses = await find();
    const clock = options.clock ?? systemClock;
    const isApart = addresses.clientAddress.isLoopback || options.network !== undefined;
    const watch = options.watch ?? (isApart ? false : {});
    const isFixed = client !== undefined && server !== undefined;
    const watcher = watch === false
      ? undefined
      : await watcherFor(clock, interval, watch.surveyor, isFixed ? undefined : find);
    options.signal?.throwIfAborted();
    const handle = await Handle.open({
      addresses,
      connection: {
        network: options.network ?? defaultNetwork(),
        clock,
        port,
        announcePort,
        multicast: options.multicast,
        random: options.random ?? Math.random,
        randomWord: options.randomWord ?? systemRandomWord,
        protocol: options.protocol,
        trace: await tracerFor(options.onTrace),
      },
      allowThirdParty: options.allowThirdParty ?? false,
      shutdownTimeout,
      store: options.store,
    });
    if (options.signal?.aborted) {
      await handle.shutdown();
      options.signal.throwIfAborted();
    }
    if (watcher !== undefined) handle.watch(watcher);
    return handle;
  }

  /**
   * Starts a client of every default gateway of this host, IPv4 and IPv6: a dual-stack host has one for each family
   * (RFC 6887 section 8.1), one with two uplinks has more. Each has its own mappings and nonces.
   *
   * @param options As for {@linkcode Client.start}, but for `store`: each client needs one of its own.
   * @returns One handle a gateway that a socket could be opened for, in the order of {@linkcode discover}.
   * @throws {TypeError} If there is a store among the options.
   * @throws {DiscoveryError} If there is no default gateway, or this host does not say.
   * @throws {SocketError} If no socket can be opened for any of them.
   */
  static async startAll(options: Omit<ClientOptions, "store"> = {}): Promise<Handle[]> {
    if ("store" in options && options.store !== undefined) {
      throw new TypeError(
        'Cannot start several clients with one store: call "Client.start()" for each, with a store of its own',
      );
    }
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

/**
 * How often it is looked whether the network changed.
 *
 * @throws {RangeError} If that is more often than every 100 ms.
 */
function checkInterval({ interval = WATCH_INTERVAL }: WatchOptions): Milliseconds {
  if (interval >= 100) return interval;
  throw new RangeError(
    `Cannot watch the network: the interval must be at least 100 milliseconds, got "${interval}"`,
  );
}

const WATCH_INTERVAL: Milliseconds = 5_000;

/** Only who is watched pays for loading what watches. */
async function watcherFor(
  clock: Clock,
  interval: Milliseconds,
  surveyor: HostSurvey | undefined,
  find: HostSurvey["find"] | undefined,
): Promise<(events: WatchEvents) => NetworkWatcher> {
  const { NetworkWatcher } = await import("./network/network_watcher.ts");
  const { fixedSurvey, systemSurvey } = await import("./network/host_survey.ts");
  const machine = surveyor ?? (find === undefined ? fixedSurvey() : systemSurvey(find));
  return (events) => new NetworkWatcher(clock, machine, events, interval);
}

/** Only who looks at datagrams pays for loading what decodes them. */
async function tracerFor(onTrace: ClientOptions["onTrace"]): Promise<Tracer | undefined> {
  return onTrace === undefined ? undefined : (await import("./trace.ts")).tracer(onTrace);
}

const words = new Uint32Array(64);
let wordsUsed = words.length;

/** 32 bits of the system's cryptographic generator, fetched in batches. */
function systemRandomWord(): number {
  if (wordsUsed === words.length) {
    crypto.getRandomValues(words);
    wordsUsed = 0;
  }
  const word = words[wordsUsed] ?? 0;
  words[wordsUsed++] = 0; // a nonce is a secret, and no word is used twice
  return word;
}
