import { Nonce } from "../wire/nonce.ts";

/**
 * Finds mappings by nonce, and makes nonces: one per mapping, kept for its life (RFC 6887 section 11.2). A table of slots by
 * the first word, with open addressing; what is random needs no other hash.
 */
export class Nonces {
  readonly #randomWord: () => number;
  /** Three words a slot. */
  #words = new Int32Array(3 * FIRST_SIZE);
  /** One more than a slot, 0 where none is. Half of it stays free, so that probes are short. */
  #table = new Int32Array(2 * FIRST_SIZE);
  #size = 0;

  /** @param randomWord 32 unguessable bits a call. */
  constructor(randomWord: () => number) {
    this.#randomWord = randomWord;
  }

  make(): Nonce {
    return new Nonce(this.#randomWord(), this.#randomWord(), this.#randomWord());
  }

  /** As {@linkcode Nonces.add} of a new one, which nobody else needs yet. */
  addNew(slot: number): void {
    this.#put(slot, this.#randomWord(), this.#randomWord(), this.#randomWord());
  }

  add(slot: number, { w0, w1, w2 }: Nonce): void {
    this.#put(slot, w0, w1, w2);
  }

  /** The nonce of the slot. */
  of(slot: number): Nonce {
    const words = this.#words;
    return new Nonce(
      words[3 * slot] as number,
      words[3 * slot + 1] as number,
      words[3 * slot + 2] as number,
    );
  }

  /**
   * A slot with this nonce, -1 for none. Two may share a nonce when one takes over from another.
   *
   * @param after The slot found before, for the next one.
   */
  find({ w0, w1, w2 }: Nonce, after = -1): number {
    const words = this.#words;
    const table = this.#table;
    const mask = table.length - 1;
    let isAfter = after < 0;
    for (let index = w0 & mask; table[index] !== 0; index = (index + 1) & mask) {
      const slot = table[index] as number - 1;
      const at = 3 * slot;
      if (words[at] !== w0 || words[at + 1] !== w1 || words[at + 2] !== w2) continue;
      if (isAfter) return slot;
      isAfter = slot === after;
    }
    return -1;
  }

  remove(slot: number): void {
    const words = this.#words;
    const table = this.#table;
    const mask = table.length - 1;
    let gap = (words[3 * slot] as number) & mask;
    while (table[gap] !== slot + 1) gap = (gap + 1) & mask;
    table[gap] = 0;
    this.#size--;
    // Moves up those behind that would not be found any more.
    for (let index = (gap + 1) & mask; table[index] !== 0; index = (index + 1) & mask) {
      const home = (words[3 * (table[index] as number - 1)] as number) & mask;
      if (((index - home) & mask) < ((index - gap) & mask)) continue;
      table[gap] = table[index] as number;
      table[index] = 0;
      gap = index;
    }
  }

  #put(slot: number, w0: number, w1: number, w2: number): void {
    if (3 * slot >= this.#words.length) this.#words = grown(this.#words);
    if (2 * this.#size >= this.#table.length) this.#rehash();
    this.#words[3 * slot] = w0;
    this.#words[3 * slot + 1] = w1;
    this.#words[3 * slot + 2] = w2;
    this.#enter(this.#table, slot);
    this.#size++;
  }

  #enter(table: Int32Array, slot: number): void {
    const mask = table.length - 1;
    let index = (this.#words[3 * slot] as number) & mask;
    while (table[index] !== 0) index = (index + 1) & mask;
    table[index] = slot + 1;
  }

  #rehash(): void {
    const table = new Int32Array(2 * this.#table.length);
    for (const entry of this.#table) if (entry !== 0) this.#enter(table, entry - 1);
    this.#table = table;
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(2 * array.length);
  copy.set(array);
  return copy;
}

/** A power of two. */
const FIRST_SIZE = 64;
