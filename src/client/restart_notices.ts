import type { Clock } from "../clock.ts";

/** Restarts of a server that are reported together. */
export interface Restart {
  /** The server's new epoch in seconds, after the last of the restarts. */
  readonly epoch: number;
  /** How many restarts there were since the report before. */
  readonly count: number;
}

/** Reports restarts of a server at most once a second: the server may restart as often as it likes, or pretend to. */
export class RestartNotices {
  readonly #clock: Clock;
  readonly #send: (restart: Restart) => void;
  #count = 0;
  #epoch = 0;
  #nextAt = -Infinity;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, send: (restart: Restart) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Reports a restart, now or with the others of the same second. */
  put(epoch: number): void {
    this.#count++;
    this.#epoch = epoch;
    if (this.#cancel !== undefined) return;
    if (this.#clock.now() >= this.#nextAt) this.#report();
    else this.#cancel = this.#clock.alarm(this.#nextAt, () => this.#report());
  }

  /** Reports what waits, and nothing more. */
  close(): void {
    if (this.#cancel !== undefined) this.#report();
  }

  #report(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const restart = { epoch: this.#epoch, count: this.#count };
    this.#count = 0;
    this.#nextAt = this.#clock.now() + INTERVAL;
    this.#send(restart);
  }
}

/** Milliseconds between two reports. */
const INTERVAL = 1_000;
