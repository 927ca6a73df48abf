import type { Event } from "vscode-jsonrpc";

/** An event in the form of `vscode-jsonrpc`, without its code, which would have to be loaded first. */
export class EventEmitter<T> {
  readonly #listeners = new Set<(value: T) => unknown>();

  /** To subscribe with. */
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
