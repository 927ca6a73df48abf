/** A sink that a test reads from. */

import type { Sink, SocketAddress } from "../../src/transport/transport.ts";

export interface Received {
  readonly bytes: Uint8Array;
  readonly source: SocketAddress;
}

/** Far longer than any datagram takes within one computer: only a failing test waits this long. */
const PROBE_TIMEOUT = 10_000;

export class Inbox implements Sink {
  /** Datagrams that the test has not read yet. */
  readonly unread: Received[] = [];
  readonly errors: Error[] = [];
  #arrived = (): void => {};

  datagram(bytes: Uint8Array, source: SocketAddress): void {
    // A copy: the next datagram may use the same buffer.
    const { hostname, port } = source;
    this.unread.push({ bytes: bytes.slice(), source: { hostname, port } });
    this.#arrived();
  }

  error(error: Error): void {
    this.errors.push(error);
  }

  /** The next datagram, in the order of arrival. */
  async next(): Promise<Received> {
    if (this.unread.length === 0) await this.#arrival();
    const received = this.unread.shift();
    if (received === undefined) {
      throw new Error("Cannot read a datagram: another reader was faster");
    }
    return received;
  }

  #arrival(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("No datagram has arrived")), PROBE_TIMEOUT);
      this.#arrived = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
