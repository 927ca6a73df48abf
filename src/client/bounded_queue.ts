import { deferred } from "../deferred.ts";

/** A queue that is read later: by polling, waiting or iterating. When it is full, the oldest entry is dropped. */
export class BoundedQueue<T> {
  readonly #limit: number;
  readonly #entries: T[] = [];
  /** Readers that wait for an entry; undefined before the first one. */
  #waiting: ((result: IteratorResult<T, undefined>) => void)[] | undefined;
  #closed = false;
  #missed = 0;

  /** @param limit The number of unread entries that are kept. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The number of entries dropped unread. */
  get missed(): number {
    return this.#missed;
  }

  /** Whether {@linkcode BoundedQueue.close} was called. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Appends an entry; ignored once the queue is closed. */
  put(entry: T): void {
    if (this.#closed) return;
    const resolve = this.#waiting?.shift();
    if (resolve !== undefined) return resolve({ done: false, value: entry });
    this.#entries.push(entry);
    if (this.#entries.length > this.#limit) {
      this.#entries.shift();
      this.#missed++;
    }
  }

  /** Accepts no further entry; unread ones can still be read. */
  close(): void {
    this.#closed = true;
    for (const resolve of this.#waiting?.splice(0) ?? []) resolve({ done: true, value: undefined });
  }

  /** Removes and returns the oldest unread entry, or undefined. */
  poll(): T | undefined {
    return this.#entries.shift();
  }

  /** Resolves with the oldest unread entry as soon as there is one, with `done` when the queue is closed and empty. */
  next(signal?: AbortSignal): Promise<IteratorResult<T, undefined>> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const entry = this.#entries.shift();
    if (entry !== undefined) return Promise.resolve({ done: false, value: entry });
    if (this.#closed) return Promise.resolve({ done: true, value: undefined });
    const { promise, resolve, reject } = deferred<IteratorResult<T, undefined>>();
    const settle = (result: IteratorResult<T, undefined>): void => {
      signal?.removeEventListener("abort", abort);
      resolve(result);
    };
    const abort = (): void => {
      this.#waiting = this.#waiting?.filter((waiting) => waiting !== settle);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    (this.#waiting ??= []).push(settle);
    return promise;
  }

  /** Yields entries until the queue is closed and empty. Concurrent iterators share the entries. */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<T> {
    for (let result = await this.next(); result.done !== true; result = await this.next()) {
      yield result.value;
    }
  }
}
