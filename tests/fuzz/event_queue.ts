import { TimeQueue } from "../../src/testing/server/time_queue.ts";

/** What is to happen in a world, in order of time. */
export class EventQueue {
  readonly #queue = new TimeQueue<() => void>();

  /** When the next event is, Infinity when there is none. */
  get next(): number {
    return this.#queue.peek()?.at ?? Infinity;
  }

  at(time: number, happen: () => void): void {
    this.#queue.push(time, happen);
  }

  /** Has the next event happen. */
  run(): void {
    this.#queue.pop()?.value();
  }
}
