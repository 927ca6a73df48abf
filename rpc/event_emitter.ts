import type { Event } from "vscode-jsonrpc";

/** An event with the interface of `vscode-jsonrpc`, for use before that package is loaded. */
export class EventEmitter<T> {
  readonly #listeners = new Set<(value: T) => unknown>();

  /** Subscribes. */
  readonly event: Event<T> = (listener, context) => {
    const bound = listener.bind(context);
    this.#listeners.add(bound);
    return { dispose: () => this.#listeners.delete(bound) };
  };

  /** Calls every listener. */
  fire(value: T): void {
    for (const listener of [...this.#listeners]) listener(value);
  }
}
