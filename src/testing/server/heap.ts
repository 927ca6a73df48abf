/** One waiting entry of a {@linkcode Heap}; keep it to take the value out again. */
export interface HeapEntry<T> {
  readonly at: number;
  readonly order: number;
  readonly value: T;
  /** Where the entry lies in the heap, -1 once it has left. */
  index: number;
}

/** Values in order of time, first come first served among equals, removable from the middle. */
export class Heap<T> {
  #entries: HeapEntry<T>[] = [];
  #order = 0;

  /** How many values are waiting. */
  get size(): number {
    return this.#entries.length;
  }

  /** The earliest entry, still inside. */
  peek(): HeapEntry<T> | undefined {
    return this.#entries[0];
  }

  /** Puts a value in. */
  push(at: number, value: T): HeapEntry<T> {
    const entry: HeapEntry<T> = { at, order: this.#order++, value, index: this.#entries.length };
    this.#entries.push(entry);
    this.#rise(entry);
    return entry;
  }

  /** Takes the earliest entry out. */
  pop(): HeapEntry<T> | undefined {
    const first = this.#entries[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Takes one entry out wherever it lies; does nothing when it has left already. */
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

  /** Takes everything out. */
  clear(): void {
    for (const entry of this.#entries) entry.index = -1;
    this.#entries = [];
  }

  #place(entry: HeapEntry<T>, index: number): void {
    this.#entries[index] = entry;
    entry.index = index;
  }

  #rise(entry: HeapEntry<T>): void {
    while (entry.index > 0) {
      const hole = entry.index;
      const above = this.#entries[(hole - 1) >> 1];
      if (above === undefined || !precedes(entry, above)) return;
      this.#place(entry, above.index);
      this.#place(above, hole);
    }
  }

  #sink(entry: HeapEntry<T>): void {
    for (;;) {
      const hole = entry.index;
      let below = this.#entries[2 * hole + 1];
      const right = this.#entries[2 * hole + 2];
      if (below !== undefined && right !== undefined && precedes(right, below)) below = right;
      if (below === undefined || !precedes(below, entry)) return;
      this.#place(entry, below.index);
      this.#place(below, hole);
    }
  }
}

function precedes<T>(a: HeapEntry<T>, b: HeapEntry<T>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
