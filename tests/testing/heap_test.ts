import { assertEquals } from "@std/assert";
import { Heap, type HeapEntry } from "../../src/testing/server/heap.ts";
import { seededRandom } from "../../src/testing/random.ts";

Deno.test("Heap.pop() gives values in order of time, equals as they came", () => {
  const heap = new Heap<string>();
  for (const [at, value] of [[5, "a"], [1, "b"], [5, "c"], [3, "d"], [1, "e"]] as const) {
    heap.push(at, value);
  }
  const order: string[] = [];
  for (let entry = heap.pop(); entry !== undefined; entry = heap.pop()) order.push(entry.value);
  assertEquals(order, ["b", "e", "d", "a", "c"]);
});

Deno.test("Heap.remove() takes entries out of the middle and keeps the order of the rest", () => {
  const random = seededRandom(11);
  const heap = new Heap<number>();
  const entries: HeapEntry<number>[] = [];
  for (let i = 0; i < 2_000; i++) entries.push(heap.push(Math.floor(random() * 500), i));
  const kept = entries.filter((entry) => {
    if (random() < 0.5) return true;
    heap.remove(entry);
    heap.remove(entry); // the second time changes nothing
    return false;
  });
  assertEquals(heap.size, kept.length);
  kept.sort((a, b) => a.at - b.at || a.order - b.order);
  const popped: number[] = [];
  for (let entry = heap.pop(); entry !== undefined; entry = heap.pop()) popped.push(entry.value);
  assertEquals(popped, kept.map(({ value }) => value));
});

Deno.test("Heap.remove() ignores entries that have left or belong to another heap", () => {
  const heap = new Heap<string>();
  const entry = heap.push(1, "a");
  heap.pop();
  heap.push(2, "b");
  heap.remove(entry);
  heap.remove(new Heap<string>().push(1, "c"));
  assertEquals(heap.peek()?.value, "b");
  assertEquals(heap.size, 1);
});
