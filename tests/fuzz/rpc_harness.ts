import { createMessageConnection } from "vscode-jsonrpc";
import { Channel } from "../../rpc/channel.ts";
import { FrameDecoder } from "../../rpc/framing.ts";
import { installRuntime } from "../../rpc/jsonrpc_runtime.ts";
import { loadLateModules } from "../../rpc/late_modules.ts";
import { serve, type Server } from "../../rpc/server.ts";
import {
  ManualClock,
  MemoryNetwork,
  seededRandom,
  seededWords,
  ServerHost,
  SimulatedServer,
} from "../../src/testing/mod.ts";

/** A response or a notification of the server. */
export interface Received {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/** The JSON-RPC server behind two streams of octets, a simulated PCP server, and virtual time. */
export class RpcHarness {
  readonly clock: ManualClock;
  readonly server: Server;
  /** The messages of the server, oldest first. */
  readonly received: Received[] = [];
  readonly #host: ServerHost;
  readonly #chunks: Uint8Array[] = [];
  readonly #decoder = new FrameDecoder();
  #wake: () => void = () => {};
  #ended = false;

  private constructor(clock: ManualClock, network: MemoryNetwork, host: ServerHost) {
    installRuntime();
    this.clock = clock;
    this.#host = host;
    const channel = new Channel(
      { read: (buffer) => this.#read(buffer) },
      { write: (octets) => this.#write(octets) },
      () => {},
    );
    this.server = serve(createMessageConnection(channel.reader, channel.writer), {
      clientOptions: { clock, network, random: seededRandom(1), randomWord: seededWords(2) },
      discover: () =>
        Promise.resolve([
          {
            family: "IPv4",
            gateway: SERVER,
            interface: "eth0",
            client: CLIENT,
            reason: "the only default gateway",
          },
        ]),
      startSimulator: () =>
        ServerHost.start(network, clock, new SimulatedServer(), { hostname: "127.0.0.1" }),
    });
  }

  static async start(): Promise<RpcHarness> {
    await loadLateModules(); // on demand it would take real time
    const clock = new ManualClock();
    const network = new MemoryNetwork({ clock, latency: 1 });
    const host = await ServerHost.start(network, clock, new SimulatedServer({ logLimit: 1 }), {
      hostname: SERVER,
      port: 5351,
    });
    return new RpcHarness(clock, network, host);
  }

  /** Sends octets to the server. */
  send(octets: Uint8Array): void {
    this.#chunks.push(octets);
    this.#wake();
  }

  /** Ends the client's stream and waits for the end of the server. */
  async end(): Promise<number> {
    this.#ended = true;
    this.#wake();
    let exitCode: number | undefined;
    const ended = this.server.ended.then((code) => exitCode = code);
    for (let turn = 0; exitCode === undefined && turn < 1_000; turn++) await this.clock.advance(50);
    this.#host.close();
    return await ended;
  }

  async #read(buffer: Uint8Array): Promise<number | null> {
    while (this.#chunks.length === 0) {
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const chunk = this.#chunks[0] ?? new Uint8Array();
    const taken = chunk.subarray(0, buffer.length);
    buffer.set(taken);
    if (taken.length === chunk.length) this.#chunks.shift();
    else this.#chunks[0] = chunk.subarray(taken.length);
    return taken.length;
  }

  #write(octets: Uint8Array): Promise<number> {
    this.#decoder.push(octets);
    for (let frame = this.#decoder.next(); frame !== undefined; frame = this.#decoder.next()) {
      if (frame.ok) this.received.push(JSON.parse(frame.text));
    }
    return Promise.resolve(octets.length);
  }
}

/** Addresses in the memory network. */
export const SERVER = "192.168.1.1";
export const CLIENT = "192.168.1.10";
