import { Client } from "../../src/client/client.ts";
import type { Milliseconds } from "../../src/clock.ts";
import type { Handle } from "../../src/client/handle.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { MapHandle } from "../../src/client/map_handle.ts";
import { RequestType } from "../../src/client/request_type.ts";
import { ServerHost } from "../../src/testing/host.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom, seededWords } from "../../src/testing/random.ts";
import { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import { MemoryNetwork } from "../../src/transport/memory.ts";
import type { Sink } from "../../src/transport/transport.ts";
import { CLIENT, SERVER } from "../helpers/client.ts";
import { collect } from "../soak/gauge.ts";
import { type FloodDatagram, floodDatagram, type FloodKind } from "./flood_kinds.ts";

/** What a flood of one kind has done. */
export interface FloodReport {
  /** Microseconds of the client for each datagram, its timers and exchanges with the gateway included. */
  readonly microseconds: number;
  /** Growth of the heap in octets, after garbage collections. */
  readonly growth: number;
  /** Datagrams that the client sent meanwhile. */
  readonly sent: number;
  /** Mappings of {@linkcode MAPPINGS} that the client has, and the gateway with the same port: at the end of the flood. */
  readonly alive: number;
  /** The same two hours later. */
  readonly aliveLater: number;
}

/** Mappings that are alive when a flood begins. */
export const MAPPINGS = 20;

/** Floods a client whose mappings are renewed meanwhile, past the sockets: what is measured is the client. */
export async function flood(kind: FloodKind, count: number, seed: number): Promise<FloodReport> {
  const target = await FloodTarget.start();
  const random = seededRandom(seed);
  const pool = Array.from({ length: POOL }, () => floodDatagram(kind, target.source(random)));
  await target.send(pool, WARM_UP); // code is compiled, and buffers have grown
  const [heap, sent, began] = [collect(), target.sent, performance.now()];
  await target.send(pool, count);
  const microseconds = (performance.now() - began) * 1_000 / count;
  const report = { microseconds, growth: collect() - heap, sent: target.sent - sent };
  const alive = target.alive;
  await target.wait(2 * 3_600_000);
  const aliveLater = target.alive;
  await target.end();
  return { ...report, alive, aliveLater };
}

/** A client with mappings, and its gateway, in virtual time. */
class FloodTarget {
  readonly #clock = new ManualClock();
  readonly #network = new MemoryNetwork({ clock: this.#clock, latency: 1 });
  readonly #server = new SimulatedServer({ maxLifetime: LIFETIME, logLimit: 1 });
  readonly #grants: Uint8Array[] = [];
  readonly #sinks: Partial<Record<"requests" | "announcements", Sink>> = {};
  #mappings: MapHandle[] = [];
  #handle!: Handle;
  #host!: ServerHost;

  static async start(): Promise<FloodTarget> {
    const target = new FloodTarget();
    await target.#start();
    return target;
  }

  async #start(): Promise<void> {
    const [clock, network] = [this.#clock, this.#network];
    network.onDatagram = ({ from, bytes }) => {
      if (from.hostname === SERVER) this.#grants.push(bytes.slice());
    };
    this.#host = await ServerHost.start(network, clock, this.#server, {
      hostname: SERVER,
      port: PORT,
    });
    this.#handle = await Client.start(CLIENT, SERVER, {
      clock,
      network: {
        name: network.name,
        open: (options, sink) => {
          this.#sinks[options.multicast === undefined ? "requests" : "announcements"] = sink;
          return network.open(options, sink);
        },
      },
      multicast: true,
      random: seededRandom(1),
      randomWord: seededWords(2),
    });
    const ports = Array.from({ length: MAPPINGS }, (_, index) => 6_000 + index);
    this.#mappings = ports.map((port) =>
      this.#handle.request(new InboundMap(port, LIFETIME), RequestType.KeepAlive)
    );
    await clock.settled(Promise.all(this.#mappings.map((mapping) => mapping.ready())));
    network.onDatagram = undefined;
  }

  source(random: () => number) {
    const grant = (): Uint8Array => {
      return this.#grants[Math.floor(random() * this.#grants.length)] ?? new Uint8Array(60);
    };
    return { grant, random, server: { hostname: SERVER, port: PORT } };
  }

  get sent(): number {
    return this.#handle.stats().sent;
  }

  get alive(): number {
    const held = new Map<number, number>();
    for (const { internalPort, externalPort } of this.#server.mappings.values()) {
      held.set(internalPort, externalPort);
    }
    return this.#mappings.filter(({ assigned, internalPort }) =>
      assigned !== undefined && held.get(internalPort) === assigned.externalPort
    ).length;
  }

  /** Sends them, reads the alerts, and lets four lifetimes pass meanwhile. */
  async send(pool: readonly FloodDatagram[], count: number): Promise<void> {
    const pause = 4 * LIFETIME * 1_000 / Math.ceil(count / BATCH);
    for (let sent = 0; sent < count;) {
      for (const end = Math.min(count, sent + BATCH); sent < end; sent++) {
        const { bytes, source, multicast } = pool[sent % pool.length] as FloodDatagram;
        this.#sinks[multicast ? "announcements" : "requests"]?.datagram(bytes, source);
      }
      await this.#clock.advance(pause);
      for (const mapping of this.#mappings) while (mapping.pollAlert() !== undefined);
    }
  }

  async wait(duration: Milliseconds): Promise<void> {
    await this.#clock.advance(duration);
  }

  async end(): Promise<void> {
    await this.#clock.settled(this.#handle.shutdown());
    this.#host.close();
  }
}

/** Seconds. */
const LIFETIME = 120;
const PORT = 5351;

/** Datagrams that are made in advance, and sent again and again. */
const POOL = 4_096;

const WARM_UP = 20_000;

/** Datagrams between two moments in which time passes. */
const BATCH = 500;
