import { Client } from "../client/client.ts";
import type { ClientOptions } from "../client/client_options.ts";
import { loadDiagnosis } from "../client/diagnosis/load_diagnosis.ts";
import { loadUpnp } from "../client/network/load_upnp.ts";
import type { Handle } from "../client/handle.ts";
import type { Milliseconds } from "../clock.ts";
import { MemoryNetwork } from "../transport/memory.ts";
import type { TappedExchange } from "../transport/memory_stream.ts";
import { IpAddress } from "../wire/address.ts";
import { describe } from "../wire/describe.ts";
import { type FaultOptions, faults } from "./faults.ts";
import { ServerHost } from "./host.ts";
import { ManualClock } from "./manual_clock.ts";
import { seededRandom, seededWords } from "./random.ts";
import type { SimulatedIgd } from "./server/igd/simulated_igd.ts";
import { SimulatedServer } from "./server/simulated_server.ts";
import type { ServerOptions } from "./server/server_options.ts";

/** The configuration of a {@linkcode Lab}. */
export interface LabOptions {
  /** Options of the server. */
  readonly server?: ServerOptions;
  /** Options of the client; clock, network and random numbers are the lab's. */
  readonly client?: Omit<ClientOptions, "clock" | "network" | "random" | "randomWord">;
  /** Address of the client. Default `192.168.1.10`. */
  readonly clientAddress?: string;
  /** Address of the server. Default `192.168.1.1`. */
  readonly serverAddress?: string;
  /** Latency of a datagram in milliseconds. Default 1. */
  readonly latency?: Milliseconds;
  /** Faults of the network. Default none. */
  readonly faults?: Omit<FaultOptions, "seed">;
  /** Seed of all random numbers: the same seed gives the same run. Default 1. */
  readonly seed?: number;
}

/** A datagram that passed through a {@linkcode Lab}. */
export interface WireRecord {
  /** Time of sending in virtual milliseconds. */
  readonly at: Milliseconds;
  /** Its sender. */
  readonly from: "client" | "server";
  /** Its contents, decoded, in one line. */
  readonly text: string;
  /** Its octets. */
  readonly bytes: Uint8Array;
  /** Number of copies that arrive; 0 if it is lost. */
  readonly copies: number;
}

/** A client and a simulated server in virtual time, so that a test takes no real time. */
export class Lab implements AsyncDisposable {
  /** Virtual time. */
  readonly clock: ManualClock;
  /** The network between client and server. */
  readonly network: MemoryNetwork;
  /** The server: its mappings, counters and faults. */
  readonly server: SimulatedServer;
  /** The server's sockets; they send the restarts and updates of the server. */
  readonly host: ServerHost;
  /** Every datagram so far, oldest first. */
  readonly wire: readonly WireRecord[];
  /** Every exchange over TCP that has ended, in the order of the ends. */
  readonly exchanges: readonly TappedExchange[];
  /** The client. */
  readonly handle: Handle;

  /**
   * Call {@linkcode lab} instead.
   *
   * @internal
   */
  constructor(
    parts: Pick<Lab, "clock" | "network" | "server" | "host" | "wire" | "exchanges" | "handle">,
  ) {
    this.clock = parts.clock;
    this.network = parts.network;
    this.server = parts.server;
    this.host = parts.host;
    this.wire = parts.wire;
    this.exchanges = parts.exchanges;
    this.handle = parts.handle;
  }

  /** Advances the clock by virtual milliseconds. */
  advance(duration: Milliseconds): Promise<void> {
    return this.clock.advance(duration);
  }

  /**
   * Advances the clock until a promise settles, and returns its value; see {@linkcode ManualClock.settled}.
   *
   * @param limit Virtual milliseconds. Default one day.
   * @throws {Error} If the promise does not settle within the limit, or its rejection.
   */
  settled<T>(promise: Promise<T>, limit?: Milliseconds): Promise<T> {
    return this.clock.settled(promise, limit);
  }

  /**
   * The gateway's face of UPnP.
   *
   * @throws {Error} If the gateway does not speak UPnP.
   */
  get igd(): SimulatedIgd {
    const { igd } = this.host;
    if (igd !== undefined) return igd;
    throw new Error(
      `Cannot find the gateway's face of UPnP: the option "protocols" must have "upnp", got "${this.server.protocols}"`,
    );
  }

  /** The datagrams of the client since a time. */
  sent(since: Milliseconds = 0): readonly WireRecord[] {
    return this.wire.filter((record) => record.from === "client" && record.at >= since);
  }

  /** Shuts the client down in virtual time, and closes the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.settled(this.handle.shutdown());
    this.host.close();
  }
}

/**
 * Starts a client and a simulated server in virtual time.
 *
 * @example
 * ```ts
 * import { InboundMap, RequestType } from "@portcontrol/pcp";
 * import { lab } from "@portcontrol/pcp/testing";
 * import { assertEquals } from "@std/assert";
 *
 * await using world = await lab({ server: { maxLifetime: 600 } });
 * const mapping = world.handle.request(new InboundMap(6000, 7200), RequestType.KeepAlive);
 * const { lifetime } = await world.settled(mapping.ready());
 * assertEquals(lifetime, 600);
 * await world.advance(24 * 3600 * 1000); // a day passes without waiting
 * assertEquals(mapping.state.type, "running");
 * ```
 */
export async function lab(options: LabOptions = {}): Promise<Lab> {
  const { clientAddress = "192.168.1.10", serverAddress = "192.168.1.1", seed = 1 } = options;
  await Promise.all([loadDiagnosis(), loadUpnp()]); // loading takes real time, which a test in virtual time does not wait for
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, latency: options.latency ?? 1, seed });
  if (options.faults !== undefined) network.link = faults({ ...options.faults, seed });
  const wire: WireRecord[] = [];
  const clientHostname = IpAddress.parse(clientAddress).toString(); // spelled as by the client
  network.onDatagram = ({ at, from, bytes, copies }) => {
    const sender = from.hostname === clientHostname ? "client" : "server";
    wire.push({ at, from: sender, text: describe(bytes), bytes: bytes.slice(), copies });
  };
  const exchanges: TappedExchange[] = [];
  network.onExchange = (exchange) => exchanges.push(exchange);
  const server = new SimulatedServer(options.server);
  const port = options.client?.port ?? 5351;
  const host = await ServerHost.start(network, clock, server, { hostname: serverAddress, port });
  const handle = await Client.start(clientAddress, serverAddress, {
    ...options.client,
    port,
    clock,
    network,
    random: seededRandom(seed),
    randomWord: seededWords(seed + 1),
  });
  return new Lab({ clock, network, server, host, wire, exchanges, handle });
}
