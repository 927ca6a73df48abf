/** A line of numbers: first in, first out, in a ring. */
export class SlotQueue {
  /** How many stand in it. Read only. */
  length = 0;
  #slots = new Int32Array(FIRST_SIZE);
  #head = 0;

  push(slot: number): void {
    if (this.length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.length++) & (this.#slots.length - 1)] = slot;
  }

  /** Takes out who stands first; undefined when nobody does. */
  shift(): number | undefined {
    if (this.length === 0) return undefined;
    const slot = this.#slots[this.#head];
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    // A line that was long once is not kept for a short one.
    if (--this.length === 0 && this.#slots.length > SIZE_KEPT) {
      this.#slots = new Int32Array(FIRST_SIZE);
    }
    if (this.length === 0) this.#head = 0;
    return slot;
  }

  #grow(): void {
    const grown = new Int32Array(2 * this.#slots.length);
    grown.set(this.#slots.subarray(this.#head));
    grown.set(this.#slots.subarray(0, this.#head), this.#slots.length - this.#head);
    this.#slots = grown;
    this.#head = 0;
  }
}

// Powers of two.
const FIRST_SIZE = 16;
const SIZE_KEPT = 4_096;
