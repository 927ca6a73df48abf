/** Retransmission (RFC 6887 section 8.1.1). */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { retransmissionTime } from "../../src/engine/retransmission.ts";
import { defaultConfig } from "../../src/engine/config.ts";
import { assertWithin, retransmissionGaps, transmissionTimes } from "../helpers/oracle.ts";
import { mapSpec, peerSpec } from "../helpers/specs.ts";
import { granted, Timeline } from "../helpers/timeline.ts";
import { hex } from "../helpers/hex.ts";

const SEEDS = Array.from({ length: 50 }, (_, index) => index + 1);

/** The times of the first sends of a mapping that gets no answer. */
function sendTimes(seed: number, count: number): number[] {
  const t = new Timeline({ seed });
  t.request(mapSpec());
  return Array.from({ length: count }, () => t.nextSend().at);
}

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((time, index) => time - (times[index] ?? NaN));
}

Deno.test("an unanswered request is repeated at the times of the RFC, 50 runs (C-8.1.1-1, C-8.1.1-2, C-8.1.1-4)", () => {
  for (const seed of SEEDS) {
    const times = sendTimes(seed, 14);
    assertEquals(times[0], 0);
    gaps(times).forEach((gap, index) => {
      assertWithin(gap, retransmissionGaps[index] ?? [0, 0], `gap ${index + 1}`);
      assertWithin(times[index + 1] ?? NaN, transmissionTimes[index] ?? [0, 0], `time ${index}`);
    });
  }
});

Deno.test("waits double with a fresh 10 % to both sides each time (C-8.1.1-3)", () => {
  const ratios = SEEDS.flatMap((seed) => {
    const found = gaps(sendTimes(seed, 9));
    return found.slice(1).map((gap, index) => gap / (found[index] ?? NaN));
  });
  for (const ratio of ratios) assert(ratio >= 1.8 - 1e-9 && ratio <= 2.2 + 1e-9, `${ratio}`);
  assert(Math.min(...ratios) < 1.85 && Math.max(...ratios) > 2.15, "the whole span is used");
});

Deno.test("late waits are 1024 s and 10 % to both sides (C-8.1.1-4)", () => {
  const late = SEEDS.flatMap((seed) => gaps(sendTimes(seed, 20)).slice(11));
  for (const gap of late) assert(gap >= 921_600 && gap <= 1_126_400, `${gap}`);
  assert(Math.min(...late) < 940_000 && Math.max(...late) > 1_108_000);
});

Deno.test("runs differ (C-8.1.1-7)", () => {
  assertNotEquals(sendTimes(1, 5), sendTimes(2, 5));
});

Deno.test("it goes on for as long as the mapping is wanted (C-8.1.1-5)", () => {
  const t = new Timeline();
  const id = t.request(mapSpec());
  t.at(24 * 3_600_000).takeSends();
  assert(t.nextSend().at < 24 * 3_600_000 + 1_126_400);
  assertEquals(t.state(id).type, "starting");
});

Deno.test("attempts are counted in the state (C-8.1.1-1)", () => {
  const t = new Timeline({ random: () => 0.5 });
  const id = t.request(mapSpec());
  t.at(21_000);
  assertEquals(t.states(id), [0, 1, 2, 3].map((attempt) => ({ type: "starting", attempt })));
});

Deno.test("with MRC the exchange fails after so many transmissions (C-8.1.1-6)", () => {
  const t = new Timeline({ random: () => 0.5, config: { maximumTransmissions: 4 } });
  const id = t.request(mapSpec());
  t.at(44_999);
  assertEquals(t.takeSends().map(({ at }) => at), [0, 3_000, 9_000, 21_000]);
  assertEquals(t.state(id).type, "starting");
  t.at(45_000); // the wait after the fourth
  assertEquals(t.state(id), { type: "error", code: -1, name: "NO_RESPONSE" });
  assertEquals(t.engine.deadline, undefined);
});

Deno.test("with MRD the exchange fails after so much time (C-8.1.1-6)", () => {
  const t = new Timeline({ random: () => 0.5, config: { maximumDuration: 10_000 } });
  const id = t.at(0.1).request(mapSpec());
  t.at(10_000);
  assertEquals(t.takeSends().map(({ at }) => Math.round(at)), [0, 3_000, 9_000]);
  assertEquals(t.state(id).type, "starting");
  t.at(10_001).sends(0);
  assertEquals(t.state(id), { type: "error", code: -1, name: "NO_RESPONSE" });
});

Deno.test("with MRC and MRD the first that comes ends it (C-8.1.1-6)", () => {
  const config = { maximumTransmissions: 2, maximumDuration: 60_000 };
  const t = new Timeline({ random: () => 0.5, config });
  const id = t.request(mapSpec());
  t.at(9_000).sends(2);
  assertEquals(t.state(id).type, "error");
});

Deno.test("an MRD whose end rounds down is no loop of sends (C-8.1.1-6)", () => {
  for (let start = 0; start < 200; start++) {
    const t = new Timeline({ seed: start, config: { maximumDuration: 1_000.1 } });
    t.at(start * 1.37).request(mapSpec());
    t.at(20_000).sends(1);
  }
});

Deno.test("MRT 0 means no cap (C-8.1.1-4)", () => {
  const config = { ...defaultConfig, maximumRetransmission: 0 };
  assertEquals(retransmissionTime(2_000_000, () => 0.5, config), 4_000_000);
  assertEquals(retransmissionTime(2_000_000, () => 0.5, defaultConfig), 1_024_000);
});

Deno.test("a mapping released before the answer is deleted, for it may exist (C-8.1.1-8)", () => {
  const t = new Timeline();
  const id = t.request(mapSpec());
  t.send();
  t.at(1_000).release(id);
  assertEquals(t.send().request.lifetime, 0);
  t.answer(id).takeEvents();
  t.silentUntil(10_000_000);
});

Deno.test("a PEER request without an answer is just not repeated (C-8.1.1-8, C-12.1-D)", () => {
  const t = new Timeline();
  const id = t.request(peerSpec());
  t.send();
  t.at(1_000).release(id).silentUntil(10_000_000);
  assertEquals(t.state(id), { type: "revoked" });
});

Deno.test("after a success the next datagram comes in the first renewal window (C-8.1.1-9)", () => {
  for (const seed of SEEDS) {
    const t = new Timeline({ seed });
    const id = t.request(mapSpec());
    t.at(4_000).answer(id, { lifetime: 600 }).takeSends();
    const sentLast = t.allSends().at(-1)?.at ?? NaN;
    assertWithin(t.nextSend().at - sentLast, [300, 375], "renewal");
  }
});

Deno.test("a late answer to a repeated request is used, a second one is an update (C-8.1.1-11)", () => {
  const t = new Timeline();
  const id = t.request(mapSpec());
  t.at(3_400).sends(2);
  t.answer(id).answer(id);
  assertEquals(t.state(id), { type: "running" });
  const events = t.takeEvents().map(({ type }) => type);
  assertEquals(events, ["state", "state", "state", "granted", "granted"]);
  assertEquals(t.events("granted").map(({ changed }) => changed), [true, false]);
});

Deno.test("datagrams that do not match leave the timer alone (C-8.1.1-12)", () => {
  const plain = sendTimes(3, 4);
  const t = new Timeline({ seed: 3 });
  const id = t.request(mapSpec());
  const wrong = t.answerTo(t.latest(id));
  wrong[24] = 0x55;
  const times = [t.nextSend().at];
  for (const moment of [1_000, 2_000, 4_000, 10_000]) {
    t.at(moment).receive(wrong);
    times.push(...t.takeSends().map(({ at }) => at));
  }
  t.at(40_000);
  times.push(...t.takeSends().map(({ at }) => at));
  assertEquals(times.slice(0, 4), plain);
});

Deno.test("renewals and deletions differ from the creation in suggestion and lifetime only (C-8.1.1-10)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 });
  t.at(400_000);
  const renewal = t.send().bytes;
  t.answer(id, { lifetime: 600 }).release(id);
  const deletion = t.send().bytes;
  const creation = t.allSends()[0]?.bytes ?? new Uint8Array();
  const fixed = (bytes: Uint8Array): string[] => [
    hex(bytes.subarray(0, 4)), // version, opcode, reserved
    hex(bytes.subarray(8, 42)), // client address, nonce, protocol, internal port
  ];
  assertEquals(fixed(renewal), fixed(creation));
  assertEquals(fixed(deletion), fixed(creation));
  assertEquals(hex(renewal.subarray(4, 8)), hex(creation.subarray(4, 8)));
});

Deno.test("a failed send ends nothing: the request is repeated, the next one is sent (defect 22)", () => {
  const t = new Timeline({ random: () => 0.5 });
  const id = t.request(mapSpec());
  t.send();
  t.step({ type: "sendFailed", id });
  t.step({ type: "sendFailed", id: undefined }).step({ type: "sendFailed", id: 99 });
  assertEquals(t.state(id), { type: "starting", attempt: 0 });
  const other = t.request(mapSpec({ internalPort: 81 }));
  t.send();
  t.answer(other);
  t.at(3_000).answer(id);
  assertEquals(t.send().id, id);
  assertEquals(t.state(id), { type: "running" });
});

Deno.test("ANNOUNCE is repeated like any request until it is answered (C-8.1.1-1)", () => {
  const t = new Timeline({ random: () => 0.5 });
  t.step({ type: "announce" }).at(30_000);
  assertEquals(t.takeSends().map(({ at }) => at), [0, 3_000, 9_000, 21_000]);
  t.step({ type: "announce" }).sends(0); // the request under way serves
  t.announce(1030, { multicast: false });
  assertEquals(t.events("announced").map(({ epoch, roundTrip }) => [epoch, roundTrip]), [
    [1030, 9_000],
  ]);
  t.silentUntil(10_000_000);
});

Deno.test("a cancelled ANNOUNCE is not repeated (C-8.1.1-8)", () => {
  const t = new Timeline();
  t.step({ type: "announce" }).send();
  t.step({ type: "cancelAnnounce" }).silentUntil(10_000_000);
  t.step({ type: "announce" }).send();
});

Deno.test("an update that MRC ends leaves the mapping as it was (C-8.1.1-6)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 }, {
    config: { maximumTransmissions: 2 },
    random: () => 0.5,
  });
  t.at(10_000).renew(id, 900).at(30_000).sends(2);
  assertEquals(t.state(id), { type: "running" });
  assertEquals(t.nextSend().at, 338_000); // 9/16 of the lifetime, at a whole second
});
