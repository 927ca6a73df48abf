import type { EngineConfig } from "./config.ts";
import type { Milliseconds } from "./events.ts";

/**
 * When the rounds of recovery begin in which every mapping is asked for again (RFC 6887 sections 8.5, 14.1.3).
 *
 * ANNOUNCE carries no nonce, so anybody who can forge the server's address can cause rounds: two may follow each other
 * at once, further ones are a minute apart. A round that waits answers for every reason to begin one.
 */
export class RecoverySchedule {
  /** When the waiting round begins, Infinity when none waits. Read only. */
  deadline: Milliseconds = Infinity;
  readonly #config: EngineConfig;
  #rounds = 2;
  #refilledAt: Milliseconds = 0;

  constructor(config: EngineConfig) {
    this.#config = config;
  }

  /** Arranges a round after `wait`, unless one is waiting already. */
  arrange(now: Milliseconds, wait: Milliseconds): void {
    if (this.deadline !== Infinity) return;
    const { recoveryInterval } = this.#config;
    const refill = Math.floor((now - this.#refilledAt) / recoveryInterval);
    if (refill > 0) {
      this.#rounds = Math.min(2, this.#rounds + refill);
      this.#refilledAt += refill * recoveryInterval;
    }
    if (this.#rounds === 2) this.#refilledAt = now;
    const allowedAt = this.#rounds > 0 ? now : this.#refilledAt + recoveryInterval;
    this.deadline = Math.max(now + wait, allowedAt);
  }

  /** Begins the round if it is due. */
  takeDue(now: Milliseconds): boolean {
    if (this.deadline > now) return false;
    this.deadline = Infinity;
    if (this.#rounds > 0) this.#rounds--;
    else this.#refilledAt += this.#config.recoveryInterval;
    return true;
  }
}
