/** Several hosts on one network in memory, in virtual time. */

import { Client } from "../../src/client/client.ts";
import type { ClientOptions } from "../../src/client/client_options.ts";
import type { Handle } from "../../src/client/handle.ts";
import { ServerHost } from "../../src/testing/host.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom, seededWords } from "../../src/testing/random.ts";
import { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import type { ServerOptions } from "../../src/testing/server/server_options.ts";
import { MemoryNetwork, type TappedDatagram } from "../../src/transport/memory.ts";

/** A network of servers and clients. Close it with `await using`. */
export class MultiHostLab implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly network = new MemoryNetwork({ clock: this.clock, latency: 1 });
  /** Every datagram so far. */
  readonly wire: TappedDatagram[] = [];
  readonly #hosts: ServerHost[] = [];
  readonly #handles: Handle[] = [];

  constructor() {
    this.network.onDatagram = (datagram) => {
      this.wire.push({ ...datagram, bytes: datagram.bytes.slice() });
    };
  }

  /** Starts a server. */
  async serve(hostname: string, options: ServerOptions = {}): Promise<ServerHost> {
    const server = new SimulatedServer(options);
    const host = await ServerHost.start(this.network, this.clock, server, { hostname, port: 5351 });
    this.#hosts.push(host);
    return host;
  }

  /** Starts a client. */
  async start(
    client: string,
    server: string | readonly string[],
    options: ClientOptions = {},
  ): Promise<Handle> {
    const seed = this.#handles.length + 1;
    const handle = await Client.start(client, server, {
      clock: this.clock,
      network: this.network,
      random: seededRandom(seed),
      randomWord: seededWords(100 + seed),
      ...options,
    });
    this.#handles.push(handle);
    return handle;
  }

  /** Advances the virtual time, in milliseconds. */
  advance(duration: number): Promise<void> {
    return this.clock.advance(duration);
  }

  /** Advances the clock until the promise settles. */
  settled<T>(promise: Promise<T>): Promise<T> {
    return this.clock.settled(promise);
  }

  /** The datagrams sent to the PCP port of a host, or of all hosts. */
  sentTo(hostname?: string, since = 0): TappedDatagram[] {
    return this.wire.filter(({ at, to }) =>
      at >= since && to.port === 5351 && (hostname === undefined || to.hostname === hostname)
    );
  }

  /** Sends octets from any address, and waits for their arrival. */
  async forge(
    from: { hostname: string; port: number },
    to: { hostname: string; port: number },
    bytes: Uint8Array,
  ): Promise<void> {
    const transport = await this.network.open(from, { datagram: () => {}, error: () => {} });
    await transport.send(bytes, to);
    await this.advance(2);
    transport.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const handle of this.#handles) await this.settled(handle.shutdown());
    for (const host of this.#hosts) host.close();
  }
}
