import { type Clock, type Milliseconds, systemClock } from "../clock.ts";
import { bind } from "./bind.ts";
import { probeByIcmp } from "./lazy_probe.ts";
import { exchangeOverTcp } from "./lazy_stream.ts";
import type { Network, OpenOptions, Sink, SocketAddress, Transport } from "./transport.ts";
import { TransportError } from "./transport_error.ts";

/** UDP with `Deno.listenDatagram`, which requires `net` among the unstable features of the program's configuration. */
export const denoNetwork: Network = createDenoNetwork();

/** The parts of Deno that {@link createDenoNetwork} uses. */
export interface DenoParts {
  /** As `Deno.listenDatagram`. */
  readonly listen: (options: ListenOptions) => DatagramSocket;
  /** The number of the interface with this name, if known. */
  readonly interfaceIndex: (name: string) => number | undefined;
  /** Clock of the pauses after errors. */
  readonly clock: Clock;
}

/** The used part of `Deno.DatagramConn`. That type is unstable: with it every importer would need the flag. */
export interface DatagramSocket {
  readonly addr: { readonly port: number };
  receive(buffer: Uint8Array): Promise<[Uint8Array, SocketAddress]>;
  send(bytes: Uint8Array, to: SocketAddress & { readonly transport: "udp" }): Promise<number>;
  joinMulticastV4(group: string, interfaceAddress: string): Promise<unknown>;
  joinMulticastV6(group: string, interfaceIndex: number): Promise<unknown>;
  close(): void;
}

/** Options of `Deno.listenDatagram`. */
export interface ListenOptions {
  readonly transport: "udp";
  readonly hostname: string;
  readonly port: number;
  readonly reuseAddress?: boolean;
  readonly loopback?: boolean;
}

/** Creates a network of the given parts, by default those of the running Deno. */
export function createDenoNetwork(parts: Partial<DenoParts> = {}): Network {
  const { listen = listenDatagram, interfaceIndex = indexOfInterface, clock = systemClock } = parts;
  return {
    name: "Deno.listenDatagram",
    exchange: exchangeOverTcp,
    probe: probeByIcmp,
    async open(options, sink): Promise<Transport> {
      const { socket, hostname } = await bind(options, (hostname, port) => {
        const reuseAddress = options.multicast !== undefined;
        // Without `loopback` a server on this host would not hear what is sent to a group, as it does with node:dgram.
        const socket = listen({ transport: "udp", hostname, port, reuseAddress, loopback: true });
        return { socket, hostname };
      });
      const local = { hostname, port: socket.addr.port };
      try {
        await join(socket, options, interfaceIndex);
      } catch (error) {
        socket.close();
        throw new TransportError("open", local, error);
      }
      return new DenoTransport(socket, local, sink, clock);
    },
  };
}

class DenoTransport implements Transport {
  readonly local: SocketAddress;
  readonly #socket: DatagramSocket;
  readonly #sink: Sink;
  readonly #clock: Clock;
  #closed = false;
  #endPause = (): void => {};

  constructor(socket: DatagramSocket, local: SocketAddress, sink: Sink, clock: Clock) {
    this.local = local;
    this.#socket = socket;
    this.#sink = sink;
    this.#clock = clock;
    void this.#receiveAll();
  }

  send(bytes: Uint8Array, to: SocketAddress): Promise<void> {
    const { hostname, port } = to;
    if (this.#closed) return Promise.reject(TransportError.closed({ hostname, port }));
    const sent = this.#socket.send(bytes, { transport: "udp", hostname, port });
    return sent.then(() => {}, (error) => {
      throw new TransportError("send", { hostname, port }, error);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#endPause();
    this.#socket.close();
  }

  async #receiveAll(): Promise<void> {
    const buffer = new Uint8Array(RECEIVE_LENGTH);
    let errors = 0;
    await undefined; // yield once, so that open() returns the transport before the first datagram is delivered
    while (!this.#closed) {
      let received: [Uint8Array, SocketAddress];
      try {
        received = await this.#socket.receive(buffer);
      } catch (error) {
        if (this.#closed) return;
        this.#sink.error(new TransportError("receive", this.local, error));
        await this.#pause(pauseAfter(++errors));
        continue;
      }
      if (this.#closed) return;
      errors = 0;
      this.#sink.datagram(received[0], received[1]);
    }
  }

  async #pause(duration: Milliseconds): Promise<void> {
    if (duration === 0 || this.#closed) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.alarm(this.#clock.now() + duration, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** A single error concerns one datagram. Many in a row mean that the socket is broken, and must not occupy a core. */
function pauseAfter(errorsInARow: number): Milliseconds {
  return errorsInARow < 4 ? 0 : Math.min(10 * 2 ** (errorsInARow - 4), 1000);
}

async function join(
  socket: DatagramSocket,
  { multicast }: OpenOptions,
  interfaceIndex: DenoParts["interfaceIndex"],
): Promise<void> {
  if (multicast === undefined) return;
  const { group, interfaceAddress = "0.0.0.0", interfaceName } = multicast;
  if (!group.includes(":")) {
    await socket.joinMulticastV4(group, interfaceAddress);
    return;
  }
  // 0 lets the system choose. For ff02::1 that suffices on Linux, where every interface is a member.
  const index = interfaceName === undefined ? 0 : interfaceIndex(interfaceName) ?? 0;
  await socket.joinMulticastV6(group.replace(/%.*$/, ""), index);
}

function indexOfInterface(name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  // The permission is queried, not requested: a prompt would interrupt the running program.
  const permission = Deno.permissions.querySync({ name: "sys", kind: "networkInterfaces" });
  if (permission.state !== "granted") return undefined;
  for (const { name: other, scopeid } of Deno.networkInterfaces()) {
    if (other === name && scopeid) return scopeid;
  }
  return undefined;
}

function listenDatagram(options: ListenOptions): DatagramSocket {
  const { Deno } = globalThis as unknown as { Deno?: { listenDatagram?: DenoParts["listen"] } };
  if (Deno?.listenDatagram === undefined) {
    throw new Error("Deno.listenDatagram needs the flag --unstable-net");
  }
  return Deno.listenDatagram(options);
}

/** An Ethernet frame: more than the 1100 octets of PCP (RFC 6887 section 7), so that longer datagrams are recognised. */
const RECEIVE_LENGTH = 1500;
