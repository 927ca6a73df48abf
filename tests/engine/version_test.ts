/** Version negotiation (RFC 6887 section 9, RFC 6886 section 1.1). */

import { assert, assertEquals } from "@std/assert";
import { IpAddress } from "../../src/wire/address.ts";
import { encodeResponse } from "../../src/wire/message.ts";
import type { Option } from "../../src/wire/option.ts";
import { octets } from "../helpers/hex.ts";
import { mapSpec, peerSpec, server4 } from "../helpers/specs.ts";
import { goldenBytes, granted, Timeline } from "../helpers/timeline.ts";

/** UNSUPP_VERSION in 24 octets. */
function versionError(version: number, lifetime: number): Uint8Array {
  return encodeResponse({ type: "announce", version, result: 1, lifetime, epoch: 1000 });
}

function asked(config = {}): { t: Timeline; id: number } {
  const t = new Timeline({ random: () => 0.5, config });
  const id = t.request(mapSpec());
  t.send();
  t.takeEvents();
  return { t, id };
}

Deno.test("an unknown version is asked again after the lifetime, 30 minutes at most (C-9-4, defect 16)", () => {
  for (const [lifetime, wait] of [[600, 600], [1800, 1800], [7200, 1800]] as const) {
    const { t, id } = asked();
    t.receive(versionError(3, lifetime));
    assertEquals(t.state(id), { type: "error", code: 1, name: "UNSUPP_VERSION", retryIn: wait });
    t.silentUntil(wait * 1000 - 1).at(wait * 1000);
    assertEquals(t.send().bytes[0], 2);
  }
  const { t } = asked();
  t.receive(goldenBytes("unsupportedVersion3")).silentUntil(1_799_999).at(1_800_000).send();
});

Deno.test("version 1 is never spoken (C-9-6)", () => {
  const { t } = asked();
  t.receive(versionError(1, 600)).silentUntil(599_999).at(600_000);
  assertEquals(t.send().bytes[0], 2);
});

Deno.test("a server that refuses version 2 and names it is not asked in a tight loop (C-9-12)", () => {
  const { t, id } = asked();
  const waits: number[] = [];
  for (let round = 0; round < 7; round++) {
    t.receive(t.answerTo(t.latest(id), { result: 1, lifetime: 0 }));
    const from = t.now;
    waits.push((t.nextSend().at - from) / 1000);
  }
  assertEquals(waits, [60, 120, 240, 480, 960, 1800, 1800]);
});

Deno.test("meanwhile no request is sent, for new mappings or ANNOUNCE (C-9-4)", () => {
  const { t } = asked();
  t.receive(versionError(3, 600));
  t.request(mapSpec({ internalPort: 81 }));
  t.request(peerSpec());
  t.step({ type: "announce" });
  t.silentUntil(599_999);
  t.at(600_000).sends(4);
});

Deno.test("a version error of a server that spoke PCP holds new requests for a moment, and asks once (C-9-11)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 3600 }, { random: () => 0.5 });
  const held = t.request(mapSpec({ internalPort: 81 }));
  t.send();
  t.receive(versionError(3, 1800));
  const waiting = t.request(mapSpec({ internalPort: 82 }));
  assertEquals([t.state(held).type, t.state(waiting).type], ["starting", "requested"]);
  t.silentUntil(2_999).at(3_000);
  const [question] = t.sends(1);
  assertEquals(question?.request.type, "announce");
  t.announce(t.epoch, { multicast: false });
  // The answer refutes the version error: what was held is sent at once, and the next error changes nothing.
  t.sends(2);
  t.receive(versionError(3, 1800)).answer(held).answer(waiting);
  assertEquals([id, held, waiting].map((each) => t.state(each).type), Array(3).fill("running"));
  assertEquals([t.events("lost"), t.events("ignored").map(({ reason }) => reason)], [[], [
    "stale",
  ]]);
});

Deno.test("a server that refuses the question too counts as never heard (C-9-11)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 3600 }, { random: () => 0.5 });
  const other = t.request(mapSpec({ internalPort: 81 }));
  t.receive(versionError(3, 600)).takeSends();
  t.at(3_000).sends(1);
  t.receive(versionError(3, 600));
  assertEquals([t.state(id).type, t.state(other).type], ["running", "error"]);
  t.silentUntil(602_999).at(603_000).send();
  t.answer(other);
  assertEquals(t.state(other).type, "running");
});

Deno.test("a version error that refutes nothing in time changes nothing (C-9-11)", () => {
  const { t } = granted(mapSpec(), { lifetime: 3600 }, { random: () => 0.5 });
  const other = t.request(mapSpec({ internalPort: 81 }));
  t.receive(versionError(3, 600)).takeSends();
  t.at(3_000).sends(1);
  t.at(3_000 + 251).receive(versionError(3, 600)); // the wait for the answer is over
  assertEquals(t.state(other).type, "starting");
  t.at(3_251 + 10_000);
  assert(t.takeSends().length > 0);
  t.answer(other);
  assertEquals(t.state(other).type, "running");
});

Deno.test("every length from 4 octets on is recognised, from the right source only (C-9-10, defect 18)", () => {
  for (const length of [4, 8, 12, 24]) {
    const bytes = versionError(3, 600).subarray(0, length);
    const other = asked();
    other.t.receive(bytes, { source: { ...server4, port: 5350 } });
    other.t.receive(bytes, { source: { address: IpAddress.parse("192.168.1.9"), port: 5351 } });
    assertEquals(other.t.ignored(), ["source", "source"]);
    const { t, id } = asked();
    t.receive(bytes);
    assertEquals(t.state(id).type, "error", `${length} octets`);
  }
});

Deno.test("without a request a version error is ignored (C-9-11)", () => {
  const { t, id } = granted(mapSpec());
  for (const bytes of [versionError(3, 600), goldenBytes("natPmpVersionError")]) {
    t.at(t.now + 1_000).receive(bytes);
  }
  assertEquals(t.ignored(), ["stale", "stale"]);
  assertEquals(t.state(id), { type: "running" });
  t.request(mapSpec({ internalPort: 81 }));
  t.send();
});

Deno.test("a version error takes no live mapping away, not even during its renewal (C-9-11)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 3600 });
  t.nextSend();
  t.receive(versionError(3, 60)).pass(10_000);
  t.receive(versionError(3, 60)).at(3_599_999);
  assertEquals(t.events("lost"), []);
  t.takeSends();
  t.answer(id, { lifetime: 3600 });
  assertEquals(t.state(id), { type: "running" });
});

Deno.test("a deletion waits for the answer to the question, and is repeated (C-9-11)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 300 }, { random: () => 0.5 });
  t.release(id).send();
  t.receive(versionError(3, 600)).silentUntil(2_999).at(3_300);
  assertEquals(t.takeSends().map(({ request }) => request.type), ["announce", "map"]);
  assertEquals(t.state(id).type, "updating");
  t.answer(id);
  assertEquals(t.state(id), { type: "revoked" });
});

Deno.test("a success during the wait is used (C-8-3)", () => {
  const { t, id } = asked();
  t.receive(versionError(3, 600)).at(10_000).answer(id);
  assertEquals(t.state(id), { type: "running" });
});

Deno.test("a version error answers an ANNOUNCE (C-9-4)", () => {
  const t = new Timeline();
  t.step({ type: "announce" }).send();
  t.receive(versionError(3, 600));
  assertEquals(t.events("announceFailed").map(({ code, lifetime }) => [code, lifetime]), [
    [1, 600],
  ]);
  t.silentUntil(10_000_000);
});

Deno.test("without NAT-PMP a server of version 0 is asked again like any other (C-9-5, C-9-8)", () => {
  // Octets 4 to 7 are its epoch, whatever they say, and no lifetime.
  for (const epoch of ["000003e8", "ffffffff"]) {
    const { t } = asked({ natPmp: false });
    t.receive(octets(`00810001 ${epoch}`)).at(30 * 60_000);
    const [first] = t.takeSends();
    assertEquals([first?.at, first?.bytes[0]], [60_000, 2]);
  }
});

Deno.test("what NAT-PMP cannot do is not asked for in NAT-PMP (C-9-13)", () => {
  const filter: Option = {
    type: "filter",
    prefixLength: 120,
    remotePort: 0,
    remoteAddress: IpAddress.parse("198.51.100.0"),
  };
  const specs = [peerSpec(), mapSpec({ options: [filter] }), mapSpec({ protocol: 132 })];
  for (const spec of specs) {
    const t = new Timeline();
    const id = t.request(spec);
    t.send();
    t.receive(goldenBytes("natPmpVersionErrorWithOpcode"));
    assertEquals(t.state(id).type, "error");
    t.at(10_000);
    for (const { bytes } of t.takeSends()) assertEquals(bytes[0], 2);
  }
});
