import { Nonce } from "../wire/nonce.ts";
import type { Mapping } from "./mapping.ts";

/** Finds mappings by nonce, and makes nonces: one per mapping, kept for its life (RFC 6887 section 11.2). */
export class Nonces {
  readonly #randomWord: () => number;
  readonly #byFirstWord = new Map<number, Mapping>();

  /** @param randomWord 32 unguessable bits a call. */
  constructor(randomWord: () => number) {
    this.#randomWord = randomWord;
  }

  make(): Nonce {
    return new Nonce(this.#randomWord(), this.#randomWord(), this.#randomWord());
  }

  add(mapping: Mapping): void {
    mapping.nextOfNonce = this.#byFirstWord.get(mapping.nonce.w0);
    this.#byFirstWord.set(mapping.nonce.w0, mapping);
  }

  /** The mapping with this nonce that also fits `matches`; two may share a nonce when one takes over from another. */
  find(nonce: Nonce, matches: (mapping: Mapping) => boolean): Mapping | undefined {
    let mapping = this.#byFirstWord.get(nonce.w0);
    while (mapping !== undefined && !(mapping.nonce.equals(nonce) && matches(mapping))) {
      mapping = mapping.nextOfNonce;
    }
    return mapping;
  }

  remove(mapping: Mapping): void {
    const first = this.#byFirstWord.get(mapping.nonce.w0);
    if (first === mapping) {
      if (mapping.nextOfNonce === undefined) this.#byFirstWord.delete(mapping.nonce.w0);
      else this.#byFirstWord.set(mapping.nonce.w0, mapping.nextOfNonce);
      return;
    }
    let before = first;
    while (before !== undefined && before.nextOfNonce !== mapping) before = before.nextOfNonce;
    if (before !== undefined) before.nextOfNonce = mapping.nextOfNonce;
  }
}
