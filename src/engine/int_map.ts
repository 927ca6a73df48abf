/**
 * A map from 32-bit integers to 32-bit integers in one typed array: a sixth of the memory of a `Map`, and nothing for the
 * garbage collector to look at. Open addressing with linear probing; what is taken out leaves no gap.
 *
 * Every datagram comes by several of these: the search stands in each method, for a call would cost as much as it.
 */
export class IntMap {
  /** Key and value by turns. */
  #entries = new Int32Array(2 * FIRST_SIZE);
  /** A bit for each entry that is one. */
  #taken = new Uint8Array(FIRST_SIZE);
  #size = 0;
  /** Leaves as many of 32 bits as tell an index. */
  #shift = 32 - FIRST_BITS;

  get size(): number {
    return this.#size;
  }

  get(key: number): number | undefined {
    const entries = this.#entries;
    const taken = this.#taken;
    const mask = taken.length - 1;
    // Fibonacci hashing, so that keys that follow each other do not crowd together.
    let index = Math.imul(key, PHI) >>> this.#shift;
    while (taken[index] !== 0) {
      if (entries[2 * index] === key) return entries[2 * index + 1];
      index = (index + 1) & mask;
    }
    return undefined;
  }

  set(key: number, value: number): void {
    // Half of it stays free, so that probes are short.
    if (2 * this.#size >= this.#taken.length) this.#grow();
    const entries = this.#entries;
    const taken = this.#taken;
    const mask = taken.length - 1;
    let index = Math.imul(key, PHI) >>> this.#shift;
    while (taken[index] !== 0 && entries[2 * index] !== key) index = (index + 1) & mask;
    if (taken[index] === 0) this.#size++;
    taken[index] = 1;
    entries[2 * index] = key;
    entries[2 * index + 1] = value;
  }

  delete(key: number): void {
    const entries = this.#entries;
    const taken = this.#taken;
    const mask = taken.length - 1;
    const shift = this.#shift;
    let gap = Math.imul(key, PHI) >>> shift;
    while (taken[gap] !== 0 && entries[2 * gap] !== key) gap = (gap + 1) & mask;
    if (taken[gap] === 0) return;
    this.#size--;
    taken[gap] = 0;
    // Moves up those behind that would not be found any more.
    for (let index = (gap + 1) & mask; taken[index] !== 0; index = (index + 1) & mask) {
      const home = Math.imul(entries[2 * index] as number, PHI) >>> shift;
      if (((index - home) & mask) < ((index - gap) & mask)) continue;
      entries[2 * gap] = entries[2 * index] as number;
      entries[2 * gap + 1] = entries[2 * index + 1] as number;
      taken[gap] = 1;
      taken[index] = 0;
      gap = index;
    }
  }

  /** The keys, in no order. */
  keys(): Int32Array {
    const keys = new Int32Array(this.#size);
    let count = 0;
    for (let index = 0; index < this.#taken.length; index++) {
      if (this.#taken[index] !== 0) keys[count++] = this.#entries[2 * index] as number;
    }
    return keys;
  }

  #grow(): void {
    const [entries, taken] = [this.#entries, this.#taken];
    this.#entries = new Int32Array(2 * entries.length);
    this.#taken = new Uint8Array(2 * taken.length);
    this.#shift--;
    this.#size = 0;
    for (let index = 0; index < taken.length; index++) {
      if (taken[index] !== 0) this.set(entries[2 * index] ?? 0, entries[2 * index + 1] ?? 0);
    }
  }
}

/** 2^32 by the golden ratio. */
const PHI = 0x9e37_79b1;

const FIRST_BITS = 4;
const FIRST_SIZE = 1 << FIRST_BITS;
