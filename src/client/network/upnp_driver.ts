import type { Clock } from "../../clock.ts";
import type { UpnpInput, UpnpOutput } from "../../engine/upnp_io.ts";
import { ExchangeError } from "../../transport/stream.ts";
import type { Network, Sink, SocketAddress, Transport } from "../../transport/transport.ts";
import { type Endpoint, IpAddress } from "../../wire/address.ts";
import type { Tracer } from "../trace.ts";
import { joinOptions } from "./announce_group.ts";
import type { DriverCounts } from "./driver.ts";

/** What a {@linkcode UpnpDriver} is made of. */
export interface UpnpDriverOptions {
  readonly network: Network;
  readonly clock: Clock;
  /** The address of this host that everything leaves from. */
  readonly clientAddress: IpAddress;
  /** The UDP port of announcements of UPnP. */
  readonly ssdpPort: number;
  /** Whether to listen for announcements. */
  readonly listens: boolean;
  /** Every address of this host with its interface, as in `fe80::7%eth0`; absent with a network of its own. */
  readonly localAddresses: (() => Promise<readonly string[] | undefined>) | undefined;
  readonly step: (event: UpnpInput) => void;
  readonly counts: DriverCounts;
  readonly trace: Tracer | undefined;
}

type ExchangeOutput = UpnpOutput & { readonly type: "exchange" };

/**
 * Carries out what the engine wants of the network to speak UPnP: searches over UDP, and exchanges over TCP, one at a time.
 * Nothing that fails here ends the client: the engine asks again, or another protocol goes on.
 */
export class UpnpDriver {
  readonly #options: UpnpDriverOptions;
  /** The sockets of the search that is under way, by their addresses. */
  readonly #search = new Map<string, Promise<Transport | undefined>>();
  #linkLocal: Promise<string> | undefined;
  /** The sockets of the groups. */
  #groups: Promise<readonly Transport[]> | undefined;
  readonly #exchanges = new Map<number, AbortController>();
  /** What must be stored before the next exchange begins. */
  #stored: Promise<void> | undefined;
  #closed = false;

  constructor(options: UpnpDriverOptions) {
    this.#options = options;
  }

  /** The next exchange begins after this. */
  waitFor(stored: Promise<void> | undefined): void {
    this.#stored = stored;
  }

  /** Carries out an output. */
  take(action: UpnpOutput): void {
    switch (action.type) {
      case "search":
        return void this.#sendSearch(action.bytes, action.to);
      case "searched":
        return this.#closeSearch();
      case "listen":
        if (this.#options.listens) this.#groups ??= this.#listen();
        return;
      case "unlisten":
        closeAll(this.#groups);
        this.#groups = undefined;
        return;
      case "exchange":
        return void this.#exchange(action);
      case "cancel":
        this.#exchanges.get(action.id)?.abort();
    }
  }

  /** Stops for good, and closes the sockets. */
  close(): void {
    this.#closed = true;
    this.#closeSearch();
    closeAll(this.#groups);
    for (const abort of this.#exchanges.values()) abort.abort();
  }

  async #sendSearch(bytes: Uint8Array, to: Endpoint): Promise<void> {
    const { clientAddress } = this.#options;
    // The groups of loopback are on other interfaces.
    if (clientAddress.isLoopback && to.address.isMulticast) return;
    const remote = { hostname: to.address.toString(), port: to.port };
    const from = await this.#searchesFrom(to.address);
    if (this.#closed) return;
    const opening = this.#search.get(from) ?? this.#open(from, 0);
    this.#search.set(from, opening);
    const socket = await opening;
    if (socket === undefined || this.#closed) return;
    this.#trace("sent", remote, bytes);
    await socket.send(bytes, remote).catch(() => {}); // lost like a datagram on its way; the search is repeated
  }

  /**
   * The address that a search leaves from. A gateway that is known by its link-local address answers from that only if it was
   * asked from such an address.
   */
  #searchesFrom(to: IpAddress): string | Promise<string> {
    const { clientAddress, localAddresses } = this.#options;
    const own = clientAddress.toString();
    const isOnLink = to.family === "IPv6" && (to.isMulticast || to.isLinkLocal);
    if (!isOnLink || clientAddress.isLinkLocal || localAddresses === undefined) return own;
    return this.#linkLocal ??= localAddresses().then((all) => linkLocalBeside(own, all) ?? own);
  }

  #closeSearch(): void {
    for (const opening of this.#search.values()) closeAll(opening);
    this.#search.clear();
  }

  /** Undefined if the system opens no socket: then nothing is found. */
  async #open(
    hostname: string,
    port: number,
    group?: string,
  ): Promise<Transport | undefined> {
    const { network, clientAddress } = this.#options;
    const sink = this.#sink(group !== undefined);
    try {
      if (group === undefined) return await network.open({ hostname, port }, sink);
      const multicast = await joinOptions(group, clientAddress);
      return await network.open({ hostname: group, port, multicast }, sink);
    } catch {
      return undefined;
    }
  }

  #sink(multicast: boolean): Sink {
    return {
      datagram: (bytes, { hostname, port }) => {
        const address = IpAddress.tryParse(hostname);
        if (this.#closed || address === undefined) return;
        this.#trace("received", { hostname, port }, bytes);
        this.#step({
          type: "datagram",
          bytes: bytes.slice(),
          source: { address, port },
          multicast,
        });
      },
      error: () => {}, // ICMP for a search; the engine does not wait for that
    };
  }

  /** Other programs may have the port to themselves: then a restart is noticed later. */
  async #listen(): Promise<readonly Transport[]> {
    const { clientAddress, ssdpPort } = this.#options;
    const opened = await Promise.all(GROUPS[clientAddress.family].map((group) => {
      return this.#open(clientAddress.toString(), ssdpPort, group);
    }));
    return opened.filter((transport) => transport !== undefined);
  }

  async #exchange(action: ExchangeOutput): Promise<void> {
    const { id } = action;
    const abort = new AbortController();
    this.#exchanges.set(id, abort);
    const stored = this.#stored;
    this.#stored = undefined;
    const event = await oneAtATime(this.#options.network, async () => {
      await stored;
      return abort.signal.aborted ? undefined : await this.#carryOut(action, abort.signal);
    });
    this.#exchanges.delete(id);
    if (event !== undefined) this.#step(event);
  }

  /** Undefined if the exchange was cancelled. */
  async #carryOut(
    { id, address, port, from, ...rest }: ExchangeOutput,
    signal: AbortSignal,
  ): Promise<UpnpInput | undefined> {
    const to = { hostname: address.toString(), port };
    this.#trace("sent", to, rest.bytes, "tcp");
    try {
      const octets = await this.#options.network.exchange?.({
        ...rest,
        ...to,
        from: from.toString(),
        signal,
      });
      if (octets === undefined || signal.aborted) return undefined;
      this.#trace("received", to, octets, "tcp");
      return { type: "exchanged", id, octets };
    } catch (error) {
      if (signal.aborted) return undefined;
      const { reason, octets } = error instanceof ExchangeError ? error : UNREACHABLE;
      this.#trace("received", to, octets, "tcp", reason);
      return { type: "exchangeFailed", id, reason, octets };
    }
  }

  #step(event: UpnpInput): void {
    if (!this.#closed) this.#options.step(event);
  }

  #trace(
    direction: "sent" | "received",
    remote: SocketAddress,
    bytes: Uint8Array,
    transport?: "tcp",
    ignored?: string,
  ): void {
    const { trace, clock, counts } = this.#options;
    if (ignored === undefined) counts[direction]++;
    trace?.({
      at: clock.now(),
      direction,
      remote,
      bytes,
      ignored,
      ...(transport && { transport }),
    });
  }
}

/** The link-local address of the interface that has an address. */
function linkLocalBeside(
  own: string,
  addresses: readonly string[] | undefined,
): string | undefined {
  const all = (addresses ?? []).map((text) => text.split("%"));
  const [, name] = all.find(([address]) => address === own) ?? [];
  const [found] = all.find(([address, on]) => on === name && /^fe80:/i.test(address ?? "")) ?? [];
  return found === undefined || name === undefined ? undefined : `${found}%${name}`;
}

/** Closes the sockets as soon as they are open. */
function closeAll(
  opening: Promise<Transport | readonly Transport[] | undefined> | undefined,
): void {
  void opening?.then((opened) => {
    for (const transport of [opened ?? []].flat()) transport.close();
  });
}

/**
 * Runs tasks of one network one after the other: some routers break down at two exchanges at once, and the clients of both
 * families may have the same router.
 */
function oneAtATime<T>(network: Network, task: () => Promise<T>): Promise<T> {
  const before = queues.get(network) ?? Promise.resolve();
  const result = before.then(task);
  queues.set(network, result.then(() => {}, () => {}));
  return result;
}

const queues = new WeakMap<Network, Promise<void>>();

/** The groups of SSDP (UPnP Device Architecture 1.1, section 1). */
const GROUPS = { IPv4: ["239.255.255.250"], IPv6: ["ff02::c", "ff05::c"] } as const;

/** A network of the caller's may fail with any error. */
const UNREACHABLE = { reason: "unreachable", octets: new Uint8Array() } as const;
