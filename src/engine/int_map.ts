/**
 * A map from 32-bit integers to 32-bit integers in one typed array: a sixth of the memory of a `Map`, and nothing for the
 * garbage collector to look at. Open addressing with linear probing; what is taken out leaves no gap.
 */
export class IntMap {
  /** Key and value by turns. */
  #entries = new Int32Array(2 * FIRST_SIZE);
  /** A bit for each entry that is one. */
  #taken = new Uint8Array(FIRST_SIZE);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: number): number | undefined {
    const index = this.#find(key);
    return this.#taken[index] === 0 ? undefined : this.#entries[2 * index + 1];
  }

  set(key: number, value: number): void {
    // Half of it stays free, so that probes are short.
    if (2 * this.#size >= this.#taken.length) this.#grow();
    const index = this.#find(key);
    if (this.#taken[index] === 0) this.#size++;
    this.#taken[index] = 1;
    this.#entries[2 * index] = key;
    this.#entries[2 * index + 1] = value;
  }

  delete(key: number): void {
    let gap = this.#find(key);
    if (this.#taken[gap] === 0) return;
    this.#size--;
    this.#taken[gap] = 0;
    const mask = this.#taken.length - 1;
    // Moves up those behind that would not be found any more.
    for (let index = (gap + 1) & mask; this.#taken[index] !== 0; index = (index + 1) & mask) {
      const home = this.#home(this.#entries[2 * index] ?? 0);
      if (((index - home) & mask) < ((index - gap) & mask)) continue;
      this.#entries.copyWithin(2 * gap, 2 * index, 2 * index + 2);
      this.#taken[gap] = 1;
      this.#taken[index] = 0;
      gap = index;
    }
  }

  /** Where the key is, or would be. */
  #find(key: number): number {
    const mask = this.#taken.length - 1;
    let index = this.#home(key);
    while (this.#taken[index] !== 0 && this.#entries[2 * index] !== key) index = (index + 1) & mask;
    return index;
  }

  /** Fibonacci hashing, so that keys that follow each other do not crowd together. */
  #home(key: number): number {
    return (Math.imul(key, 0x9e37_79b1) >>> 7) & (this.#taken.length - 1);
  }

  #grow(): void {
    const [entries, taken] = [this.#entries, this.#taken];
    this.#entries = new Int32Array(2 * entries.length);
    this.#taken = new Uint8Array(2 * taken.length);
    this.#size = 0;
    for (let index = 0; index < taken.length; index++) {
      if (taken[index] !== 0) this.set(entries[2 * index] ?? 0, entries[2 * index + 1] ?? 0);
    }
  }
}

/** A power of two. */
const FIRST_SIZE = 16;
