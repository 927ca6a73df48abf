/** A value in a {@linkcode TimeQueue}; the caller keeps it to remove the value. */
export interface TimeQueueEntry<T> {
  readonly at: number;
  /** Order of insertion; decides between equal times. */
  readonly order: number;
  readonly value: T;
}

/** Values by time; equal times in the order of insertion. Every value can be removed. */
export class TimeQueue<T> {
  /** Earliest first. */
  readonly #entries: TimeQueueEntry<T>[] = [];
  #order = 0;

  /** Number of values. */
  get size(): number {
    return this.#entries.length;
  }

  /** The earliest entry, left in the queue. */
  peek(): TimeQueueEntry<T> | undefined {
    return this.#entries[0];
  }

  /** Adds a value. */
  push(at: number, value: T): TimeQueueEntry<T> {
    const entry = { at, order: this.#order++, value };
    this.#entries.splice(this.#indexOf(entry), 0, entry);
    return entry;
  }

  /** Removes and returns the earliest entry, if its time is not after `limit`. */
  pop(limit = Infinity): TimeQueueEntry<T> | undefined {
    const first = this.peek();
    return first !== undefined && first.at <= limit ? this.#entries.shift() : undefined;
  }

  /** Removes an entry; does nothing if it has left the queue already. */
  remove(entry: TimeQueueEntry<T>): void {
    const index = this.#indexOf(entry);
    if (this.#entries[index] === entry) this.#entries.splice(index, 1);
  }

  /** The index of an entry in the queue, or the index at which to insert it. */
  #indexOf({ at, order }: TimeQueueEntry<T>): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#entries[middle];
      const isEarlier = other !== undefined &&
        (other.at < at || (other.at === at && other.order < order));
      if (isEarlier) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
