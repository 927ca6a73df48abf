/** A value in a {@linkcode Heap}, kept by the caller to remove it. */
export interface HeapEntry<T> {
  readonly at: number;
  /** Order of insertion; decides between equal times. */
  readonly order: number;
  readonly value: T;
  /** Index in the heap; -1 after the entry has left it. */
  index: number;
}

/** A binary heap of values by time; equal times in the order of insertion. Every entry can be removed. */
export class Heap<T> {
  #entries: HeapEntry<T>[] = [];
  #order = 0;

  /** Number of values. */
  get size(): number {
    return this.#entries.length;
  }

  /** The earliest entry, left in the heap. */
  peek(): HeapEntry<T> | undefined {
    return this.#entries[0];
  }

  /** Adds a value. */
  push(at: number, value: T): HeapEntry<T> {
    const entry: HeapEntry<T> = { at, order: this.#order++, value, index: this.#entries.length };
    this.#entries.push(entry);
    this.#rise(entry);
    return entry;
  }

  /** Removes and returns the earliest entry, if its time is not after `limit`. */
  pop(limit = Infinity): HeapEntry<T> | undefined {
    const first = this.#entries[0];
    if (first === undefined || first.at > limit) return undefined;
    this.remove(first);
    return first;
  }

  /** Removes an entry; does nothing if it has left the heap already. */
  remove(entry: HeapEntry<T>): void {
    const hole = entry.index;
    if (hole < 0 || this.#entries[hole] !== entry) return;
    entry.index = -1;
    const last = this.#entries.pop();
    if (last === undefined || last === entry) return;
    this.#place(last, hole);
    this.#rise(last);
    this.#sink(last);
  }

  #place(entry: HeapEntry<T>, index: number): void {
    this.#entries[index] = entry;
    entry.index = index;
  }

  #rise(entry: HeapEntry<T>): void {
    while (entry.index > 0) {
      const hole = entry.index;
      const parent = this.#entries[(hole - 1) >> 1];
      if (parent === undefined || !precedes(entry, parent)) return;
      this.#place(entry, parent.index);
      this.#place(parent, hole);
    }
  }

  #sink(entry: HeapEntry<T>): void {
    for (;;) {
      const hole = entry.index;
      let child = this.#entries[2 * hole + 1];
      const right = this.#entries[2 * hole + 2];
      if (child !== undefined && right !== undefined && precedes(right, child)) child = right;
      if (child === undefined || !precedes(child, entry)) return;
      this.#place(entry, child.index);
      this.#place(child, hole);
    }
  }
}

function precedes<T>(a: HeapEntry<T>, b: HeapEntry<T>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
