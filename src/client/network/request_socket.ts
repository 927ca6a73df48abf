import type { Sink, SocketAddress, Transport } from "../../transport/transport.ts";

/** What a {@linkcode RequestSocket} is made of. */
export interface RequestSocketOptions {
  /** Opens a socket with a random port. */
  readonly open: (sink: Sink) => Promise<Transport>;
  /** A datagram was received; `isOld` if by the socket before the last replacement. */
  readonly datagram: (bytes: Uint8Array, source: SocketAddress, isOld: boolean) => void;
  readonly error: (error: unknown) => void;
}

/**
 * The socket that requests leave from. It can be replaced by one with another port. The one before still receives: a server
 * may answer an earlier request late, or send an update of its mapping (RFC 6887 section 14.2).
 */
export class RequestSocket {
  readonly #options: RequestSocketOptions;
  #transport: Transport | undefined;
  #previous: Transport | undefined;
  #opening: Promise<void> | undefined;
  /** Identifies the last socket, also before it is open. */
  #last: object = {};
  #closed = false;

  constructor(options: RequestSocketOptions) {
    this.#options = options;
  }

  /** Opens the first socket. Rejects if that is not possible. */
  async open(): Promise<void> {
    this.#transport = await this.#open(this.#last);
  }

  /** Sends one datagram, as soon as a replacement that is under way is open. */
  send(bytes: Uint8Array, to: SocketAddress): Promise<void> {
    if (this.#opening === undefined) return this.#send(bytes, to);
    return this.#opening.then(() => this.#send(bytes, to));
  }

  /** Replaces the socket. If no other can be opened, this one stays in use. */
  replace(): void {
    this.#opening ??= this.#replace().finally(() => this.#opening = undefined);
  }

  close(): void {
    this.#closed = true;
    this.#previous?.close();
    this.#transport?.close();
  }

  async #replace(): Promise<void> {
    const before = this.#last;
    this.#last = {};
    try {
      const transport = await this.#open(this.#last);
      if (this.#closed) return transport.close();
      this.#previous?.close();
      this.#previous = this.#transport;
      this.#transport = transport;
    } catch (error) {
      this.#last = before;
      this.#options.error(error);
    }
  }

  #open(socket: object): Promise<Transport> {
    const { open, datagram, error } = this.#options;
    return open({
      datagram: (bytes, source) => datagram(bytes, source, socket !== this.#last),
      error,
    });
  }

  #send(bytes: Uint8Array, to: SocketAddress): Promise<void> {
    return this.#transport?.send(bytes, to) ?? Promise.resolve();
  }
}
