import { Nonce } from "../wire/nonce.ts";
import { IntMap } from "./int_map.ts";

/** Finds mappings by nonce, and makes nonces: one per mapping, kept for its life (RFC 6887 section 11.2). */
export class Nonces {
  readonly #randomWord: () => number;
  /** The slot of the newest mapping whose nonce begins with the word; from there on `#next` leads to the others. */
  readonly #byFirstWord = new IntMap();
  /** Three words a slot. */
  #words = new Int32Array(3 * FIRST_SIZE);
  /** One more than the next slot of the same first word; 0 at the end. */
  #next = new Int32Array(FIRST_SIZE);

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
    return new Nonce(words[3 * slot] ?? 0, words[3 * slot + 1] ?? 0, words[3 * slot + 2] ?? 0);
  }

  /**
   * A slot with this nonce, -1 for none. Two may share a nonce when one takes over from another.
   *
   * @param after The slot found before, for the next one.
   */
  find({ w0, w1, w2 }: Nonce, after = -1): number {
    const words = this.#words;
    const next = this.#next;
    let slot = after < 0 ? this.#byFirstWord.get(w0) ?? -1 : next[after] as number - 1;
    while (slot >= 0 && (words[3 * slot + 1] !== w1 || words[3 * slot + 2] !== w2)) {
      slot = next[slot] as number - 1;
    }
    return slot;
  }

  remove(slot: number): void {
    const word = this.#words[3 * slot] ?? 0;
    const after = (this.#next[slot] ?? 0) - 1;
    const first = this.#byFirstWord.get(word) ?? -1;
    if (first === slot) {
      if (after < 0) this.#byFirstWord.delete(word);
      else this.#byFirstWord.set(word, after);
      return;
    }
    let before = first;
    while (before >= 0 && this.#next[before] !== slot + 1) before = (this.#next[before] ?? 0) - 1;
    if (before >= 0) this.#next[before] = after + 1;
  }

  #put(slot: number, w0: number, w1: number, w2: number): void {
    if (slot >= this.#next.length) this.#grow(2 * slot);
    this.#words[3 * slot] = w0;
    this.#words[3 * slot + 1] = w1;
    this.#words[3 * slot + 2] = w2;
    this.#next[slot] = (this.#byFirstWord.get(w0 | 0) ?? -1) + 1;
    this.#byFirstWord.set(w0 | 0, slot);
  }

  #grow(size: number): void {
    this.#words = grown(this.#words, 3 * size);
    this.#next = grown(this.#next, size);
  }
}

function grown(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(length);
  copy.set(array);
  return copy;
}

const FIRST_SIZE = 64;
