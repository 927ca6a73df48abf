import { assertEquals } from "@std/assert";
import { thriftyClock } from "../../src/repl/clock.ts";
import { ManualClock } from "../../src/testing/mod.ts";

function start() {
  const time = new ManualClock();
  const timers: number[] = [];
  const clock = thriftyClock({
    now: () => time.now(),
    setTimer: (milliseconds, fire) => {
      timers.push(milliseconds);
      return time.alarm(time.now() + milliseconds, fire);
    },
    wakeOnce: (milliseconds, fire) => void time.alarm(time.now() + milliseconds, fire),
  });
  return { time, timers, clock };
}

Deno.test("thriftyClock() sets no timer for what is cancelled in the first moments", async () => {
  const { time, timers, clock } = start();
  const cancel = clock.alarm(3_000, () => {
    throw new Error("it was cancelled");
  });
  await time.advance(10);
  cancel();
  await time.advance(10_000);
  assertEquals(timers, []);
});

Deno.test("thriftyClock() rings every alarm at its time, before and after it has woken up", async () => {
  const { time, clock } = start();
  const rang: [string, number][] = [];
  const note = (name: string) => () => void rang.push([name, time.now()]);
  clock.alarm(3_000, note("late"));
  clock.alarm(20, note("early"));
  clock.alarm(0, note("now"));
  const cancel = clock.alarm(200, note("cancelled after waking"));
  await time.advance(100);
  cancel();
  clock.alarm(time.now() + 60, note("awake"));
  clock.alarm(3_000_000_000, note("longer than a timer"));
  await time.advance(4_000_000_000);
  assertEquals(rang, [
    ["now", 0],
    ["early", 20],
    ["awake", 160],
    ["late", 3_000],
    ["longer than a timer", 3_000_000_000],
  ]);
});
