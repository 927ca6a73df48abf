import { Heap } from "../../src/testing/server/heap.ts";

/** What is to happen in a world, in order of time. */
export class EventQueue {
  readonly #heap = new Heap<() => void>();

  /** When the next event is, Infinity when there is none. */
  get next(): number {
    return this.#heap.peek()?.at ?? Infinity;
  }

  at(time: number, happen: () => void): void {
    this.#heap.push(time, happen);
  }

  /** Has the next event happen. */
  run(): void {
    this.#heap.pop()?.value();
  }
}
