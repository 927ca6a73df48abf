import type { RemoteInfo, Socket, SocketType } from "node:dgram";
import { bind } from "./bind.ts";
import { probeByIcmp } from "./lazy_probe.ts";
import { exchangeOverTcp } from "./lazy_stream.ts";
import { missingPermission } from "./permission.ts";
import type { Network, OpenOptions, Sink, SocketAddress, Transport } from "./transport.ts";
import { TransportError } from "./transport_error.ts";

/** UDP with `node:dgram`, for Node, Bun and Deno. The module is loaded when the first socket is opened. */
export const nodeNetwork: Network = {
  name: "node:dgram",
  exchange: exchangeOverTcp,
  probe: probeByIcmp,
  async open(options, sink): Promise<Transport> {
    const { createSocket } = await import("node:dgram");
    const reuseAddr = options.multicast !== undefined;
    const { socket, hostname } = await bind(options, async (hostname, port) => {
      const type: SocketType = hostname.includes(":") ? "udp6" : "udp4";
      requirePermission(hostname, port);
      const socket = createSocket({ type, reuseAddr, ipv6Only: type === "udp6" });
      await bound(socket, hostname, port);
      return { socket, hostname };
    });
    const local = { hostname, port: socket.address().port };
    try {
      join(socket, options);
      limitReceiveBuffer(socket);
    } catch (error) {
      socket.close();
      throw new TransportError("open", local, error);
    }
    return new NodeTransport(socket, local, sink);
  },
};

class NodeTransport implements Transport {
  readonly local: SocketAddress;
  readonly #socket: Socket;
  /** Rejects the pending sends: Deno's node:dgram never completes them after close(). */
  readonly #pending = new Set<() => void>();
  #closed = false;

  constructor(socket: Socket, local: SocketAddress, sink: Sink) {
    this.local = local;
    this.#socket = socket;
    socket.on("message", (buffer: Uint8Array, { address, port }: RemoteInfo) => {
      if (this.#closed) return;
      // Not passed on as a Buffer, whose slice() does not copy.
      const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
      sink.datagram(bytes, { hostname: address, port });
    });
    socket.on("error", (error: Error) => {
      if (!this.#closed) sink.error(new TransportError("receive", local, error));
    });
  }

  send(bytes: Uint8Array, to: SocketAddress): Promise<void> {
    if (this.#closed) return Promise.reject(TransportError.closed(to));
    return new Promise((resolve, reject) => {
      const settle = (error: unknown) => {
        this.#pending.delete(refuse);
        if (!error) return resolve();
        reject(
          new TransportError("send", to, missingPermission(to.hostname, to.port, false) ?? error),
        );
      };
      const refuse = () => reject(TransportError.closed(to));
      this.#pending.add(refuse);
      try {
        // Some errors, such as port 0, are thrown synchronously.
        this.#socket.send(bytes, to.port, to.hostname, settle);
      } catch (error) {
        settle(error);
      }
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
    for (const refuse of this.#pending) refuse();
    this.#pending.clear();
  }
}

/** Checked here, because Deno's node:dgram throws an error that cannot be caught if the permission to bind is missing. */
function requirePermission(hostname: string, port: number): void {
  const missing = missingPermission(hostname, port, true);
  if (missing !== undefined) throw missing;
}

function bound(socket: Socket, hostname: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", (error: Error) => {
      socket.close();
      reject(error);
    });
    socket.bind(port, hostname, () => {
      socket.removeAllListeners("error");
      resolve();
    });
  });
}

function join(socket: Socket, { multicast }: OpenOptions): void {
  if (multicast === undefined) return;
  const { group, interfaceAddress, interfaceName } = multicast;
  const ipv6Interface = interfaceName === undefined ? undefined : `::%${interfaceName}`;
  const where = group.includes(":") ? ipv6Interface : interfaceAddress;
  socket.addMembership(group.replace(/%.*$/, ""), where);
}

/**
 * Deno's node:dgram allocates 64 KiB for each datagram by default; here the call sets the size of that buffer. In other
 * runtimes it would shrink the socket's receive queue to one datagram.
 */
function limitReceiveBuffer(socket: Socket): void {
  if ("Deno" in globalThis) socket.setRecvBufferSize(RECEIVE_LENGTH);
}

/** An Ethernet frame: more than the 1100 octets of PCP (RFC 6887 section 7), so that longer datagrams are recognised. */
const RECEIVE_LENGTH = 1500;
