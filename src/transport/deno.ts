import { type Clock, type Milliseconds, systemClock } from "../clock.ts";
import { bind } from "./bind.ts";
import type { Network, OpenOptions, Sink, SocketAddress, Transport } from "./transport.ts";
import { TransportError } from "./transport_error.ts";

/** UDP by `Deno.listenDatagram`, which exists only where the running program's configuration enables `net`. */
export const denoNetwork: Network = createDenoNetwork();

/** What {@link createDenoNetwork} takes from Deno. */
export interface DenoParts {
  /** As `Deno.listenDatagram`. */
  readonly listen: (options: ListenOptions) => DatagramSocket;
  /** Number of the interface of a name, as far as it is known. */
  readonly interfaceIndex: (name: string) => number | undefined;
  /** For the pauses between errors. */
  readonly clock: Clock;
}

/** The part of the unstable `Deno.DatagramConn` that is used here: naming it would demand the flag of every importer. */
export interface DatagramSocket {
  readonly addr: { readonly port: number };
  receive(buffer: Uint8Array): Promise<[Uint8Array, SocketAddress]>;
  send(bytes: Uint8Array, to: SocketAddress & { readonly transport: "udp" }): Promise<number>;
  joinMulticastV4(group: string, interfaceAddress: string): Promise<unknown>;
  joinMulticastV6(group: string, interfaceIndex: number): Promise<unknown>;
  close(): void;
}

/** What `Deno.listenDatagram` takes. */
export interface ListenOptions {
  readonly transport: "udp";
  readonly hostname: string;
  readonly port: number;
  readonly reuseAddress?: boolean;
  readonly loopback?: boolean;
}

/** Makes a network of the given parts, of those of the running Deno unless told. */
export function createDenoNetwork(parts: Partial<DenoParts> = {}): Network {
  const { listen = listenDatagram, interfaceIndex = indexOfInterface, clock = systemClock } = parts;
  return {
    name: "Deno.listenDatagram",
    async open(options, sink): Promise<Transport> {
      const { socket, hostname } = await bind(options, (hostname, port) => {
        const reuse = options.multicast === undefined ? {} : { reuseAddress: true, loopback: true };
        return { socket: listen({ transport: "udp", hostname, port, ...reuse }), hostname };
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
  #to: SocketAddress & { readonly transport: "udp" } = { transport: "udp", hostname: "", port: 0 };
  #refuse: (error: unknown) => never = () => {
    throw new TransportError("send", this.#to, undefined);
  };
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
    if (this.#closed) return Promise.reject(TransportError.closed(to));
    // Nearly always the same one as before.
    if (to.hostname !== this.#to.hostname || to.port !== this.#to.port) {
      const { hostname, port } = to;
      this.#to = { transport: "udp", hostname, port };
      this.#refuse = (error) => {
        throw new TransportError("send", { hostname, port }, error);
      };
    }
    return this.#socket.send(bytes, this.#to).then(nothing, this.#refuse);
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
    await undefined; // who opens the socket has it in his hands before the first datagram comes
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

function nothing(): void {}

/** One error is news about one datagram; many in a row mean that the socket is broken, and must not keep a core busy. */
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
  // 0 lets the system choose. For ff02::1 that is enough on Linux, where each interface is a member from the start.
  const index = interfaceName === undefined ? 0 : interfaceIndex(interfaceName) ?? 0;
  await socket.joinMulticastV6(group.replace(/%.*$/, ""), index);
}

function indexOfInterface(name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  // Not worth a question to the user in the middle of a run.
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

/** An Ethernet frame: more than the 1100 octets of PCP (RFC 6887 section 7), so that longer datagrams are seen as such. */
const RECEIVE_LENGTH = 1500;
