import type { Alert } from "../mod.ts";

/**
 * Sends the alerts of one mapping in order, each when the one before has left. While a slow reader lets them queue up, at
 * most 16 wait; then only the newest of each type stays, which is all that a reader needs to know how things stand.
 */
export class AlertQueue {
  readonly #send: (alert: Alert) => Promise<void>;
  #waiting: Alert[] = [];
  #sending = false;

  /** @param send Resolves when the alert has left; does not reject. */
  constructor(send: (alert: Alert) => Promise<void>) {
    this.#send = send;
  }

  put(alert: Alert): void {
    this.#waiting.push(alert);
    if (this.#waiting.length > LIMIT) this.#waiting = newest(this.#waiting);
    if (!this.#sending) this.#run().catch(reportError);
  }

  async #run(): Promise<void> {
    this.#sending = true;
    for (let alert = this.#waiting.shift(); alert !== undefined; alert = this.#waiting.shift()) {
      await this.#send(alert);
    }
    this.#sending = false;
  }
}

const LIMIT = 16;

function newest(alerts: readonly Alert[]): Alert[] {
  return alerts.filter((alert, index) => {
    return !alerts.slice(index + 1).some(({ type }) => type === alert.type);
  });
}
