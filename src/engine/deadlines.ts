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
  /** The earliest deadline; Infinity if there is none. Read only. */
  earliest: Milliseconds = Infinity;
  readonly #heap: T[] = [];

  /** The item with the earliest deadline, if that has come. */
  due(now: Milliseconds): T | undefined {
    return this.earliest <= now ? this.#heap[0] : undefined;
  }

  /** Adds, moves or removes the item after its `dueAt` has changed. */
  update(item: T): void {
    if (item.dueAt === Infinity) this.#remove(item);
    else this.#place(item, item.heapIndex < 0 ? this.#heap.push(item) - 1 : item.heapIndex);
    this.earliest = this.#heap[0]?.dueAt ?? Infinity;
  }

  #remove(item: T): void {
    const hole = item.heapIndex;
    if (hole < 0) return;
    item.heapIndex = -1;
    const last = this.#heap.pop() as T;
    if (last === item) return;
    this.#place(last, hole);
  }

  /** Places the item at the index, or where it belongs above or below that. */
  #place(item: T, index: number): void {
    const heap = this.#heap;
    let hole = index;
    while (hole > 0) {
      const above = (hole - 1) >> 1;
      const parent = heap[above] as T;
      if (parent.dueAt <= item.dueAt) break;
      heap[hole] = parent;
      parent.heapIndex = hole;
      hole = above;
    }
    for (;;) {
      let below = 2 * hole + 1;
      let child = heap[below];
      const right = heap[below + 1];
      if (child !== undefined && right !== undefined && right.dueAt < child.dueAt) {
        child = right;
        below++;
      }
      if (child === undefined || item.dueAt <= child.dueAt) break;
      heap[hole] = child;
      child.heapIndex = hole;
      hole = below;
    }
    heap[hole] = item;
    item.heapIndex = hole;
  }
}
