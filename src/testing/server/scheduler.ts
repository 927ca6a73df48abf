import { TimeQueue, type TimeQueueEntry } from "./time_queue.ts";
import type { Datagram } from "./replies.ts";

/** Runs at its time and returns the datagrams to send then. */
export type Task = (now: number) => Datagram[];

/** A scheduled task, kept to cancel it. */
export type TaskEntry = TimeQueueEntry<Task>;

/** The tasks of a server by time. The caller provides the clock: it calls {@linkcode run} at the deadline. */
export class Scheduler {
  #tasks = new TimeQueue<Task>();

  /** Time of the next task. */
  get deadline(): number | undefined {
    return this.#tasks.peek()?.at;
  }

  /** Schedules a task. */
  at(time: number, task: Task): TaskEntry {
    return this.#tasks.push(time, task);
  }

  /** Cancels a task; does nothing if it has run. */
  cancel(entry: TaskEntry | undefined): void {
    if (entry !== undefined) this.#tasks.remove(entry);
  }

  /** Runs every task due at `now`, those included that are scheduled meanwhile. */
  run(now: number): Datagram[] {
    const datagrams: Datagram[] = [];
    for (let due = this.#tasks.pop(now); due !== undefined; due = this.#tasks.pop(now)) {
      datagrams.push(...due.value(now));
    }
    return datagrams;
  }
}
