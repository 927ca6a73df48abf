import type { Clock, Milliseconds } from "../../clock.ts";
import type { Network, SocketAddress } from "../../transport/transport.ts";

/** What a {@linkcode RefusalProbe} is made of. */
export interface RefusalProbeOptions {
  readonly network: Network;
  readonly clock: Clock;
  /** The client's address. */
  readonly from: string;
  /** The addresses of the server, in the order of the engine's list. */
  readonly servers: readonly SocketAddress[];
  /** ICMP refuses datagrams to the server's address with this index. */
  readonly onRefusal: (error: Error, index: number) => void;
}

/**
 * Finds out whether the server refuses requests by ICMP, which the client's socket does not hear on every system: it is not
 * connected, because answers from other addresses must be seen. One probe follows the first request without an answer.
 */
export class RefusalProbe {
  readonly #options: RefusalProbeOptions;
  /** The server's address that did not answer yet; undefined while no request is unanswered. */
  #index: number | undefined;
  /** When the first of its requests left. */
  #sentAt: Milliseconds = 0;
  /** One alarm serves all requests: to set one for each would cost more than the request. */
  #cancelAlarm: (() => void) | undefined;
  #abortProbe: () => void = () => {};

  constructor(options: RefusalProbeOptions) {
    this.#options = options;
  }

  /** A request left. */
  sent(index: number): void {
    const { network, clock } = this.#options;
    if (index === this.#index || network.probe === undefined) return;
    this.answered();
    this.#index = index;
    this.#sentAt = clock.now();
    if (this.#cancelAlarm === undefined) this.#setAlarm();
  }

  /** The server answered. */
  answered(): void {
    this.#abortProbe();
    this.#index = undefined;
  }

  close(): void {
    this.#abortProbe();
    this.#cancelAlarm?.();
  }

  #setAlarm(): void {
    const { clock } = this.#options;
    const at = this.#sentAt + SILENCE;
    this.#cancelAlarm = clock.alarm(at, () => {
      this.#cancelAlarm = undefined;
      if (this.#index === undefined) return;
      if (this.#sentAt + SILENCE > at) this.#setAlarm(); // answered meanwhile, and asked again
      else void this.#probe(this.#index);
    });
  }

  async #probe(index: number): Promise<void> {
    const { network, from, servers, onRefusal } = this.#options;
    const to = servers[index];
    if (to === undefined) return;
    const controller = new AbortController();
    this.#abortProbe = () => controller.abort();
    const { signal } = controller;
    const error = await network.probe?.({ from, to, signal });
    if (error !== undefined && !signal.aborted) onRefusal(error, index);
  }
}

/** Our decision: a gateway in the same house has answered by then, and a refusal is known after one second. */
const SILENCE: Milliseconds = 650;
