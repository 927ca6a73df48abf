import type { MappingId } from "./events.ts";

/** A line of ids: first in, first out, in a ring. */
export class IdQueue {
  /** How many stand in it. Read only. */
  length = 0;
  #ids = new Int32Array(FIRST_SIZE);
  #head = 0;

  push(id: MappingId): void {
    if (this.length === this.#ids.length) this.#grow();
    this.#ids[(this.#head + this.length++) & (this.#ids.length - 1)] = id;
  }

  /** Takes out who stands first; undefined when nobody does. */
  shift(): MappingId | undefined {
    if (this.length === 0) return undefined;
    const id = this.#ids[this.#head];
    this.#head = (this.#head + 1) & (this.#ids.length - 1);
    // A line that was long once is not kept for a short one.
    if (--this.length === 0 && this.#ids.length > SIZE_KEPT) this.#ids = new Int32Array(FIRST_SIZE);
    if (this.length === 0) this.#head = 0;
    return id;
  }

  #grow(): void {
    const grown = new Int32Array(2 * this.#ids.length);
    grown.set(this.#ids.subarray(this.#head));
    grown.set(this.#ids.subarray(0, this.#head), this.#ids.length - this.#head);
    this.#ids = grown;
    this.#head = 0;
  }
}

// Powers of two.
const FIRST_SIZE = 16;
const SIZE_KEPT = 4_096;
