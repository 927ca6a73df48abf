/**
 * A bounded queue with a reader who may come later: poll, wait, or iterate.
 *
 * When nobody reads, the oldest entries go first, so that memory stays bounded.
 */
export class BoundedQueue<T> {
  readonly #limit: number;
  #entries: T[] = [];
  #waiting: readonly ((result: IteratorResult<T, undefined>) => void)[] = NOBODY;
  #closed = false;
  #missed = 0;

  /** @param limit How many unread entries are kept. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many entries went unread because the reader was too slow. */
  get missed(): number {
    return this.#missed;
  }

  /** Whether nothing more will come. */
  get isClosed(): boolean {
    return this.#closed;
  }

  put(entry: T): void {
    if (this.#closed) return;
    if (this.#waiting.length > 0) {
      const [first, ...others] = this.#waiting;
      this.#waiting = others;
      return first?.({ done: false, value: entry });
    }
    this.#entries.push(entry);
    if (this.#entries.length > this.#limit) {
      this.#entries.shift();
      this.#missed++;
    }
  }

  /** Nothing more will come; what is unread can still be read. */
  close(): void {
    this.#closed = true;
    const waiting = this.#waiting;
    this.#waiting = NOBODY;
    for (const each of waiting) each({ done: true, value: undefined });
  }

  /** The oldest unread entry, or undefined. */
  poll(): T | undefined {
    return this.#entries.shift();
  }

  /** The oldest unread entry as soon as there is one; done when nothing will come any more. */
  next(signal?: AbortSignal): Promise<IteratorResult<T, undefined>> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const entry = this.#entries.shift();
    if (entry !== undefined) return Promise.resolve({ done: false, value: entry });
    if (this.#closed) return Promise.resolve({ done: true, value: undefined });
    const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<T, undefined>>();
    const settle = (result: IteratorResult<T, undefined>): void => {
      signal?.removeEventListener("abort", abort);
      resolve(result);
    };
    const abort = (): void => {
      this.#waiting = this.#waiting.filter((waiting) => waiting !== settle);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    this.#waiting = [...this.#waiting, settle];
    return promise;
  }

  /** Reads to the end. Two readers share the entries between them. */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<T> {
    for (let result = await this.next(); result.done !== true; result = await this.next()) {
      yield result.value;
    }
  }
}

const NOBODY: readonly never[] = [];
