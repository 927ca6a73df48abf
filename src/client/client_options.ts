import { type Clock, type Milliseconds, systemClock } from "../clock.ts";
import type { Surroundings } from "../discovery/surroundings.ts";
import type { EngineConfig } from "../engine/config.ts";
import { type Protocol, PROTOCOLS } from "../engine/protocol.ts";
import { defaultNetwork } from "../transport/open.ts";
import type { Network } from "../transport/transport.ts";
import { ANNOUNCE_PORT, SERVER_PORT } from "../wire/constants.ts";
import type { ConnectionSettings } from "./network/connection.ts";
import type { WatchOptions } from "./network/network_watcher.ts";
import type { Store } from "./persistence/store.ts";
import { checkReleaseOn, type ReleaseSignal } from "./release_on_signal.ts";
import type { TraceEvent, Tracer } from "./trace.ts";

/** The settings of a client besides its addresses. */
export interface ClientOptions {
  /** The server's UDP port, 1 to 65535; 5351 by default (RFC 6887 section 19.1). */
  readonly port?: number;
  /** The UDP port of announcements, 1 to 65535; 5350 by default (RFC 6887 section 14.1). */
  readonly announcePort?: number;
  /**
   * The UDP port of searches in UPnP, 1 to 65535; 1900 by default (UPnP Device Architecture 1.1 section 1), and on loopback the
   * server's port, so that simulated gateways run side by side.
   */
  readonly ssdpPort?: number;
  /** Whether to listen for announcements of restarts; by default yes, except on loopback. */
  readonly multicast?: boolean;
  /**
   * Whether the anycast address of RFC 7723 is used when the default gateway does not respond; only without a server address.
   * Off by default: a server behind the router would see private addresses of this network.
   */
  readonly anycast?: boolean;
  /** The source of sockets; by default `Deno.listenDatagram`, or `node:dgram` where that is missing. */
  readonly network?: Network;
  /** The source of time; the system's monotonic clock by default. */
  readonly clock?: Clock;
  /** Uniform random numbers in [0, 1), for waits; `Math.random` by default. */
  readonly random?: () => number;
  /** Unguessable random 32-bit numbers, for nonces (RFC 6887 section 11.2); the system's generator by default. */
  readonly randomWord?: () => number;
  /** Whether mappings may be requested for other hosts; for fully trusted networks only (RFC 6887 section 13.1). */
  readonly allowThirdParty?: boolean;
  /**
   * How long {@linkcode Handle.shutdown} waits for confirmations, in milliseconds from 0; 5000 by default. A gateway that has
   * never answered is waited for 1000 at most.
   */
  readonly shutdownTimeout?: number;
  /**
   * The protocols that may be used; by default `["pcp", "nat-pmp", "upnp"]`. They are tried in this order, whatever the order
   * here. One of them alone is used without trying another. Nothing of UPnP is sent while the gateway answers in PCP or
   * NAT-PMP; `["pcp", "nat-pmp"]` switches it off. UPnP needs a `network` with `exchange`.
   */
  readonly protocols?: readonly Protocol[];
  /** Timers and limits of the protocol that differ from those of the RFCs. */
  readonly protocol?: Partial<EngineConfig>;
  /**
   * How changes of this host's network are detected: another address or gateway, a network that was down, a sleep of the
   * machine. Every 5 seconds by default, `false` for never. Given addresses do not change, and nothing is watched on loopback
   * or with a `network` of your own. This host's addresses are read only with `--allow-sys=networkInterfaces`; without it a
   * change is detected by failed sends, or within a minute.
   */
  readonly watch?: WatchOptions | false;
  /**
   * Keeps the mappings across restarts and crashes of this program: the next client with the same store gets the same
   * external ports, and can delete mappings that are no longer needed.
   */
  readonly store?: Store;
  /** Called with every datagram, decoded. */
  readonly onTrace?: (event: TraceEvent) => void;
  /**
   * Whether the start waits, as long as `signal` allows, until this host has a route and an address, as after a boot. By default
   * it fails at once with a `DiscoveryError`.
   */
  readonly waitForNetwork?: boolean;
  /**
   * On one of these signals every client with it is shut down, and the program exits with 128 and the number of the signal. A second
   * signal does not wait. By default the library installs no signal handlers, and a program that is ended leaves its mappings.
   */
  readonly releaseOn?: readonly ReleaseSignal[];
  /** Cancels the start; it has no effect on the started client. */
  readonly signal?: AbortSignal;
}

/** The settings of a started client, with their defaults. */
export interface ClientSettings extends ConnectionSettings {
  readonly allowThirdParty: boolean;
  readonly shutdownTimeout: Milliseconds;
  readonly store: Store | undefined;
  /** Where this program runs, if the gateway there is not the router; absent with a network of its own. */
  readonly surroundings: ((client: string) => Promise<Surroundings | undefined>) | undefined;
}

/**
 * Checks the options, and adds the defaults.
 *
 * @throws {RangeError} If a number is out of range, or no protocol is left.
 * @throws {TypeError} If the protocols are no array of names.
 */
export function settingsOf(options: ClientOptions, trace: Tracer | undefined): ClientSettings {
  const { port = SERVER_PORT, announcePort = ANNOUNCE_PORT, ssdpPort } = options;
  const { shutdownTimeout = SHUTDOWN_TIMEOUT } = options;
  checkReleaseOn(options.releaseOn ?? []);
  checkPort("server port", port);
  checkPort("announcement port", announcePort);
  if (ssdpPort !== undefined) checkPort("port of searches in UPnP", ssdpPort);
  if (!(typeof shutdownTimeout === "number" && shutdownTimeout >= 0)) {
    throw new RangeError(
      `Cannot start a client: the shutdown timeout must be a number of milliseconds from 0, got "${shutdownTimeout}"`,
    );
  }
  return {
    port,
    announcePort,
    ssdpPort,
    shutdownTimeout,
    network: options.network ?? defaultNetwork(),
    clock: options.clock ?? systemClock,
    multicast: options.multicast,
    localAddresses: options.network === undefined ? localAddresses : undefined,
    random: options.random ?? Math.random,
    randomWord: options.randomWord ?? systemRandomWord,
    protocol: options.protocol,
    protocols: allowedProtocols(options),
    trace,
    allowThirdParty: options.allowThirdParty ?? false,
    store: options.store,
    surroundings: options.network === undefined ? surroundingsOf : undefined,
  };
}

/** Loaded only for a search over IPv6. */
async function localAddresses(): Promise<readonly string[] | undefined> {
  return await (await import("../discovery/local_address.ts")).localAddresses();
}

/** Loaded only for a diagnosis that finds a problem. */
async function surroundingsOf(client: string): Promise<Surroundings | undefined> {
  return await (await import("../discovery/surroundings.ts")).surroundingsOf(client);
}

/**
 * The interval of a watch, or its default.
 *
 * @throws {RangeError} If it is shorter than 100 ms.
 */
export function watchInterval({ interval = WATCH_INTERVAL }: WatchOptions): Milliseconds {
  if (interval >= LEAST_WATCH_INTERVAL) return interval;
  throw new RangeError(
    `Cannot watch the network: the interval must be at least ${LEAST_WATCH_INTERVAL} milliseconds, got "${interval}"`,
  );
}

/** The protocols in the order of trying. The older `natPmp: false` of the protocol's numbers takes one away. */
function allowedProtocols({ protocols = PROTOCOLS, protocol }: ClientOptions): readonly Protocol[] {
  const attempt = "Cannot start a client";
  if (!Array.isArray(protocols) || protocols.some((name) => typeof name !== "string")) {
    throw new TypeError(
      `${attempt}: the protocols must be an array of names, got "${JSON.stringify(protocols)}"`,
    );
  }
  const names = PROTOCOLS.map((name) => `"${name}"`).join(", ");
  const unknown = protocols.find((name) => !PROTOCOLS.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`${attempt}: a protocol must be one of ${names}, got "${unknown}"`);
  }
  const allowed = PROTOCOLS.filter((name) =>
    protocols.includes(name) && (name !== "nat-pmp" || protocol?.natPmp !== false)
  );
  if (allowed.length > 0) return allowed;
  throw new RangeError(
    `${attempt}: at least one of the protocols ${names} must be allowed, got "${
      protocols.join(", ")
    }"`,
  );
}

function checkPort(what: string, port: number): void {
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return;
  throw new RangeError(
    `Cannot start a client: the ${what} must be an integer from 1 to 65535, got "${port}"`,
  );
}

/** Time for two transmissions and their responses: the second leaves after 3 s (RFC 6887 section 8.1.1). */
const SHUTDOWN_TIMEOUT: Milliseconds = 5_000;

const WATCH_INTERVAL: Milliseconds = 5_000;
const LEAST_WATCH_INTERVAL: Milliseconds = 100;

const words = new Uint32Array(64);
let wordsUsed = words.length;

/** 32 bits of the system's cryptographic generator, called for 64 numbers at once: a call takes some microseconds. */
function systemRandomWord(): number {
  if (wordsUsed === words.length) {
    crypto.getRandomValues(words);
    wordsUsed = 0;
  }
  const word = words[wordsUsed] as number;
  words[wordsUsed++] = 0; // a nonce is a secret: no copy stays here
  return word;
}
