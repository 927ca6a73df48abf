import { assertEquals } from "@std/assert";
import { TimeQueue, type TimeQueueEntry } from "../../src/testing/server/time_queue.ts";
import { seededRandom } from "../../src/testing/random.ts";

Deno.test("TimeQueue.pop() returns values in order of time, equal times in order of insertion", () => {
  const queue = new TimeQueue<string>();
  for (const [at, value] of [[5, "a"], [1, "b"], [5, "c"], [3, "d"], [1, "e"]] as const) {
    queue.push(at, value);
  }
  const order: string[] = [];
  for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) order.push(entry.value);
  assertEquals(order, ["b", "e", "d", "a", "c"]);
});

Deno.test("TimeQueue.remove() removes any entry and keeps the order of the others", () => {
  const random = seededRandom(11);
  const queue = new TimeQueue<number>();
  const entries: TimeQueueEntry<number>[] = [];
  for (let i = 0; i < 2_000; i++) entries.push(queue.push(Math.floor(random() * 500), i));
  const kept = entries.filter((entry) => {
    if (random() < 0.5) return true;
    queue.remove(entry);
    queue.remove(entry); // the second time changes nothing
    return false;
  });
  assertEquals(queue.size, kept.length);
  kept.sort((a, b) => a.at - b.at || a.order - b.order);
  const popped: number[] = [];
  for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) popped.push(entry.value);
  assertEquals(popped, kept.map(({ value }) => value));
});

Deno.test("TimeQueue.remove() ignores entries that have been removed or belong to another queue", () => {
  const queue = new TimeQueue<string>();
  const entry = queue.push(1, "a");
  queue.pop();
  queue.push(2, "b");
  queue.remove(entry);
  queue.remove(new TimeQueue<string>().push(1, "c"));
  assertEquals(queue.peek()?.value, "b");
  assertEquals(queue.size, 1);
});
