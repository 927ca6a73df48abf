import { assertEquals, assertRejects } from "@std/assert";
import { spy } from "@std/testing/mock";
import { BoundedQueue } from "../../src/client/bounded_queue.ts";

Deno.test("A mailbox gives what came first first", async () => {
  const mailbox = new BoundedQueue<number>(10);
  for (const entry of [1, 2, 3]) mailbox.put(entry);
  assertEquals(mailbox.poll(), 1);
  assertEquals(await mailbox.next(), { done: false, value: 2 });
  assertEquals(mailbox.poll(), 3);
  assertEquals(mailbox.poll(), undefined);
});

Deno.test("A mailbox serves those who wait in their order, and keeps nothing of that", async () => {
  const mailbox = new BoundedQueue<number>(10);
  const waiting = Promise.all([mailbox.next(), mailbox.next()]);
  mailbox.put(1);
  mailbox.put(2);
  assertEquals(await waiting, [{ done: false, value: 1 }, { done: false, value: 2 }]);
  assertEquals(mailbox.poll(), undefined);
});

Deno.test("A mailbox drops the oldest entries beyond its limit, and counts them", () => {
  const mailbox = new BoundedQueue<number>(3);
  for (let entry = 0; entry < 1000; entry++) mailbox.put(entry);
  assertEquals(mailbox.missed, 997);
  assertEquals([mailbox.poll(), mailbox.poll(), mailbox.poll(), mailbox.poll()], [
    997,
    998,
    999,
    undefined,
  ]);
});

Deno.test("A closed mailbox can be read to its end, and takes nothing more", async () => {
  const mailbox = new BoundedQueue<number>(10);
  mailbox.put(1);
  mailbox.close();
  mailbox.put(2);
  assertEquals(await mailbox.next(), { done: false, value: 1 });
  assertEquals(await mailbox.next(), { done: true, value: undefined });
  assertEquals(mailbox.poll(), undefined);
});

Deno.test("Closing a mailbox ends the waiting", async () => {
  const mailbox = new BoundedQueue<number>(10);
  const waiting = Promise.all([mailbox.next(), mailbox.next()]);
  mailbox.close();
  const end = { done: true, value: undefined } as const;
  assertEquals(await waiting, [end, end]);
});

Deno.test("An aborted wait takes no entry from the others", async () => {
  const mailbox = new BoundedQueue<number>(10);
  const aborter = new AbortController();
  const aborted = mailbox.next(aborter.signal);
  const other = mailbox.next();
  aborter.abort(new Error("enough"));
  mailbox.put(1);
  await assertRejects(() => aborted, Error, "enough");
  assertEquals(await other, { done: false, value: 1 });
});

Deno.test("A wait whose signal was aborted before takes nothing", async () => {
  const mailbox = new BoundedQueue<number>(10);
  mailbox.put(1);
  await assertRejects(
    () => mailbox.next(AbortSignal.abort(new Error("too late"))),
    Error,
    "too late",
  );
  assertEquals(mailbox.poll(), 1);
});

Deno.test("A signal that is aborted after the entry came changes nothing", async () => {
  const mailbox = new BoundedQueue<number>(10);
  const aborter = new AbortController();
  const waiting = mailbox.next(aborter.signal);
  mailbox.put(1);
  aborter.abort();
  assertEquals(await waiting, { done: false, value: 1 });
});

Deno.test("A signal that lives long does not collect listeners", async () => {
  const mailbox = new BoundedQueue<number>(10);
  const { signal } = new AbortController();
  const add = spy(signal, "addEventListener");
  const remove = spy(signal, "removeEventListener");
  for (const entry of [1, 2, 3]) {
    const waiting = mailbox.next(signal);
    mailbox.put(entry);
    await waiting;
  }
  assertEquals([add.calls.length, remove.calls.length], [3, 3]);
});

Deno.test("Two iterators share the entries between them", async () => {
  const mailbox = new BoundedQueue<number>(10);
  const read = async (): Promise<number[]> => {
    const entries: number[] = [];
    for await (const entry of mailbox) entries.push(entry);
    return entries;
  };
  const readers = Promise.all([read(), read()]);
  for (const entry of [1, 2, 3, 4]) mailbox.put(entry);
  mailbox.close();
  assertEquals((await readers).flat().sort(), [1, 2, 3, 4]);
});

Deno.test("Leaving a loop leaves the rest in the mailbox", async () => {
  const mailbox = new BoundedQueue<number>(10);
  for (const entry of [1, 2, 3]) mailbox.put(entry);
  for await (const entry of mailbox) {
    if (entry === 2) break;
  }
  assertEquals(mailbox.poll(), 3);
});
