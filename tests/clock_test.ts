import { assert, assertEquals, assertThrows } from "@std/assert";
import { systemClock } from "../src/clock.ts";

Deno.test("systemClock.now() does not go back", () => {
  let last = systemClock.now();
  for (let i = 0; i < 1000; i++) {
    const now = systemClock.now();
    assert(now >= last);
    last = now;
  }
});

Deno.test("an alarm never rings early", async () => {
  for (const wait of [0, 0.3, 1, 5.7]) {
    const at = systemClock.now() + wait;
    await new Promise<void>((resolve) => systemClock.alarm(at, resolve));
    assert(systemClock.now() >= at, `rang ${at - systemClock.now()} ms early`);
  }
});

Deno.test("an alarm rings once", async () => {
  let rang = 0;
  const at = systemClock.now() + 1;
  systemClock.alarm(at, () => rang++);
  await new Promise<void>((resolve) => systemClock.alarm(at + 10, resolve));
  assertEquals(rang, 1);
});

Deno.test("an alarm of the past rings after alarm() has returned", async () => {
  for (const at of [0, -1000, Number.NEGATIVE_INFINITY]) {
    let returned = false;
    await new Promise<void>((resolve, reject) => {
      systemClock.alarm(at, () => returned ? resolve() : reject(new Error("It rang at once")));
      returned = true;
    });
  }
});

Deno.test("alarms of the same time ring in the order they were set", async () => {
  const at = systemClock.now() + 3;
  const order: number[] = [];
  await new Promise<void>((resolve) => {
    for (let i = 0; i < 5; i++) systemClock.alarm(at, () => order.push(i) === 5 && resolve());
  });
  assertEquals(order, [0, 1, 2, 3, 4]);
});

Deno.test("a cancelled alarm does not ring, and can be cancelled again", async () => {
  let rang = false;
  const at = systemClock.now() + 1;
  const cancel = systemClock.alarm(at, () => rang = true);
  cancel();
  cancel();
  await new Promise<void>((resolve) => systemClock.alarm(at + 5, resolve));
  assertEquals(rang, false);
});

Deno.test("cancelling an alarm that rang does nothing", async () => {
  let cancel = (): void => {};
  await new Promise<void>((resolve) => cancel = systemClock.alarm(0, resolve));
  cancel();
});

// setTimeout() rings at once when asked for more than 2^31 - 1 ms: a lifetime of 2^32 - 1 s is 50 times that.
Deno.test("an alarm further away than 2^31 ms does not ring at once", async () => {
  let rang = false;
  const now = systemClock.now();
  const times = [2 ** 31, 2 ** 31 + 5000, (2 ** 32 - 1) * 1000, Number.POSITIVE_INFINITY];
  const cancels = times.map((span) => systemClock.alarm(now + span, () => rang = true));
  await new Promise<void>((resolve) => systemClock.alarm(now + 10, resolve));
  for (const cancel of cancels) cancel();
  assertEquals(rang, false);
});

Deno.test("an alarm at no time is refused", () => {
  assertThrows(() => systemClock.alarm(NaN, () => {}), RangeError, 'got "NaN"');
});
