import { type Clock, type Milliseconds, systemClock } from "../clock.ts";
import { seededRandom } from "../seeded_random.ts";
import { bind, dynamicPort } from "./bind.ts";
import { MemoryStreams, type TappedExchange } from "./memory_stream.ts";
import type {
  ExchangeOptions,
  ExchangeReason,
  StreamAddress,
  StreamConnection,
  StreamListener,
  StreamSink,
} from "./stream.ts";
import type { Network, OpenOptions, Sink, SocketAddress, Transport } from "./transport.ts";
import { systemError, TransportError } from "./transport_error.ts";

/** A datagram as passed to a {@link Link}. */
export interface LinkDatagram {
  /** The time of sending. */
  readonly at: Milliseconds;
  /** The sender. */
  readonly from: SocketAddress;
  /** The destination. */
  readonly to: SocketAddress;
  /** The octets. They must not be changed. */
  readonly bytes: Uint8Array;
}

/**
 * Decides the delivery of a datagram: one delay in milliseconds for each copy that arrives, in addition to the latency.
 * `[0]` delivers it once, `[]` loses it, `[0, 5]` duplicates it, and unequal delays reorder datagrams.
 */
export type Link = (datagram: LinkDatagram) => readonly Milliseconds[];

/** A datagram as passed to `onDatagram` of a {@link MemoryNetwork}. */
export interface TappedDatagram extends LinkDatagram {
  /** The number of copies that the {@link Link} delivers, 0 if the datagram is lost. */
  readonly copies: number;
}

/** Options of {@link MemoryNetwork}. */
export interface MemoryNetworkOptions {
  /** Clock of the deliveries. By default undelayed datagrams arrive in the next microtask, others by the system clock. */
  readonly clock?: Clock;
  /** Delay of each datagram in milliseconds; 0 by default. */
  readonly latency?: Milliseconds;
  /** Loss, duplication and additional delay; none by default. */
  readonly link?: Link;
  /** Seed of the ports that are chosen for port 0: the same seed gives the same ports. 0 by default. */
  readonly seed?: number;
}

/**
 * A network in memory, for tests: without sockets, permissions and randomness, with time from a {@link Clock}. Every
 * address is local to the network, so several hosts are several hostnames. As with real UDP, a datagram to a port without a
 * socket is lost silently, and one to a multicast group is delivered to all its members. Servers of TCP listen with
 * `listen()`; a connection to a port without a listener is refused.
 *
 * A socket bound to `0.0.0.0` or `::` receives the datagrams to its port at any address of that family to which no other
 * socket is bound; it sends from `127.0.0.1` or `::1`.
 *
 * @example
 * ```ts
 * import { MemoryNetwork } from "@portcontrol/pcp/transport";
 * import { assertEquals } from "@std/assert";
 *
 * const network = new MemoryNetwork();
 * const received = new Promise<string>((resolve, reject) => {
 *   const sink = {
 *     datagram: (bytes: Uint8Array) => resolve(new TextDecoder().decode(bytes)),
 *     error: reject,
 *   };
 *   void network.open({ hostname: "192.168.1.1", port: 5351 }, sink);
 * });
 *
 * const client = await network.open({ hostname: "192.168.1.101", port: 0 }, {
 *   datagram() {},
 *   error() {},
 * });
 * await client.send(new TextEncoder().encode("hello"), { hostname: "192.168.1.1", port: 5351 });
 * assertEquals(await received, "hello");
 * ```
 */
export class MemoryNetwork implements Network {
  /** `memory`. */
  readonly name: string = "memory";
  /** Delay of each datagram in milliseconds. */
  latency: Milliseconds;
  /** Loss, duplication and additional delay; none if undefined. */
  link: Link | undefined;
  /** Called for every datagram when it is sent, including lost ones. */
  onDatagram: ((datagram: TappedDatagram) => void) | undefined;
  /** Returns an error to make a `send()` to that address reject; the datagram is not sent. */
  failSends: ((to: SocketAddress) => Error | undefined) | undefined;
  /** Returns an error to make an `open()` reject. */
  failOpen: ((options: OpenOptions) => Error | undefined) | undefined;
  /** Returns a reason to make connections to that address fail; `timeout` leaves them without an answer. */
  failConnections: ((to: StreamAddress) => ExchangeReason | undefined) | undefined;
  /** Called for every exchange over TCP when it has ended. */
  onExchange: ((exchange: TappedExchange) => void) | undefined;

  readonly #clock: Clock | undefined;
  readonly #random: () => number;
  readonly #sockets = new Map<number, Socket[]>(); // by port
  readonly #streams: MemoryStreams;

  /**
   * Creates a network without sockets.
   *
   * @param options Clock, latency, link and seed.
   */
  constructor(options: MemoryNetworkOptions = {}) {
    this.#clock = options.clock;
    this.latency = options.latency ?? 0;
    this.link = options.link;
    this.#random = seededRandom(options.seed ?? 0);
    this.#streams = new MemoryStreams({
      clock: options.clock ?? systemClock,
      latency: () => this.latency,
      key,
      drawPort: () => dynamicPort(this.#random),
      failure: (to) => this.failConnections?.(to),
      onExchange: (exchange) => this.onExchange?.(exchange),
    });
  }

  /** The number of open sockets. */
  get openSockets(): number {
    let count = 0;
    for (const sockets of this.#sockets.values()) count += sockets.length;
    return count;
  }

  /**
   * Opens a socket.
   *
   * @returns Rejects with the error of `failOpen`, or with a {@link TransportError} whose `code` is `EADDRINUSE` if the
   * address and port are in use.
   */
  async open(options: OpenOptions, sink: Sink): Promise<Transport> {
    const failure = this.failOpen?.(options);
    if (failure !== undefined) throw failure;
    const attempt = (hostname: string, port: number) => this.#bind(options, hostname, port, sink);
    return await bind(options, attempt, this.#random);
  }

  /**
   * Reports ICMP port unreachable to a sender of datagrams, as a host does that has no socket at their destination: its
   * sink gets an error with the code `ECONNREFUSED`.
   */
  reportUnreachable(sender: SocketAddress): void {
    const cause = systemError("ECONNREFUSED", "connection refused");
    const target = key(sender.hostname);
    this.#after(this.latency, () => {
      for (const { sink, local, key } of this.#sockets.get(sender.port) ?? []) {
        if (key === target) sink.error(new TransportError("receive", local, cause));
      }
    });
  }

  /**
   * Carries out one exchange over TCP.
   *
   * @returns Rejects with an `ExchangeError`, or with the reason of the signal.
   */
  exchange(options: ExchangeOptions): Promise<Uint8Array> {
    return this.#streams.exchange(options);
  }

  /**
   * Listens for TCP connections.
   *
   * @param accept Called with each connection; returns what receives its events.
   * @returns Rejects with a {@link TransportError} whose `code` is `EADDRINUSE` if another one listens there.
   */
  listen(
    local: StreamAddress,
    accept: (connection: StreamConnection) => StreamSink,
  ): Promise<StreamListener> {
    return this.#streams.listen(local, accept);
  }

  #bind(options: OpenOptions, hostname: string, port: number, sink: Sink): Transport {
    const shared = options.multicast !== undefined;
    if (options.multicast !== undefined && !MULTICAST.test(key(options.multicast.group))) {
      throw systemError("EINVAL", "the group is not a multicast address");
    }
    const socket: Socket = {
      local: { hostname, port },
      key: key(hostname),
      shared,
      sink,
      open: true,
    };
    const neighbours = this.#sockets.get(port) ?? [];
    if (neighbours.some((other) => other.key === socket.key && !(other.shared && shared))) {
      throw systemError("EADDRINUSE", "the address is in use");
    }
    this.#sockets.set(port, [...neighbours, socket]);
    return {
      local: socket.local,
      send: (bytes, to) => this.#send(socket, bytes, to),
      close: () => this.#close(socket),
    };
  }

  // Asynchronous, so that errors are rejections.
  // deno-lint-ignore require-await
  async #send(socket: Socket, bytes: Uint8Array, to: SocketAddress): Promise<void> {
    if (!socket.open) throw TransportError.closed(to);
    const failure = this.failSends?.(to);
    if (failure !== undefined) throw failure;
    const refused = refusal(socket.local, bytes, to);
    if (refused !== undefined) throw new TransportError("send", to, refused);

    const from = { hostname: sourceOf(socket.local.hostname), port: socket.local.port };
    const datagram: LinkDatagram = { at: this.#now(), from, to, bytes: bytes.slice() };
    const delays = this.link?.(datagram) ?? [0];
    this.onDatagram?.({ ...datagram, copies: delays.length });
    for (const delay of delays) this.#after(this.latency + delay, () => this.#arrive(datagram));
  }

  #arrive({ from, to, bytes }: LinkDatagram): void {
    const target = key(to.hostname);
    const onPort = this.#sockets.get(to.port) ?? [];
    let receivers = onPort.filter((socket) => socket.key === target);
    if (receivers.length === 0) {
      const wildcard = isIpv6(target) ? "::" : "0.0.0.0";
      receivers = onPort.filter((socket) => socket.key === wildcard).slice(0, 1);
    }
    for (const { sink } of receivers) sink.datagram(bytes.slice(0, LONGEST_RECEIVED), from);
  }

  #close(socket: Socket): void {
    if (!socket.open) return;
    socket.open = false;
    const { port } = socket.local;
    const rest = this.#sockets.get(port)?.filter((other) => other !== socket) ?? [];
    if (rest.length > 0) this.#sockets.set(port, rest);
    else this.#sockets.delete(port);
  }

  #now(): Milliseconds {
    return (this.#clock ?? systemClock).now();
  }

  #after(delay: Milliseconds, run: () => void): void {
    if (this.#clock === undefined && delay === 0) return queueMicrotask(run);
    const clock = this.#clock ?? systemClock;
    clock.alarm(clock.now() + delay, run);
  }
}

interface Socket {
  readonly local: SocketAddress;
  /** Canonical text of the bound address. */
  readonly key: string;
  /** Whether other sockets may bind to the same address and port. */
  readonly shared: boolean;
  readonly sink: Sink;
  open: boolean;
}

/** The error with which an operating system would refuse to send. */
function refusal(from: SocketAddress, bytes: Uint8Array, to: SocketAddress): Error | undefined {
  if (!Number.isInteger(to.port) || to.port < 1 || to.port > 65_535) {
    return systemError("EINVAL", "the port must be an integer from 1 to 65535");
  }
  if (isIpv6(from.hostname) !== isIpv6(to.hostname)) {
    return systemError("EAFNOSUPPORT", `it is of another family than "${from.hostname}"`);
  }
  if (bytes.length > LONGEST_SENT) {
    return systemError("EMSGSIZE", `at most ${LONGEST_SENT} octets fit, got "${bytes.length}"`);
  }
  return undefined;
}

/** Canonical text of an address, without the scope, because all hosts share one network. */
function key(hostname: string): string {
  const address = hostname.replace(/%.*$/, "").toLowerCase();
  const canonical = isIpv6(address) ? URL.parse(`http://[${address}]`)?.hostname : undefined;
  return canonical?.slice(1, -1) ?? address;
}

function sourceOf(hostname: string): string {
  const known: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
  return known[key(hostname)] ?? hostname;
}

function isIpv6(hostname: string): boolean {
  return hostname.includes(":");
}

/** 224.0.0.0/4 (RFC 5771) and ff00::/8 (RFC 4291 section 2.7). */
const MULTICAST = /^(22[4-9]|23\d)\.|^ff..:/;

/** Longer datagrams are truncated, as on the other networks. */
const LONGEST_RECEIVED = 1500;

/** Maximum data of a UDP datagram over IPv4: 65535 less 28 octets of headers. */
const LONGEST_SENT = 65_507;
