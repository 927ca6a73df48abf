import { Heap, type HeapEntry } from "./heap.ts";

/** A thing to do later; gives what is to be sent then. */
export type Task<Output> = (now: number) => Output[];

/** Keeps a task, to cancel it. */
export type TaskEntry<Output> = HeapEntry<Task<Output>>;

/** What a sans-IO object has to do later, in order of time. */
export class Scheduler<Output> {
  #tasks = new Heap<Task<Output>>();

  /** When the next task is due. */
  get deadline(): number | undefined {
    return this.#tasks.peek()?.at;
  }

  /** Enters a task. */
  at(time: number, task: Task<Output>): TaskEntry<Output> {
    return this.#tasks.push(time, task);
  }

  /** Crosses a task out; does nothing when it is done. */
  cancel(entry: TaskEntry<Output> | undefined): void {
    if (entry !== undefined) this.#tasks.remove(entry);
  }

  /** Does what is due. */
  run(now: number): Output[] {
    const outputs: Output[] = [];
    for (
      let next = this.#tasks.peek();
      next !== undefined && next.at <= now;
      next = this.#tasks.peek()
    ) {
      this.#tasks.remove(next);
      outputs.push(...next.value(now));
    }
    return outputs;
  }
}
