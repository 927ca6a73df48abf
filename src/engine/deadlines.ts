import type { Milliseconds } from "./events.ts";

/**
 * The next deadline of each slot, in a binary heap: the earliest is found at once, a change costs log n. Slots are small
 * numbers, so that all of it fits into three typed arrays.
 */
export class Deadlines {
  /** By slot: when it wants to be woken. */
  #dueAt = new Float64Array(FIRST_SIZE);
  /** By slot: one more than its index in the heap; 0 when it is not in it. */
  #place = new Int32Array(FIRST_SIZE);
  #heap = new Int32Array(FIRST_SIZE);
  #length = 0;

  /** The earliest deadline, Infinity when there is none. */
  get earliest(): Milliseconds {
    return this.#length === 0 ? Infinity : this.#due(this.#at(0));
  }

  /** Takes out and returns a slot that is due at `now`, or undefined. */
  takeDue(now: Milliseconds): number | undefined {
    if (this.earliest > now || this.#length === 0) return undefined;
    const top = this.#at(0);
    this.#remove(top);
    return top;
  }

  /** Wakes the slot then instead of before; Infinity for never. */
  set(slot: number, at: Milliseconds): void {
    if (slot >= this.#dueAt.length) this.#grow(2 * slot);
    const isIn = this.#place[slot] !== 0;
    if (at === Infinity) {
      if (isIn) this.#remove(slot);
      return;
    }
    if (isIn && this.#dueAt[slot] === at) return;
    this.#dueAt[slot] = at;
    if (!isIn) this.#put(slot, this.#length++);
    this.#down(this.#up((this.#place[slot] ?? 0) - 1));
  }

  #remove(slot: number): void {
    const index = (this.#place[slot] ?? 0) - 1;
    const last = this.#at(--this.#length);
    this.#place[slot] = 0;
    if (last === slot) return;
    this.#put(last, index);
    this.#down(this.#up(index));
  }

  #at(index: number): number {
    return this.#heap[index] ?? 0;
  }

  #due(slot: number): Milliseconds {
    return this.#dueAt[slot] ?? Infinity;
  }

  #put(slot: number, index: number): void {
    this.#heap[index] = slot;
    this.#place[slot] = index + 1;
  }

  #up(start: number): number {
    const slot = this.#at(start);
    const due = this.#due(slot);
    let index = start;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#at(parentIndex);
      if (this.#due(parent) <= due) break;
      this.#put(parent, index);
      index = parentIndex;
    }
    this.#put(slot, index);
    return index;
  }

  #down(start: number): void {
    const slot = this.#at(start);
    const due = this.#due(slot);
    let index = start;
    while (true) {
      let child = 2 * index + 1;
      if (child >= this.#length) break;
      const right = child + 1;
      if (right < this.#length && this.#due(this.#at(right)) < this.#due(this.#at(child))) {
        child = right;
      }
      if (due <= this.#due(this.#at(child))) break;
      this.#put(this.#at(child), index);
      index = child;
    }
    this.#put(slot, index);
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
