import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ManualClock } from "../../src/testing/manual_clock.ts";

Deno.test("ManualClock.advance() fires alarms in order of time, each at its time", async () => {
  const clock = new ManualClock(100);
  const rung: [string, number][] = [];
  clock.alarm(350, () => rung.push(["late", clock.now()]));
  clock.alarm(200, () => rung.push(["early", clock.now()]));
  clock.alarm(200, () => rung.push(["second", clock.now()]));
  clock.alarm(351, () => rung.push(["never", clock.now()]));
  await clock.advance(250);
  assertEquals(rung, [["early", 200], ["second", 200], ["late", 350]]);
  assertEquals(clock.now(), 350);
  assertEquals(clock.pending, 1);
  assertEquals(clock.next, 351);
});

Deno.test("ManualClock fires alarms set while it moves", async () => {
  const clock = new ManualClock();
  const rung: number[] = [];
  const again = () => {
    rung.push(clock.now());
    clock.alarm(clock.now() + 250, again);
  };
  clock.alarm(250, again);
  await clock.advance(1_000);
  assertEquals(rung, [250, 500, 750, 1_000]);
});

Deno.test("ManualClock fires an alarm in the past at the present time, after alarm() has returned", async () => {
  const clock = new ManualClock(1_000);
  const rung: number[] = [];
  clock.alarm(1, () => rung.push(clock.now()));
  assertEquals(rung, []);
  await clock.advance(0);
  assertEquals(rung, [1_000]);
});

Deno.test("promise chains of any depth settle between the alarms of a ManualClock", async () => {
  const clock = new ManualClock();
  const settled: number[] = [];
  const chain = async () => {
    for (let i = 0; i < 500; i++) await Promise.resolve();
    settled.push(clock.now());
  };
  clock.alarm(10, () => void chain());
  clock.alarm(11, () => void chain());
  await clock.advance(20);
  assertEquals(settled, [10, 11]);
});

Deno.test("a for await loop runs at the virtual times of a ManualClock", async () => {
  const clock = new ManualClock();
  async function* ticks() {
    for (let i = 1; i <= 3; i++) {
      await new Promise<void>((resolve) => void clock.alarm(i * 1_000, resolve));
      yield clock.now();
    }
  }
  const seen: number[] = [];
  const consumer = (async () => {
    for await (const tick of ticks()) seen.push(tick);
  })();
  await clock.advance(2_500);
  assertEquals(seen, [1_000, 2_000]);
  await clock.advance(500);
  await consumer;
  assertEquals(seen, [1_000, 2_000, 3_000]);
});

Deno.test("a cancelled alarm of a ManualClock does not fire, and cancelling is idempotent", async () => {
  const clock = new ManualClock();
  let rung = 0;
  const cancel = clock.alarm(5, () => rung++);
  const late = clock.alarm(6, () => rung++);
  cancel();
  cancel();
  assertEquals(clock.pending, 1);
  await clock.advance(10);
  late();
  assertEquals(rung, 1);
});

Deno.test("ManualClock.runUntil() stops at the alarm that makes the condition true", async () => {
  const clock = new ManualClock();
  let count = 0;
  for (let at = 10; at <= 100; at += 10) clock.alarm(at, () => count++);
  await clock.runUntil(() => count === 3);
  assertEquals(clock.now(), 30);
  await clock.runUntil(() => true);
  assertEquals(clock.now(), 30);
});

Deno.test("ManualClock.runUntil() rejects at the limit and after the last alarm", async () => {
  const clock = new ManualClock();
  clock.alarm(2_000, () => {});
  await assertRejects(() => clock.runUntil(() => false, 1_999), Error, '"1999" ms');
  assertEquals(clock.now(), 0);
  await assertRejects(() => clock.runUntil(() => false), Error, "Cannot run until");
  assertEquals(clock.now(), 2_000);
});

Deno.test("ManualClock cannot go back, and rejects a move during a move", async () => {
  const clock = new ManualClock(5);
  assertThrows(() => clock.advance(-1), RangeError, '"-1"');
  assertThrows(() => clock.advanceTo(4), RangeError, '"4"');
  assertThrows(() => clock.advance(NaN), RangeError, '"NaN"');
  assertThrows(() => clock.alarm(NaN, () => {}), RangeError, '"NaN"');
  const moving = clock.advance(10);
  await assertRejects(() => clock.advance(1), Error, "already being moved");
  await moving;
  await clock.advanceTo(15);
  assertEquals(clock.now(), 15);
});

Deno.test("ManualClock rejects with the error of an alarm and can be moved again", async () => {
  const clock = new ManualClock();
  clock.alarm(1, () => {
    throw new TypeError("Boom");
  });
  await assertRejects(() => clock.advance(2), TypeError, "Boom");
  await clock.advance(2);
  assertEquals(clock.now(), 3);
});

Deno.test("ManualClock rejects endless alarms at one instant", async () => {
  const clock = new ManualClock();
  const again = () => void clock.alarm(clock.now(), again);
  clock.alarm(7, again);
  await assertRejects(() => clock.advance(10), Error, 'for ever at "7"');
});

Deno.test("ManualClock.settle() settles promises without moving the time", async () => {
  const clock = new ManualClock();
  let settled = false;
  clock.alarm(0, () => {
    throw new Error("No alarm may fire");
  });
  void Promise.resolve().then(() => {}).then(() => settled = true);
  await clock.settle();
  assertEquals([settled, clock.now(), clock.pending], [true, 0, 1]);
});

Deno.test("ManualClock keeps tens of thousands of alarms in order", async () => {
  const clock = new ManualClock();
  let last = 0;
  let count = 0;
  for (let i = 0; i < 20_000; i++) {
    const at = (i * 7_919) % 20_011;
    clock.alarm(at, () => {
      if (clock.now() < last || clock.now() !== at) throw new Error("Out of order");
      last = clock.now();
      count++;
    });
  }
  await clock.advance(20_011);
  assertEquals(count, 20_000);
});
