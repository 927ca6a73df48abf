import type { Exchange } from "./stream.ts";

/** The address and port of a socket. */
export interface SocketAddress {
  /** An IPv4 or IPv6 address, a link-local one with its interface, as in `fe80::1%eth0`. */
  readonly hostname: string;
  /** The UDP port, 0 to 65535. */
  readonly port: number;
}

/** Receives the events of a {@link Transport}. The methods must not throw. */
export interface Sink {
  /**
   * A datagram was received. Its octets are valid until the method returns, because the next datagram may use the same
   * buffer. They may be a part of that buffer: respect `bytes.byteOffset`. A datagram longer than 1500 octets may be
   * truncated to 1500, which is still longer than any PCP message (1100 octets, RFC 6887 section 7).
   */
  datagram(bytes: Uint8Array, source: SocketAddress): void;
  /** Receiving failed, for example because of an ICMP message "port unreachable". The socket continues to receive. */
  error(error: Error): void;
}

/** Options of {@link Network.open}. */
export interface OpenOptions {
  /** The local address to bind to; ignored with `multicast`. */
  readonly hostname: string;
  /** The local port, 0 to 65535; 0 chooses a random one other than 5350 and 5351. */
  readonly port: number;
  /**
   * Joins a multicast group and shares the port with other programs. The socket is bound to the address of the group or,
   * if the system refuses that, to the wildcard address, because a socket bound to a unicast address does not receive
   * multicast (RFC 6886 section 3.2.1).
   */
  readonly multicast?: MulticastOptions;
}

/** A multicast group and the interface on which to join it. */
export interface MulticastOptions {
  /** The address of the group, such as `224.0.0.1` or `ff02::1`. */
  readonly group: string;
  /** For an IPv4 group: the local address of the interface. The system chooses an interface by default. */
  readonly interfaceAddress?: string;
  /** For an IPv6 group: name or number of the interface. The system chooses an interface by default. */
  readonly interfaceName?: string;
}

/** An open UDP socket. */
export interface Transport {
  /** The address and port to which the socket is bound. */
  readonly local: SocketAddress;
  /**
   * Sends one datagram. `bytes` must not change before the promise is settled.
   *
   * @returns Rejects with a `TransportError` if the system refuses the datagram or the socket is closed; never throws
   * synchronously. A failure does not affect receiving.
   */
  send(bytes: Uint8Array, to: SocketAddress): Promise<void>;
  /** Closes the socket. The sink is not called afterwards. A second call does nothing. */
  close(): void;
}

/** Opens UDP sockets, and carries out exchanges over TCP. */
export interface Network {
  /** The name of the implementation, for error messages. */
  readonly name: string;
  /**
   * Opens a socket.
   *
   * @returns Rejects with a `TransportError` if the address and port are in use, the address does not belong to this
   * computer, or a permission is missing.
   * @throws {RangeError} (as a rejection) If the port is not an integer from 0 to 65535.
   */
  open(options: OpenOptions, sink: Sink): Promise<Transport>;
  /** Carries out one exchange over TCP, as UPnP needs; a network without it has no UPnP. */
  readonly exchange?: Exchange;
  /** Finds out whether ICMP refuses datagrams; absent if the sockets of `open()` report that. */
  readonly probe?: Probe;
}

/** Where {@link Probe} sends its datagram. */
export interface ProbeOptions {
  /** The local address. */
  readonly from: string;
  /** The destination. */
  readonly to: SocketAddress;
  /** Ends the probe. */
  readonly signal: AbortSignal;
}

/**
 * Finds out whether ICMP refuses datagrams to an address. Linux reports that to connected sockets only, and the sockets of
 * {@link Network} are not connected. So a connected one sends a few datagrams without octets, which servers of PCP and NAT-PMP
 * ignore (RFC 6887 section 8.2), and waits 4 s for an error.
 *
 * @returns A `TransportError` with the code `ECONNREFUSED`, `EHOSTUNREACH` or `ENETUNREACH`; undefined if there was none, the signal aborted, or the
 * runtime or a permission does not allow it. Never rejects.
 */
export type Probe = (options: ProbeOptions) => Promise<Error | undefined>;
