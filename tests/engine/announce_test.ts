/** ANNOUNCE and rapid recovery (RFC 6887 section 14.1). */

import { assert, assertEquals } from "@std/assert";
import { IpAddress } from "../../src/wire/address.ts";
import { encodeResponse } from "../../src/wire/message.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import { goldenBytes, granted, Timeline } from "../helpers/timeline.ts";
import { mapSpec, server4 } from "../helpers/specs.ts";

function many(count: number, options: ConstructorParameters<typeof Timeline>[0] = {}) {
  const t = new Timeline(options);
  const ids = Array.from(
    { length: count },
    (_, index) => t.request(mapSpec({ internalPort: 1 + index })),
  );
  t.serve(1_000, () => ({}), 5);
  t.takeEvents();
  return { t, ids };
}

Deno.test("an announced restart recovers every mapping after a random wait of up to 5 s, 100 runs (C-14.1.3-1, C-14.1.3-5)", () => {
  const waits = Array.from({ length: 100 }, (_, seed) => {
    const { t } = granted(mapSpec(), {}, { seed });
    t.at(100_000).announce(0).sends(0);
    return t.nextSend().at - 100_000;
  });
  assert(Math.min(...waits) >= 0 && Math.max(...waits) <= 5_000);
  assert(Math.min(...waits) < 500 && Math.max(...waits) > 4_500, "the whole span is used");
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
  assert(mean > 2_000 && mean < 3_000, `mean ${mean}`);
});

Deno.test("a unicast announcement works as well (C-14.1.3-2)", () => {
  const { t, id } = granted(mapSpec());
  t.at(100_000).announce(0, { multicast: false }).at(105_000);
  assertEquals(t.send().id, id);
});

Deno.test("announcements count from the server's address and port only (C-14.1.3-4)", () => {
  const { t } = granted(mapSpec());
  const { epoch } = t.engine;
  const elsewhere = IpAddress.parse("192.168.1.77");
  t.at(100_000).announce(0, { source: { address: elsewhere, port: 5351 } });
  t.announce(0, { source: { ...server4, port: 5350 } });
  assertEquals(t.ignored(), ["source", "source"]);
  assertEquals(t.engine.epoch, epoch);
  t.silentUntil(200_000);
});

Deno.test("an announcement with a plausible epoch only updates the epoch (C-14.1.3-6, defect 7)", () => {
  const { t } = granted(mapSpec());
  t.at(100_000).announce(1100);
  assertEquals(t.engine.epoch, { server: 1100, client: 100 });
  assertEquals(t.takeEvents(), []);
  t.silentUntil(1_000_000);
});

Deno.test("ten copies of one announcement cause one recovery (C-14.1.3-7)", () => {
  for (let seed = 0; seed < 50; seed++) {
    const { t, ids } = many(5, { seed });
    const start = 100_000;
    for (let copy = 0, wait = 250, at = start; copy < 10; copy++, at += wait, wait *= 2) {
      t.at(at).announce(Math.floor((at - start) / 1000));
      t.serve(at + wait, ({ at }) => ({ epoch: Math.floor((at - start) / 1000) }), 5);
    }
    const recovered = t.allSends().filter(({ at }) => at >= start);
    assertEquals(recovered.map(({ id }) => id).sort(), ids);
    assertEquals(t.events("serverRestarted").length, 1);
  }
});

Deno.test("lifetime and options of an announcement are ignored (C-14.1.3-8)", () => {
  const { t } = granted(mapSpec());
  t.at(100_000).receive(
    encodeResponse({
      type: "announce",
      result: 0,
      lifetime: 99,
      epoch: 0,
      options: [{ type: "unknown", code: 200, data: Uint8Array.of(1, 2, 3) }],
    }),
    { multicast: true },
  );
  t.at(105_000).send();
});

Deno.test("an announcement with an error is ignored unless it was asked for (C-14.1.3-9)", () => {
  const { t } = granted(mapSpec());
  const { epoch } = t.engine;
  t.at(100_000);
  t.announce(0, { result: 2, multicast: true }).announce(0, { result: 2, multicast: false });
  assertEquals(t.ignored(), ["notAnnouncement", "notAnnouncement"]);
  assertEquals(t.engine.epoch, epoch);
  t.silentUntil(200_000);
});

Deno.test("on the announcement port nothing but announcements counts (C-14.1.3-1)", () => {
  const { t, id } = granted(mapSpec());
  t.receive(t.answerTo(t.latest(id), { epoch: 0 }), { multicast: true });
  t.receive(goldenBytes("unsupportedVersion3"), { multicast: true });
  assertEquals(t.ignored(), ["notAnnouncement", "notAnnouncement"]);
});

Deno.test("the version octet counts: a NAT-PMP announcement is no PCP (C-14.1.3-10, defect 21)", () => {
  const { t } = granted(mapSpec());
  const { epoch } = t.engine;
  t.at(100_000).receive(Uint8Array.of(0, 128, 0, 0, 0, 0, 0, 0, 203, 0, 113, 5), {
    multicast: true,
  });
  assertEquals(t.takeEvents().map(({ type }) => type), ["ignored"]);
  assertEquals(t.engine.epoch, epoch);
  t.silentUntil(200_000);
});

Deno.test("alternating epochs cause two rounds at once, then one a minute; no mapping is lost (C-14.1.3-11)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 86_400 });
  const start = 100_000;
  for (let at = start; at < start + 600_000; at += 500) {
    t.at(at).announce(at % 1000 === 0 ? 0 : 50_000);
    for (const sent of t.takeSends()) if (sent.id === id) t.answer(id, { lifetime: 86_400 });
  }
  const rounds = t.allSends().filter(({ at }) => at >= start);
  assert(rounds.length >= 10 && rounds.length <= 12, `${rounds.length} requests in 10 minutes`);
  assertEquals(t.events("lost"), []);
});

Deno.test("a flood of announcements does not put the first round off (C-14.1.3-5, C-14.1.3-11)", () => {
  const { t } = granted(mapSpec(), {}, { random: () => 0.99 });
  for (let at = 100_000; at < 104_900; at += 100) t.at(at).announce(at % 200 === 0 ? 0 : 50_000);
  t.silentUntil(104_949).at(104_950).send();
});

Deno.test("rounds that a quiet time brings back: two at once again after two minutes (C-14.1.3-11)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 86_400 });
  const restart = (at: number, epoch: number): number => {
    t.at(at).announce(epoch);
    const sent = t.nextSend(at + 120_000);
    t.answer(id, { epoch, lifetime: 86_400 });
    return sent.at - at;
  };
  assert(restart(100_000, 0) <= 5_000);
  assert(restart(110_000, 50_000) <= 5_000);
  assert(restart(120_000, 0) > 30_000);
  assert(restart(600_000, 50_000) <= 5_000);
  assert(restart(610_000, 0) <= 5_000);
  assert(restart(620_000, 50_000) > 30_000);
});

Deno.test("a hundred mappings are recovered without a burst (C-14.1.3-12)", () => {
  const { t } = many(100);
  t.at(100_000).announce(0);
  const times = t.serve(110_000, () => ({ epoch: 5 }), 5).map(({ at }) => at);
  const most = Math.max(...times.map((at) => times.filter((other) => other === at).length));
  assertEquals(times.length, 100);
  assert(most <= 64, `${most} at once`);
});

Deno.test("the first announcement of a server brings waiting requests forward (C-14.1.3-5)", () => {
  const t = new Timeline({ random: () => 0.5 });
  const id = t.request(mapSpec());
  t.at(1_000_000).takeSends();
  t.announce(0).silentUntil(1_002_499).at(1_002_500);
  assertEquals(t.send().id, id);
  assertEquals(t.state(id), { type: "starting", attempt: 0 });
  t.silentUntil(1_005_499).at(1_005_500).send(); // the waits begin small again
});

Deno.test("the response to an ANNOUNCE gives epoch and round trip and changes no mapping (C-14.1-2)", () => {
  const t = new Timeline();
  t.step({ type: "announce" }).send();
  t.at(20).announce(1234, { multicast: false });
  assertEquals(t.takeEvents().map(({ at: _, ...event }) => event), [
    { type: "announced", epoch: 1234, roundTrip: 20 },
  ]);
  assertEquals(t.engine.deadline, undefined);
});

Deno.test("a refused ANNOUNCE is reported, and not repeated before its lifetime is over (C-8.3-L1)", () => {
  const t = new Timeline();
  t.step({ type: "announce" }).send();
  t.receive(
    encodeResponse({ type: "announce", result: ResultCode.UnsuppOpcode, lifetime: 60, epoch: 9 }),
  );
  assertEquals(t.events("announceFailed").map(({ code, lifetime }) => [code, lifetime]), [[4, 60]]);
  t.at(10_000).step({ type: "announce" });
  t.silentUntil(59_999).at(60_000).send();
  t.step({ type: "cancelAnnounce" });
  const id = t.request(mapSpec()); // other requests are not held
  assertEquals(t.send().id, id);
});
