/** Renewal (RFC 6887 sections 8.1.1, 11.2.1, 15). */

import { assert, assertEquals } from "@std/assert";
import { defaultConfig } from "../../src/engine/config.ts";
import { nextRenewal } from "../../src/engine/renewal.ts";
import { IpAddress } from "../../src/wire/address.ts";
import type { Option } from "../../src/wire/option.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { goldenNonce } from "../helpers/golden.ts";
import { assertWithin, renewalWindows } from "../helpers/oracle.ts";
import { mapSpec, peerSpec } from "../helpers/specs.ts";
import {
  assertGolden,
  granted,
  mapOrPeer,
  scripted,
  type Sent,
  Timeline,
} from "../helpers/timeline.ts";

const SEEDS = Array.from({ length: 50 }, (_, index) => index + 1);

/** What is sent until the lifetime is over, if no answer comes. */
function renewals(lifetime: number, seed: number, spec = mapSpec()): Sent[] {
  const { t } = granted(spec, { lifetime }, { seed });
  return t.at(lifetime * 1000 - 1).takeSends();
}

function assertApart(sends: readonly Sent[]): void {
  for (const [index, { at }] of sends.entries()) {
    const before = sends[index - 1];
    if (before !== undefined) assert(at - before.at >= 4_000 - 1e-6, `${at - before.at} ms`);
  }
}

Deno.test("the first renewal comes between 1/2 and 5/8, spread over the window, 50 runs (C-11.2.1-1, C-11.2.1-2, defect 14)", () => {
  const times = SEEDS.map((seed) => (renewals(600, seed)[0]?.at ?? NaN) / 1000);
  assert(times.every(Number.isInteger), "many are renewed together");
  assert(Math.min(...times) >= 300 && Math.max(...times) <= 375);
  assert(Math.min(...times) < 310 && Math.max(...times) > 365, "the whole window is used");
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  assert(mean > 325 && mean < 350, `mean ${mean}`);
  assert(new Set(times).size > times.length / 2, "not all of them");
});

Deno.test("renewals leave in bunches, three to a window at least, and never outside (C-11.2.1-1)", () => {
  const random = seededRandom(11);
  for (const lifetime of [8_000, 30_000, 120_000, 600_000, 86_400_000]) {
    for (const attempt of [1, 2, 3]) {
      const begin = lifetime * (1 - 2 ** -attempt);
      const width = lifetime * 2 ** -attempt / 4;
      const times = Array.from({ length: 400 }, () => {
        const timing = { grantedAt: 0, lifetime, attempt, previousAt: -Infinity };
        return nextRenewal(0, timing, random, defaultConfig)?.at ?? NaN;
      });
      assert(times.every((at) => at >= begin && at <= begin + width), `${lifetime} ${attempt}`);
      const moments = new Set(times).size;
      assert(moments >= 3 && moments <= width / 125 + 1 || width < 375, `${moments} moments`);
      assert(width < 3_000 || times.every((at) => at % 1_000 === 0), "whole seconds");
    }
  }
});

Deno.test("without bunches each renewal has a moment of its own", () => {
  const config = { ...defaultConfig, renewalBunch: 0 };
  const times = Array.from({ length: 100 }, () => {
    const timing = { grantedAt: 0, lifetime: 600_000, attempt: 1, previousAt: -Infinity };
    return nextRenewal(0, timing, Math.random, config)?.at;
  });
  assertEquals(new Set(times).size, 100);
});

Deno.test("an unanswered renewal is one packet in each window, 50 runs (C-11.2.1-3, C-11.2.1-4)", () => {
  for (const [lifetime, windows] of renewalWindows) {
    if (lifetime === 120) continue; // the next test
    for (const seed of SEEDS) {
      const sends = renewals(lifetime, seed);
      windows.forEach((window, index) => {
        // The rule of 4 seconds may move the last ones.
        const before = sends[index - 1]?.at ?? -Infinity;
        if ((window[0] * 1000) - before < 4_000) return;
        assertWithin(sends[index]?.at ?? NaN, window, `attempt ${index + 1} of ${lifetime} s`);
      });
    }
  }
});

Deno.test("renewals keep 4 s apart, also when that moves them out of their windows (C-11.2.1-5)", () => {
  const windows = renewalWindows.get(120) ?? [];
  for (const seed of SEEDS) {
    const sends = renewals(120, seed);
    assertApart(sends);
    assert(sends.length === 4 || sends.length === 5, `${sends.length} packets`);
    for (const index of [0, 1, 2]) {
      assertWithin(sends[index]?.at ?? NaN, windows[index] ?? [0, 0], `attempt ${index + 1}`);
    }
    assertWithin(sends[3]?.at ?? NaN, [112.5, 114.625], "attempt 4");
    if (sends[4] !== undefined) assertWithin(sends[4].at, [116.5, 118.625], "attempt 5");
  }
});

Deno.test("short lifetimes are renewed, too, and keep 4 s apart (C-11.2.1-1, C-11.2.1-5, defect 14)", () => {
  for (const lifetime of [2, 3, 4, 5, 7, 10, 20]) {
    for (const seed of SEEDS.slice(0, 10)) {
      const sends = renewals(lifetime, seed);
      assert(sends.length >= 1, `lifetime ${lifetime}`);
      assertWithin(sends[0]?.at ?? NaN, [lifetime / 2, lifetime * 5 / 8], "first renewal");
      assertApart(sends);
    }
  }
});

Deno.test("renewals of consecutive lifetimes keep 4 s apart (C-11.2.1-5)", () => {
  for (const lifetime of [3, 5, 6, 8]) {
    const { t } = granted(mapSpec({ lifetime }), { lifetime });
    const sends = t.serve(120_000, () => ({ lifetime }), 20);
    const updates = sends.filter(({ at }) =>
      t.events("state").some((event) => event.at === at && event.state.type === "updating")
    );
    assert(updates.length > 10);
    assertApart(updates);
  }
});

Deno.test("a success starts the next lifetime (C-11.4-L6, C-8.1.1-9)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 });
  for (let round = 0; round < 20; round++) {
    const { at } = t.nextSend();
    t.answer(id, { lifetime: 600 });
    assertEquals(t.state(id), { type: "running" });
    assertWithin(t.nextSend().at - at, [300, 375], `round ${round}`);
    t.answer(id, { lifetime: 600 });
  }
  assertEquals(t.events("lost"), []);
  assert(t.now > 40 * 300_000);
});

Deno.test("a renewal suggests what is assigned and asks for what was wanted (C-11.2.1-6, C-11.2.1-7, defect 9, defect 10)", () => {
  const { t } = granted(mapSpec(), { lifetime: 3600 }, { words: scripted(...goldenNonce) });
  assertGolden(t.nextSend().bytes, "mapRenewal");
});

Deno.test("a granted lifetime never becomes the wanted one (C-11.2.1-7, defect 10)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 120 });
  for (const lifetime of [600, 60, 86_400]) {
    assertEquals(t.nextSend().request.lifetime, 7200);
    t.answer(id, { lifetime });
  }
});

Deno.test("renewals carry all the options, filters too (C-13.3-8, C-11.2.1-7)", () => {
  const filter: Option = {
    type: "filter",
    prefixLength: 120,
    remotePort: 0,
    remoteAddress: IpAddress.parse("198.51.100.0"),
  };
  const { t } = granted(mapSpec({ options: [filter] }));
  assertEquals(t.nextSend().request.options, [filter]);
});

Deno.test("PEER is renewed at the same times (C-11.2.1-8)", () => {
  for (const seed of SEEDS) {
    const sends = renewals(600, seed, peerSpec());
    for (const [index, window] of (renewalWindows.get(600) ?? []).slice(0, 4).entries()) {
      assertWithin(sends[index]?.at ?? NaN, window, `attempt ${index + 1}`);
    }
  }
});

Deno.test("another port in the answer is adopted, reported, and suggested next (C-11.2.1-9)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 });
  t.nextSend();
  t.answer(id, { lifetime: 600, externalPort: 2000 });
  const last = t.events("granted").at(-1);
  assertEquals([last?.changed, last?.assignment.externalPort], [true, 2000]);
  assertEquals(mapOrPeer(t.nextSend().request).externalPort, 2000);
});

Deno.test("at its end without an answer it is lost, and asked for as at first (C-11.2.1-10, F-13)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 120 }, { random: () => 0.5 });
  t.at(119_999).takeSends();
  assertEquals(t.events("lost"), []);
  t.at(120_000);
  assertEquals(t.events("lost").map(({ at }) => at), [120_000]);
  assertEquals(t.states(id).slice(-2), [{ type: "expired" }, { type: "starting", attempt: 0 }]);
  const first = t.send();
  const { externalPort, nonce } = mapOrPeer(first.request);
  assertEquals([first.at, externalPort], [120_000, 40000]);
  assertEquals(nonce, mapOrPeer(t.allSends()[0]?.request ?? first.request).nonce);
  t.at(141_000);
  assertEquals(t.takeSends().map(({ at }) => at - 120_000), [3_000, 9_000, 21_000]);
  t.answer(id, { lifetime: 120 });
  assertEquals(t.state(id), { type: "running" });
});

Deno.test("a lifetime begins when the request left, not when the answer came (C-11.2.1-11)", () => {
  const t = new Timeline();
  const id = t.request(mapSpec());
  t.at(2_000).answer(id, { lifetime: 60 });
  assertEquals(t.events("granted")[0]?.assignment.expiresAt, 60_000);
  t.at(59_999);
  assertEquals(t.events("lost"), []);
  t.at(60_000);
  assertEquals(t.events("lost").length, 1);
});

Deno.test("an answer that comes after its own lifetime is over is granted and expired (C-11.2.1-11)", () => {
  const t = new Timeline();
  const id = t.request(mapSpec(), 1);
  t.at(2_600).answer(id, { lifetime: 2 });
  assertEquals(t.takeEvents().map(({ type }) => type), [
    "state",
    "state",
    "granted",
    "lost",
    "state",
  ]);
  assertEquals(t.state(id), { type: "expired" });
});

Deno.test("Once is one lifetime: no renewal, then expired (defect 15)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 }, { lifetimes: 1 });
  t.silentUntil(599_999);
  assertEquals(t.state(id), { type: "running" });
  t.silentUntil(10_000_000);
  assertEquals(t.events("state").at(-1), {
    type: "state",
    id,
    state: { type: "expired" },
    over: true,
    at: 600_000,
  });
});

Deno.test("Repeat(n) is n lifetimes in all (defect 15)", () => {
  for (const lifetimes of [1, 2, 3, 5]) {
    const t = new Timeline();
    const id = t.request(mapSpec(), lifetimes);
    const sends = t.serve(20_000_000, () => ({ lifetime: 600 }), 10);
    assertEquals(sends.length, lifetimes);
    assertEquals(t.state(id), { type: "expired" });
    const end = t.events("state").at(-1)?.at ?? 0;
    assertWithin(end, [600 + (lifetimes - 1) * 300, 600 + (lifetimes - 1) * 375], "end");
  }
});

Deno.test("a lifetime of Repeat(n) that came after an expiry or a hold counts once (defect 15)", () => {
  const t = new Timeline();
  const id = t.request(mapSpec(), 2);
  t.refuse(id, 7, 30).at(20_000).answer(id, { lifetime: 60 }).takeSends();
  t.at(80_000).takeSends(); // expired: one lifetime is left
  assertEquals(t.state(id).type, "starting");
  t.answer(id, { lifetime: 60 }).takeSends();
  t.silentUntil(1_000_000);
  assertEquals(t.state(id), { type: "expired" });
});

Deno.test("renew() asks for another lifetime at once, and for that from then on (defect 13)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 });
  t.at(10_000).renew(id, 900);
  assertEquals(t.send().request.lifetime, 900);
  assertEquals(t.state(id), { type: "updating", attempt: 0, lifetime: 900 });
  t.answer(id);
  assertEquals(t.events("granted").at(-1)?.assignment.expiresAt, 910_000);
  assertEquals(t.nextSend().request.lifetime, 900);
});

Deno.test("renew() is repeated until answered, 4 s apart at least (C-11.2.1-5, C-8.1.1-1)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 }, { random: () => 0.5 });
  t.at(10_000).renew(id, 900).at(36_000);
  assertEquals(t.takeSends().map(({ at }) => at - 10_000), [0, 4_000, 10_000, 22_000]);
  t.answer(id);
  assertEquals(t.state(id), { type: "running" });
});

Deno.test("renew() twice within 4 s waits for them to pass (C-11.2.1-5)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 });
  t.at(10_000).renew(id, 900).send();
  t.at(10_100).answer(id).renew(id, 1000);
  t.silentUntil(13_999).at(14_000);
  assertEquals(t.send().request.lifetime, 1000);
});

Deno.test("renew() during a renewal takes its place, 4 s after it (C-11.2.1-5)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 });
  const { at } = t.nextSend();
  t.at(at + 1_000).renew(id, 900).silentUntil(at + 3_999);
  t.at(at + 4_000);
  assertEquals(t.send().request.lifetime, 900);
  assertEquals(t.state(id), { type: "updating", attempt: 0, lifetime: 900 });
});

Deno.test("renew() before the first answer: the next request asks for it (defect 13)", () => {
  const t = new Timeline({ random: () => 0.5 });
  const id = t.request(mapSpec());
  t.send();
  t.at(1_000).renew(id, 900).at(3_000);
  assertEquals(t.send().request.lifetime, 900);
  t.answer(id, { lifetime: 900 });
  assertEquals(t.state(id), { type: "running" });
});

Deno.test("renew() of what is refused, being deleted or over sends nothing (defect 13)", () => {
  const { t, id } = granted(mapSpec());
  const held = t.request(mapSpec({ internalPort: 81 }));
  t.refuse(held, 2, 600).takeSends();
  t.renew(held, 900).sends(0);
  t.at(600_000);
  assertEquals(t.send().request.lifetime, 900);
  t.release(id).send();
  t.renew(id, 900).sends(0);
});

Deno.test("renew() gives a last lifetime another one, which does not count (defect 15)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 }, { lifetimes: 1 });
  t.at(500_000).renew(id, 600).send();
  t.answer(id, { lifetime: 600 });
  t.silentUntil(1_099_999).at(1_100_000);
  assertEquals(t.state(id), { type: "expired" });
});

Deno.test("renewals missed while the host slept are not made up for (C-11.2.1-3)", () => {
  const { t } = granted(mapSpec(), { lifetime: 3600 });
  t.now = 3_240_000; // no step in between: the host slept
  t.at(3_240_000).step({ type: "timeout" });
  t.send();
  assertWithin(t.nextSend().at, [3375, 3431.25], "attempt 4");
});

Deno.test("nextRenewal() gives nothing at or after the end", () => {
  const timing = { grantedAt: 0, lifetime: 10_000, attempt: 1, previousAt: -Infinity };
  const next = (now: number, changes = {}) =>
    nextRenewal(now, { ...timing, ...changes }, () => 0, defaultConfig);
  assertEquals(next(0), { attempt: 1, at: 5_000 });
  assertEquals(next(5_000), { attempt: 1, at: 5_000 });
  assertEquals(next(5_001), { attempt: 2, at: 7_500 });
  assertEquals(next(10_000), undefined);
  assertEquals(next(12_000), undefined);
  assertEquals(next(6_500, { previousAt: 6_500, attempt: 2 }), undefined);
});

Deno.test("nextRenewal() without chance takes the beginning of the window, and nothing at or after the end", () => {
  const next = (previousAt: number) =>
    nextRenewal(
      0,
      { grantedAt: 0, lifetime: 6_000, attempt: 1, previousAt },
      undefined,
      defaultConfig,
    );
  assertEquals(next(-Infinity), { attempt: 1, at: 3_000 });
  assertEquals(next(1_000), { attempt: 1, at: 5_000 });
  assertEquals(next(2_000), undefined); // 4 s later the lifetime is over
});

Deno.test("the number of lifetimes can change: more are renewed, fewer end (defect 15)", () => {
  const want = (t: Timeline, id: number, lifetimes: number): Timeline =>
    t.step({ type: "want", id, lifetimes });
  const more = granted(mapSpec(), { lifetime: 600 }, { lifetimes: 1 });
  more.t.at(10_000);
  want(more.t, more.id, 2);
  assertWithin(more.t.nextSend().at, [300, 375], "renewal");
  const fewer = granted(mapSpec(), { lifetime: 600 });
  fewer.t.at(10_000);
  want(fewer.t, fewer.id, 1).silentUntil(600_000);
  assertEquals(fewer.t.state(fewer.id), { type: "expired" });
  const asked = granted(mapSpec(), { lifetime: 600 });
  asked.t.nextSend();
  want(asked.t, asked.id, 1).silentUntil(600_000);
  assertEquals(asked.t.states(asked.id).slice(-2), [{ type: "running" }, { type: "expired" }]);
});
