/**
 * A map whose keys are numbers that were counted up, such as ids: a few octets an entry, and chunks that are empty go.
 * Values come in the order of their keys if they were put in that order.
 */
export class IdMap<T> {
  readonly #chunks = new Map<number, Chunk<T>>();
  /** The chunk asked for last: who asks for one id asks for the next one, too. */
  #last: Chunk<T> = { first: NaN, values: [], used: 0 };
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    if (id >>> CHUNK_BITS !== this.#last.first) {
      const chunk = this.#chunks.get(id >>> CHUNK_BITS);
      if (chunk === undefined) return undefined;
      this.#last = chunk;
    }
    return this.#last.values[id & CHUNK_MASK];
  }

  set(id: number, value: T): void {
    const first = id >>> CHUNK_BITS;
    let chunk = first === this.#last.first ? this.#last : this.#chunks.get(first);
    if (chunk === undefined) {
      chunk = { first, values: new Array(CHUNK_MASK + 1), used: 0 };
      this.#chunks.set(first, chunk);
    }
    this.#last = chunk;
    if (chunk.values[id & CHUNK_MASK] === undefined) {
      chunk.used++;
      this.#size++;
    }
    chunk.values[id & CHUNK_MASK] = value;
  }

  delete(id: number): void {
    const chunk = this.#chunks.get(id >>> CHUNK_BITS);
    if (chunk?.values[id & CHUNK_MASK] === undefined) return;
    chunk.values[id & CHUNK_MASK] = undefined;
    this.#size--;
    if (--chunk.used > 0) return;
    this.#chunks.delete(id >>> CHUNK_BITS);
    if (chunk === this.#last) this.#last = { first: NaN, values: [], used: 0 };
  }

  /** The values; they may come and go meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (const { values } of this.#chunks.values()) {
      for (let index = 0; index <= CHUNK_MASK; index++) {
        const value = values[index];
        if (value !== undefined) yield value;
      }
    }
  }
}

interface Chunk<T> {
  /** Its ids without their last bits. */
  readonly first: number;
  readonly values: (T | undefined)[];
  used: number;
}

/** 64 entries: few chunks for many mappings, little that is kept for the sake of one. */
const CHUNK_BITS = 6;
const CHUNK_MASK = (1 << CHUNK_BITS) - 1;
