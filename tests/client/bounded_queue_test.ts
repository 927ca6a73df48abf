import { assertEquals, assertRejects } from "@std/assert";
import { spy } from "@std/testing/mock";
import { BoundedQueue } from "../../src/client/bounded_queue.ts";

Deno.test("A queue returns entries in their order", async () => {
  const queue = new BoundedQueue<number>(10);
  for (const entry of [1, 2, 3]) queue.put(entry);
  assertEquals(queue.poll(), 1);
  assertEquals(await queue.next(), { done: false, value: 2 });
  assertEquals(queue.poll(), 3);
  assertEquals(queue.poll(), undefined);
});

Deno.test("A queue serves waiting readers in their order, and keeps no entry for them twice", async () => {
  const queue = new BoundedQueue<number>(10);
  const waiting = Promise.all([queue.next(), queue.next()]);
  queue.put(1);
  queue.put(2);
  assertEquals(await waiting, [{ done: false, value: 1 }, { done: false, value: 2 }]);
  assertEquals(queue.poll(), undefined);
});

Deno.test("A queue drops the oldest entries beyond its limit, and counts them", () => {
  const queue = new BoundedQueue<number>(3);
  for (let entry = 0; entry < 1000; entry++) queue.put(entry);
  assertEquals(queue.missed, 997);
  assertEquals([queue.poll(), queue.poll(), queue.poll(), queue.poll()], [
    997,
    998,
    999,
    undefined,
  ]);
});

Deno.test("A closed queue can be read to its end, and accepts no further entry", async () => {
  const queue = new BoundedQueue<number>(10);
  queue.put(1);
  queue.close();
  queue.put(2);
  assertEquals(await queue.next(), { done: false, value: 1 });
  assertEquals(await queue.next(), { done: true, value: undefined });
  assertEquals(queue.poll(), undefined);
});

Deno.test("Closing a queue settles waiting readers", async () => {
  const queue = new BoundedQueue<number>(10);
  const waiting = Promise.all([queue.next(), queue.next()]);
  queue.close();
  const end = { done: true, value: undefined } as const;
  assertEquals(await waiting, [end, end]);
});

Deno.test("An aborted wait takes no entry from other readers", async () => {
  const queue = new BoundedQueue<number>(10);
  const aborter = new AbortController();
  const aborted = queue.next(aborter.signal);
  const other = queue.next();
  aborter.abort(new Error("enough"));
  queue.put(1);
  await assertRejects(() => aborted, Error, "enough");
  assertEquals(await other, { done: false, value: 1 });
});

Deno.test("A wait with an aborted signal takes no entry", async () => {
  const queue = new BoundedQueue<number>(10);
  queue.put(1);
  await assertRejects(
    () => queue.next(AbortSignal.abort(new Error("too late"))),
    Error,
    "too late",
  );
  assertEquals(queue.poll(), 1);
});

Deno.test("An abort after the entry changes nothing", async () => {
  const queue = new BoundedQueue<number>(10);
  const aborter = new AbortController();
  const waiting = queue.next(aborter.signal);
  queue.put(1);
  aborter.abort();
  assertEquals(await waiting, { done: false, value: 1 });
});

Deno.test("A long-lived signal does not collect listeners", async () => {
  const queue = new BoundedQueue<number>(10);
  const { signal } = new AbortController();
  const add = spy(signal, "addEventListener");
  const remove = spy(signal, "removeEventListener");
  for (const entry of [1, 2, 3]) {
    const waiting = queue.next(signal);
    queue.put(entry);
    await waiting;
  }
  assertEquals([add.calls.length, remove.calls.length], [3, 3]);
});

Deno.test("Two iterators share the entries between them", async () => {
  const queue = new BoundedQueue<number>(10);
  const read = async (): Promise<number[]> => {
    const entries: number[] = [];
    for await (const entry of queue) entries.push(entry);
    return entries;
  };
  const readers = Promise.all([read(), read()]);
  for (const entry of [1, 2, 3, 4]) queue.put(entry);
  queue.close();
  assertEquals((await readers).flat().sort(), [1, 2, 3, 4]);
});

Deno.test("Leaving a loop keeps the rest in the queue", async () => {
  const queue = new BoundedQueue<number>(10);
  for (const entry of [1, 2, 3]) queue.put(entry);
  for await (const entry of queue) {
    if (entry === 2) break;
  }
  assertEquals(queue.poll(), 3);
});
