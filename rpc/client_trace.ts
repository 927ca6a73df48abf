import type { Handle, TraceEvent } from "../mod.ts";
import { printable } from "../src/printable.ts";
import { reportError } from "../src/report_error.ts";
import type { Notifications } from "./types.ts";

/** Params of a notification. */
type Trace = Notifications["client/trace"];

/** The trace of one client, or of several that were started together and share the library's events. */
export class ClientTrace {
  readonly #notify: (trace: Trace) => Promise<void>;
  readonly #queues = new Map<Handle, TraceQueue>();

  /** @param notify Resolves when the notification has been written; does not reject. */
  constructor(notify: (trace: Trace) => Promise<void>) {
    this.#notify = notify;
  }

  /** Begins or ends the notifications of a client. */
  set(clientId: number, handle: Handle, on: boolean): void {
    if (!on) this.#queues.delete(handle);
    else if (!this.#queues.has(handle)) {
      this.#queues.set(handle, new TraceQueue((trace) => this.#notify({ clientId, ...trace })));
    }
  }

  /** An event of the library. It belongs to the client of that server; if it is of none, as a search in UPnP, to all. */
  readonly event = (event: TraceEvent): void => {
    const address = event.remote.slice(0, event.remote.lastIndexOf(" "));
    const all = [...this.#queues];
    const own = all.filter(([handle]) => handle.server === address);
    for (const [, queue] of own.length > 0 ? own : all) queue.put(event);
  };
}

/** Sends events in order, each when the one before has been written; beyond {@linkcode LIMIT} the newest are left out. */
class TraceQueue {
  readonly #send: (trace: Omit<Trace, "clientId">) => Promise<void>;
  readonly #waiting: { readonly event: TraceEvent; readonly lost: number }[] = [];
  /** Since the last one that waits. */
  #lost = 0;
  #sending = false;

  constructor(send: (trace: Omit<Trace, "clientId">) => Promise<void>) {
    this.#send = send;
  }

  put(event: TraceEvent): void {
    if (this.#waiting.length >= LIMIT) {
      this.#lost++;
      return;
    }
    this.#waiting.push({ event, lost: this.#lost });
    this.#lost = 0;
    if (!this.#sending) this.#run().catch(reportError);
  }

  async #run(): Promise<void> {
    this.#sending = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { lost, event: { direction, remote, text, ignored } } = next;
      await this.#send({
        direction,
        remote,
        text: printable(text),
        ...(ignored === undefined ? {} : { ignored: printable(ignored) }),
        ...(lost === 0 ? {} : { lost }),
      });
    }
    this.#sending = false;
  }
}

/** Events that wait for a slow reader. */
const LIMIT = 64;
