/** Where a datagram comes from or goes to. */
export interface SocketAddress {
  /** An IPv4 or IPv6 address; a link-local one carries its interface, as in `fe80::1%eth0`. */
  readonly hostname: string;
  /** The UDP port, 0 to 65535. */
  readonly port: number;
}

/** What a {@link Transport} hands its events to. The methods must not throw. */
export interface Sink {
  /**
   * A datagram has arrived. Its octets are good until the method returns: the next datagram may come into the same buffer, so
   * copy what is to be kept. They may be a part of it, so read them through `bytes.byteOffset`. A datagram longer than 1500 octets may arrive cut to that, which is still more than PCP allows.
   */
  datagram(bytes: Uint8Array, source: SocketAddress): void;
  /** Receiving met trouble, such as a port that an ICMP message called unreachable. Receiving goes on. */
  error(error: Error): void;
}

/** What {@link Network.open} is asked for. */
export interface OpenOptions {
  /** The local address to bind to. With `multicast` it does not matter, see there. */
  readonly hostname: string;
  /** The local port; 0 picks one at random that is neither 5350 nor 5351. */
  readonly port: number;
  /**
   * Joins a multicast group and shares the port with other programs. The socket is bound to the address of the group, or,
   * where the system refuses that, to the wildcard address, because multicast never reaches a socket bound to a unicast
   * address (RFC 6886 section 3.2.1).
   */
  readonly multicast?: MulticastOptions;
}

/** Which multicast group to join, and where. */
export interface MulticastOptions {
  /** The address of the group, such as `224.0.0.1` or `ff02::1`. */
  readonly group: string;
  /** For an IPv4 group: the local address of the interface to listen on. The system chooses one unless told. */
  readonly interfaceAddress?: string;
  /** For an IPv6 group: name or number of the interface to listen on. The system chooses one unless told. */
  readonly interfaceName?: string;
}

/** An open UDP socket. */
export interface Transport {
  /** The address and port the socket is bound to. */
  readonly local: SocketAddress;
  /**
   * Sends one datagram. `bytes` must not change before the promise has settled.
   *
   * @returns Rejects with a `TransportError` when the system refuses the datagram or the socket is closed; never throws at
   * once. Receiving is not affected either way.
   */
  send(bytes: Uint8Array, to: SocketAddress): Promise<void>;
  /** Closes the socket; nothing reaches the sink any more. Closing again does nothing. */
  close(): void;
}

/** Opens UDP sockets. */
export interface Network {
  /** Names the implementation, for messages. */
  readonly name: string;
  /**
   * Opens a socket.
   *
   * @returns Rejects with a `TransportError` when the address and port are taken, the address does not belong to this
   * computer, or it may not be used.
   * @throws {RangeError} (as a rejection) When the port is not an integer from 0 to 65535.
   */
  open(options: OpenOptions, sink: Sink): Promise<Transport>;
}
