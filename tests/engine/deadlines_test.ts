/** The engine's one deadline, spurious and late wake-ups, and the heap below (defect 23). */

import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../src/testing/random.ts";
import { mapSpec, peerSpec } from "../helpers/specs.ts";
import { granted, Timeline, type TimelineOptions } from "../helpers/timeline.ts";

Deno.test("an idle engine has no deadline", () => {
  const t = new Timeline();
  assertEquals(t.engine.deadline, undefined);
  t.step({ type: "timeout" });
  assertEquals([t.engine.deadline, t.log.length], [undefined, 0]);
});

/** A life with events of every kind, in which `interrupt` is called now and then. */
function eventful(options: TimelineOptions, interrupt: (t: Timeline) => void): Timeline {
  const t = new Timeline(options);
  const a = t.request(mapSpec());
  const b = t.request(peerSpec(), 3);
  const c = t.request(mapSpec({ internalPort: 81 }), 1);
  const until = (time: number): void => {
    while (t.now < time) {
      t.at(Math.min(time, t.now + 977));
      interrupt(t);
    }
  };
  until(7_000);
  t.answer(a, { lifetime: 120 }).refuse(b, 8, 20).answer(c, { lifetime: 60 });
  until(40_000);
  t.answer(b, { lifetime: 90 }).renew(a, 300);
  until(70_000);
  t.announce(0).step({ type: "announce" });
  until(90_000);
  t.announce(20).refuse(a, 2, 30, { epoch: 20 }).release(b);
  until(130_000);
  t.answer(a, { lifetime: 60, epoch: 60 });
  until(150_000);
  t.release(a);
  until(400_000);
  return t;
}

Deno.test("a timeout at any time changes nothing that time itself has not changed", () => {
  for (let seed = 0; seed < 20; seed++) {
    const plain = eventful({ seed }, () => {});
    const random = seededRandom(seed + 100);
    const nervous = eventful({ seed }, (t) => {
      const before = t.engine.deadline;
      const times = Math.floor(random() * 4);
      for (let n = 0; n < times; n++) t.step({ type: "timeout" });
      assertEquals(t.engine.deadline, before);
    });
    assertEquals(nervous.log, plain.log);
  }
});

Deno.test("the deadline never stays in the past, and each wake-up comes to something", () => {
  for (let seed = 0; seed < 20; seed++) {
    const t = eventful({ seed }, () => {}); // the timeline checks the deadline after each step
    assertEquals(t.engine.deadline, undefined);
    assert(t.log.length > 20);
  }
});

Deno.test("a wake-up that comes much too late finds the mapping expired and asks anew", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 });
  t.now = 5_000_000; // the host slept
  t.step({ type: "timeout" });
  assertEquals(t.states(id).slice(-2), [{ type: "expired" }, { type: "starting", attempt: 0 }]);
  t.send();
  assert((t.engine.deadline ?? 0) >= 5_002_700);
});

Deno.test("an answer that is waiting when the host wakes up is still good", () => {
  const t = new Timeline();
  const id = t.request(mapSpec());
  t.now = 3_000_000;
  t.receive(t.answerTo(t.latest(id), { lifetime: 7200 }));
  assertEquals(t.state(id), { type: "running" });
});

Deno.test("10,000 announcements in a second: bounded work, bounded sends (C-14.1.3-11)", () => {
  const t = new Timeline();
  for (let n = 1; n <= 200; n++) t.request(mapSpec({ internalPort: n }));
  t.serve(1_000, () => ({}), 5);
  const before = t.allSends().length;
  const started = performance.now();
  for (let n = 0; n < 10_000; n++) {
    t.at(10_000 + n / 10).announce(n % 2 === 0 ? 0 : 1_000_000);
  }
  t.serve(69_000, ({ at }) => ({ epoch: 1_000_000 + Math.floor((at - 11_000) / 1000) }), 5);
  const spent = performance.now() - started;
  const sends = t.allSends().length - before;
  assert(sends <= 2 * 200, `${sends} requests`);
  assert(spent < 5_000, `${spent} ms`);
  assertEquals(t.events("lost"), []);
});
