import { assert, assertEquals, assertThrows } from "@std/assert";
import { createClock, systemClock } from "../src/clock.ts";
import { ManualClock } from "../src/testing/mod.ts";

Deno.test("systemClock.now() does not go back", () => {
  let last = systemClock.now();
  for (let i = 0; i < 1000; i++) {
    const now = systemClock.now();
    assert(now >= last);
    last = now;
  }
});

Deno.test("an alarm never fires early", async () => {
  for (const wait of [0, 0.3, 1, 5.7]) {
    const at = systemClock.now() + wait;
    await new Promise<void>((resolve) => systemClock.alarm(at, resolve));
    assert(systemClock.now() >= at, `rang ${at - systemClock.now()} ms early`);
  }
});

Deno.test("an alarm fires once", async () => {
  let rang = 0;
  const at = systemClock.now() + 1;
  systemClock.alarm(at, () => rang++);
  await new Promise<void>((resolve) => systemClock.alarm(at + 10, resolve));
  assertEquals(rang, 1);
});

Deno.test("an alarm in the past fires after alarm() has returned", async () => {
  for (const at of [0, -1000, Number.NEGATIVE_INFINITY]) {
    let returned = false;
    await new Promise<void>((resolve, reject) => {
      systemClock.alarm(at, () => returned ? resolve() : reject(new Error("It rang at once")));
      returned = true;
    });
  }
});

Deno.test("alarms of the same time fire in the order in which they were set", async () => {
  const at = systemClock.now() + 3;
  const order: number[] = [];
  await new Promise<void>((resolve) => {
    for (let i = 0; i < 5; i++) systemClock.alarm(at, () => order.push(i) === 5 && resolve());
  });
  assertEquals(order, [0, 1, 2, 3, 4]);
});

Deno.test("a cancelled alarm does not fire, and can be cancelled again", async () => {
  let rang = false;
  const at = systemClock.now() + 1;
  const cancel = systemClock.alarm(at, () => rang = true);
  cancel();
  cancel();
  await new Promise<void>((resolve) => systemClock.alarm(at + 5, resolve));
  assertEquals(rang, false);
});

Deno.test("cancelling an alarm that fired does nothing", async () => {
  let cancel = (): void => {};
  await new Promise<void>((resolve) => cancel = systemClock.alarm(0, resolve));
  cancel();
});

// setTimeout() fires at once for more than 2^31 - 1 ms; a lifetime of 2^32 - 1 s is 2000 times that.
Deno.test("an alarm further away than 2^31 ms does not fire at once", async () => {
  let rang = false;
  const now = systemClock.now();
  const times = [2 ** 31, 2 ** 31 + 5000, (2 ** 32 - 1) * 1000, Number.POSITIVE_INFINITY];
  const cancels = times.map((span) => systemClock.alarm(now + span, () => rang = true));
  await new Promise<void>((resolve) => systemClock.alarm(now + 10, resolve));
  for (const cancel of cancels) cancel();
  assertEquals(rang, false);
});

Deno.test("an alarm at NaN is refused", () => {
  assertThrows(() => systemClock.alarm(NaN, () => {}), RangeError, 'got "NaN"');
});

Deno.test("createClock() sets no timer for an alarm that is cancelled in the first moments", async () => {
  const { time, timers, clock } = thrifty();
  const cancel = clock.alarm(3_000, () => {
    throw new Error("it was cancelled");
  });
  await time.advance(10);
  cancel();
  await time.advance(10_000);
  assertEquals(timers, []);
});

Deno.test("createClock() fires every alarm at its time, before and after its first moments", async () => {
  const { time, clock } = thrifty();
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

Deno.test("createClock() fires an alarm that was set after all others were cancelled", async () => {
  const { time, clock } = thrifty();
  const rang: number[] = [];
  clock.alarm(1_000, () => {})();
  await time.advance(10);
  clock.alarm(1_000, () => rang.push(time.now()));
  await time.advance(2_000);
  clock.alarm(1_000_000, () => {})();
  clock.alarm(3_000, () => rang.push(time.now()));
  await time.advance(2_000);
  assertEquals(rang, [1_000, 3_000]);
});

Deno.test("a pending alarm keeps the program alive, a cancelled one does not", async () => {
  const program = (cancels: boolean): string => `
    import { systemClock } from ${JSON.stringify(new URL("../src/clock.ts", import.meta.url))};
    const at = systemClock.now() + 60;
    const cancel = systemClock.alarm(at, () => console.log(systemClock.now() >= at));
    if (${cancels}) cancel();
  `;
  assertEquals([await run(program(false)), await run(program(true))], ["true\n", ""]);
});

/** A clock with the parts of Deno in virtual time, and the timers that it sets. */
function thrifty() {
  const time = new ManualClock();
  const timers: number[] = [];
  const clock = createClock({
    now: () => time.now(),
    setTimer: (milliseconds, fire) => {
      timers.push(milliseconds);
      return time.alarm(time.now() + milliseconds, fire);
    },
    signalAfter: (milliseconds) => {
      const controller = new AbortController();
      time.alarm(time.now() + milliseconds, () => controller.abort());
      return controller.signal;
    },
  });
  return { time, timers, clock };
}

async function run(code: string): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", code],
    stderr: "inherit",
  }).output();
  return new TextDecoder().decode(stdout);
}
