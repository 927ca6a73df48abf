import type { Milliseconds } from "./events.ts";

/**
 * The next deadline of each slot, in a binary heap: the earliest is found at once, a change costs log n. Slots are small
 * numbers, so that all of it fits into three typed arrays.
 */
export class Deadlines {
  /** The earliest deadline, Infinity when there is none. Read only. */
  earliest: Milliseconds = Infinity;
  /** By slot: when it wants to be woken. */
  #dueAt = new Float64Array(FIRST_SIZE);
  /** By slot: one more than its index in the heap; 0 when it is not in it. */
  #place = new Int32Array(FIRST_SIZE);
  #heap = new Int32Array(FIRST_SIZE);
  #length = 0;

  /** The slot that is due first at `now`, -1 for none. It stays due until it is given another deadline. */
  due(now: Milliseconds): number {
    return this.earliest > now || this.#length === 0 ? -1 : this.#heap[0] as number;
  }

  /** Wakes the slot then instead of before; Infinity for never. */
  set(slot: number, at: Milliseconds): void {
    if (slot >= this.#dueAt.length) this.#grow(2 * slot);
    const place = this.#place[slot] as number;
    if (at === Infinity) {
      if (place !== 0) this.#remove(slot);
      return;
    }
    if (place !== 0 && this.#dueAt[slot] === at) return;
    this.#dueAt[slot] = at;
    this.#settle(slot, place === 0 ? this.#length++ : place - 1);
  }

  #remove(slot: number): void {
    const index = (this.#place[slot] as number) - 1;
    const last = this.#heap[--this.#length] as number;
    this.#place[slot] = 0;
    if (this.#length === 0) this.earliest = Infinity;
    else if (last !== slot) this.#settle(last, index);
  }

  /** Moves the slot up or down to where it belongs, beginning at a place that is free. All in one: it is done all the time. */
  #settle(slot: number, start: number): void {
    const heap = this.#heap;
    const place = this.#place;
    const dueAt = this.#dueAt;
    const length = this.#length;
    const due = dueAt[slot] as number;
    let index = start;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex] as number;
      if (dueAt[parent] as number <= due) break;
      heap[index] = parent;
      place[parent] = index + 1;
      index = parentIndex;
    }
    // Who came up fits; to look once more costs little.
    for (let child = 2 * index + 1; child < length; child = 2 * index + 1) {
      let lower = heap[child] as number;
      const right = child + 1 < length ? heap[child + 1] as number : lower;
      if (dueAt[right] as number < (dueAt[lower] as number)) {
        lower = right;
        child++;
      }
      if (due <= (dueAt[lower] as number)) break;
      heap[index] = lower;
      place[lower] = index + 1;
      index = child;
    }
    heap[index] = slot;
    place[slot] = index + 1;
    this.earliest = dueAt[heap[0] as number] as number;
  }

  #grow(size: number): void {
    const { dueAt, place, heap } = {
      dueAt: new Float64Array(size),
      place: new Int32Array(size),
      heap: new Int32Array(size),
    };
    dueAt.set(this.#dueAt);
    place.set(this.#place);
    heap.set(this.#heap);
    this.#dueAt = dueAt;
    this.#place = place;
    this.#heap = heap;
  }
}

const FIRST_SIZE = 64;
