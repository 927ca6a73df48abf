import type { Milliseconds } from "./events.ts";

/** An item with a deadline. */
export interface Timed {
  /** The deadline; Infinity for none. */
  readonly dueAt: Milliseconds;
  /** Its index in the heap, set by {@linkcode Deadlines}; -1 outside. */
  heapIndex: number;
}

/** A binary heap of items by deadline. */
export class Deadlines<T extends Timed> {
  readonly #heap: T[] = [];

  /** The earliest deadline; Infinity if there is none. */
  get earliest(): Milliseconds {
    return this.#heap[0]?.dueAt ?? Infinity;
  }

  /** The item with the earliest deadline, if that has come. */
  due(now: Milliseconds): T | undefined {
    return this.earliest <= now ? this.#heap[0] : undefined;
  }

  /** Adds, moves or removes the item after its `dueAt` has changed. */
  update(item: T): void {
    if (item.dueAt === Infinity) return this.#remove(item);
    if (item.heapIndex < 0) item.heapIndex = this.#heap.push(item) - 1;
    this.#rise(item);
    this.#sink(item);
  }

  #remove(item: T): void {
    const hole = item.heapIndex;
    if (hole < 0) return;
    item.heapIndex = -1;
    const last = this.#heap.pop() as T;
    if (last === item) return;
    this.#place(last, hole);
    this.#rise(last);
    this.#sink(last);
  }

  #place(item: T, index: number): void {
    this.#heap[index] = item;
    item.heapIndex = index;
  }

  #rise(item: T): void {
    while (item.heapIndex > 0) {
      const hole = item.heapIndex;
      const parent = this.#heap[(hole - 1) >> 1] as T;
      if (parent.dueAt <= item.dueAt) return;
      this.#place(item, parent.heapIndex);
      this.#place(parent, hole);
    }
  }

  #sink(item: T): void {
    for (;;) {
      const hole = item.heapIndex;
      let child = this.#heap[2 * hole + 1];
      const right = this.#heap[2 * hole + 2];
      if (child !== undefined && right !== undefined && right.dueAt < child.dueAt) child = right;
      if (child === undefined || item.dueAt <= child.dueAt) return;
      this.#place(item, child.heapIndex);
      this.#place(child, hole);
    }
  }
}
