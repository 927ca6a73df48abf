import type { Alert } from "../mod.ts";
import { reportError } from "../src/report_error.ts";

/**
 * Sends the alerts of one mapping in order, each when the one before has been written. Behind a slow reader at most 16 wait;
 * beyond that the queue keeps the newest of each type, which together describe the mapping as it is.
 */
export class AlertQueue {
  readonly #send: (alert: Alert) => Promise<void>;
  #waiting: Alert[] = [];
  #sending = false;

  /** @param send Resolves when the alert has been written; does not reject. */
  constructor(send: (alert: Alert) => Promise<void>) {
    this.#send = send;
  }

  /** Queues an alert. */
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
