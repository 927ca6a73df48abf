import type { Milliseconds } from "./events.ts";

/** Something with a next deadline, which remembers its own place in the heap. */
export interface Timed {
  /** When it wants to be woken; Infinity for never. */
  dueAt: Milliseconds;
  /** Its place in the heap, kept by {@linkcode Deadlines}; -1 when it is not in it. */
  heapIndex: number;
}

/** A binary heap of deadlines: the earliest is found at once, a change costs log n. */
export class Deadlines<T extends Timed> {
  readonly #heap: T[] = [];

  /** The earliest deadline, Infinity when there is none. */
  get earliest(): Milliseconds {
    return this.#heap[0]?.dueAt ?? Infinity;
  }

  /** Takes out and returns something due at `now`, or undefined. */
  takeDue(now: Milliseconds): T | undefined {
    const top = this.#heap[0];
    if (top === undefined || top.dueAt > now) return undefined;
    this.#remove(top);
    return top;
  }

  /** Puts the item where its `dueAt` says; call it after every change. */
  update(item: T): void {
    if (item.dueAt === Infinity) {
      if (item.heapIndex >= 0) this.#remove(item);
      return;
    }
    if (item.heapIndex < 0) {
      item.heapIndex = this.#heap.length;
      this.#heap.push(item);
    }
    this.#down(this.#up(item.heapIndex));
  }

  #remove(item: T): void {
    const index = item.heapIndex;
    const last = this.#heap.pop();
    item.heapIndex = -1;
    if (last === undefined || last === item) return;
    this.#place(last, index);
    this.#down(this.#up(index));
  }

  #place(item: T, index: number): void {
    this.#heap[index] = item;
    item.heapIndex = index;
  }

  #up(start: number): number {
    const item = this.#heap[start];
    if (item === undefined) return start;
    let index = start;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#heap[parentIndex];
      if (parent === undefined || parent.dueAt <= item.dueAt) break;
      this.#place(parent, index);
      index = parentIndex;
    }
    this.#place(item, index);
    return index;
  }

  #down(start: number): void {
    const item = this.#heap[start];
    if (item === undefined) return;
    let index = start;
    while (true) {
      let child = 2 * index + 1;
      let least = this.#heap[child];
      if (least === undefined) break;
      const right = this.#heap[child + 1];
      if (right !== undefined && right.dueAt < least.dueAt) {
        child++;
        least = right;
      }
      if (item.dueAt <= least.dueAt) break;
      this.#place(least, index);
      index = child;
    }
    this.#place(item, index);
  }
}
