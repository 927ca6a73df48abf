import type { EngineConfig } from "./config.ts";
import type { Milliseconds } from "./events.ts";

/**
 * When every mapping is requested anew, because the server may have lost it (RFC 6887 sections 8.5, 14.1.3).
 *
 * An ANNOUNCE carries no nonce and is easy to forge. So two rounds may follow each other at once, and further ones after a
 * minute each. One scheduled round serves all the reasons that come before it.
 */
export class RecoverySchedule {
  /** When the next round begins, Infinity if none is scheduled. Read only. */
  deadline: Milliseconds = Infinity;
  readonly #config: EngineConfig;
  /** How many rounds may begin at once. */
  #allowance = 2;
  #refilledAt: Milliseconds = 0;

  constructor(config: EngineConfig) {
    this.#config = config;
  }

  /** Schedules a round after `wait`, unless one is scheduled already. */
  schedule(now: Milliseconds, wait: Milliseconds): void {
    if (this.deadline !== Infinity) return;
    const { recoveryInterval } = this.#config;
    const refill = Math.floor((now - this.#refilledAt) / recoveryInterval);
    if (refill > 0) {
      this.#allowance = Math.min(2, this.#allowance + refill);
      this.#refilledAt += refill * recoveryInterval;
    }
    if (this.#allowance === 2) this.#refilledAt = now;
    const allowedAt = this.#allowance > 0 ? now : this.#refilledAt + recoveryInterval;
    this.deadline = Math.max(now + wait, allowedAt);
  }

  /** The round begins that was scheduled. */
  begin(): void {
    this.deadline = Infinity;
    if (this.#allowance > 0) this.#allowance--;
    else this.#refilledAt += this.#config.recoveryInterval;
  }
}
