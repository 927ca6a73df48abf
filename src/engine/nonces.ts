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

  add(slot: number, nonce: Nonce): void {
    if (slot >= this.#next.length) this.#grow(2 * slot);
    this.#words[3 * slot] = nonce.w0;
    this.#words[3 * slot + 1] = nonce.w1;
    this.#words[3 * slot + 2] = nonce.w2;
    this.#next[slot] = (this.#byFirstWord.get(nonce.w0) ?? -1) + 1;
    this.#byFirstWord.set(nonce.w0, slot);
  }

  /** The nonce of the slot. */
  of(slot: number): Nonce {
    const words = this.#words;
    return new Nonce(words[3 * slot] ?? 0, words[3 * slot + 1] ?? 0, words[3 * slot + 2] ?? 0);
  }

  /** The slot with this nonce that also fits `matches`; two may share a nonce when one takes over from another. */
  find(nonce: Nonce, matches: (slot: number) => boolean): number | undefined {
    let slot = this.#byFirstWord.get(nonce.w0) ?? -1;
    while (slot >= 0 && !(this.of(slot).equals(nonce) && matches(slot))) {
      slot = (this.#next[slot] ?? 0) - 1;
    }
    return slot < 0 ? undefined : slot;
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
