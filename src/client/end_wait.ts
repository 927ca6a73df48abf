import type { Clock, Milliseconds } from "../clock.ts";
import type { KnownGateway } from "../engine/gateway_knowledge.ts";

/**
 * Bounds the wait for the deletion of mappings. A gateway that has never answered has most likely mapped nothing: the deletions
 * are sent, and all waits for them end 1 s after the first began.
 */
export class EndWait {
  readonly #clock: Clock;
  readonly #gateway: () => KnownGateway;
  /** When the first wait began at a gateway that has never answered. */
  #since: Milliseconds | undefined;

  constructor(clock: Clock, gateway: () => KnownGateway) {
    this.#clock = clock;
    this.#gateway = gateway;
  }

  /**
   * Calls `giveUp` when the wait is to end.
   *
   * @param timeout How long a gateway that has answered is waited for; Infinity for as long as it takes.
   * @returns A function that cancels the call.
   */
  begin(timeout: Milliseconds, giveUp: () => void): () => void {
    const now = this.#clock.now();
    const end = now + timeout;
    const silentEnd = (this.#since ??= now) + SILENT_TIMEOUT;
    let cancel = (): void => {};
    const waitOn = (): void => {
      this.reset();
      if (end !== Infinity) cancel = this.#clock.alarm(end, giveUp);
    };
    if (this.#hasAnswered) waitOn();
    else {
      cancel = this.#clock.alarm(Math.min(end, silentEnd), () => {
        if (this.#hasAnswered && end > silentEnd) waitOn();
        else giveUp();
      });
    }
    return () => cancel();
  }

  /** The gateway has answered, or is another one. */
  reset(): void {
    this.#since = undefined;
  }

  get #hasAnswered(): boolean {
    const { protocol, refusedVersion } = this.#gateway();
    return protocol !== undefined || refusedVersion !== undefined;
  }
}

/** Our decision: a gateway in the same house has answered by then, unless a datagram was lost. */
const SILENT_TIMEOUT: Milliseconds = 1_000;
