import { Client, type ClientOptions } from "../client/client.ts";
import { type Handle, loadDiagnosis } from "../client/handle.ts";
import type { Milliseconds } from "../clock.ts";
import { MemoryNetwork } from "../transport/memory.ts";
import { IpAddress } from "../wire/address.ts";
import { describe } from "../wire/describe.ts";
import { type FaultOptions, faults } from "./faults.ts";
import { ServerHost } from "./host.ts";
import { ManualClock } from "./manual_clock.ts";
import { seededRandom, seededWords } from "./random.ts";
import { SimulatedServer } from "./server/simulated_server.ts";
import type { ServerOptions } from "./server/server_options.ts";

/** What a {@linkcode Lab} is made of. */
export interface LabOptions {
  /** How the server behaves. */
  readonly server?: ServerOptions;
  /** What the client is told besides; clock, network and chance are the lab's. */
  readonly client?: Omit<ClientOptions, "clock" | "network" | "random" | "randomWord">;
  /** The client's address, `192.168.1.10` unless told. */
  readonly clientAddress?: string;
  /** The server's address, `192.168.1.1` unless told. */
  readonly serverAddress?: string;
  /** How long a datagram is on its way, in milliseconds; 1 unless told. */
  readonly latency?: Milliseconds;
  /** Trouble on the way; none unless told. */
  readonly faults?: Omit<FaultOptions, "seed">;
  /** Decides all chance: the same seed gives the same run. */
  readonly seed?: number;
}

/** A datagram that passed through a {@linkcode Lab}. */
export interface WireRecord {
  /** When it was sent, in virtual milliseconds. */
  readonly at: Milliseconds;
  /** Who sent it. */
  readonly from: "client" | "server";
  /** Decoded, in one line. */
  readonly text: string;
  /** Its octets. */
  readonly bytes: Uint8Array;
  /** How many copies arrive; 0 when it is lost. */
  readonly copies: number;
}

/** A client and a simulated server in virtual time: a test reads as a timeline, and takes none. */
export class Lab implements AsyncDisposable {
  /** Virtual time. */
  readonly clock: ManualClock;
  /** The network between the two. */
  readonly network: MemoryNetwork;
  /** The server, to be looked into and made to fail. */
  readonly server: SimulatedServer;
  /** The server's socket: restarts and updates that are to reach the client go through it. */
  readonly host: ServerHost;
  /** Every datagram so far, oldest first. */
  readonly wire: readonly WireRecord[];
  readonly #handle: Handle;

  /**
   * Use {@linkcode lab}.
   *
   * @internal
   */
  constructor(parts: Pick<Lab, "clock" | "network" | "server" | "host" | "wire" | "handle">) {
    this.clock = parts.clock;
    this.network = parts.network;
    this.server = parts.server;
    this.host = parts.host;
    this.wire = parts.wire;
    this.#handle = parts.handle;
  }

  /** The client. */
  get handle(): Handle {
    return this.#handle;
  }

  /** Lets so many virtual milliseconds pass. */
  advance(duration: Milliseconds): Promise<void> {
    return this.clock.advance(duration);
  }

  /**
   * Lets time pass until a promise settles, and returns its value.
   *
   * @param promise What is waited for.
   * @param limit Virtual milliseconds, one day unless told.
   * @throws {Error} If it does not settle within the limit; or what the promise rejects with.
   */
  async settled<T>(promise: Promise<T>, limit?: Milliseconds): Promise<T> {
    let over = false;
    const watched = promise.finally(() => over = true);
    watched.catch(() => {}); // the caller gets the same rejection from the return below
    await this.clock.runUntil(() => over, limit);
    return await watched;
  }

  /** What the client sent so far, or since a time. */
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
 * await world.advance(24 * 3600 * 1000); // a day passes at once
 * assertEquals(mapping.state.type, "running");
 * ```
 */
export async function lab(options: LabOptions = {}): Promise<Lab> {
  const { clientAddress = "192.168.1.10", serverAddress = "192.168.1.1", seed = 1 } = options;
  await loadDiagnosis(); // loading takes real time
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, latency: options.latency ?? 1, seed });
  if (options.faults !== undefined) network.link = faults({ ...options.faults, seed });
  const wire: WireRecord[] = [];
  const clientHostname = IpAddress.parse(clientAddress).toString(); // as the client itself spells it
  network.onDatagram = ({ at, from, bytes, copies }) => {
    const who = from.hostname === clientHostname ? "client" : "server";
    wire.push({ at, from: who, text: describe(bytes), bytes: bytes.slice(), copies });
  };
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
  return new Lab({ clock, network, server, host, wire, handle });
}
