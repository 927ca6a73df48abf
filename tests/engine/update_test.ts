/** Mapping updates: responses without a request (RFC 6887 sections 8.3, 14.2). */

import { assert, assertEquals } from "@std/assert";
import { IpAddress } from "../../src/wire/address.ts";
import type { Option } from "../../src/wire/option.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import { assertWithin } from "../helpers/oracle.ts";
import { mapSpec, peerSpec } from "../helpers/specs.ts";
import { granted, mapOrPeer, Timeline } from "../helpers/timeline.ts";

const elsewhere = IpAddress.parse("203.0.113.200");

Deno.test("an update after ten idle minutes is adopted and reported (C-14.2-1, C-8-1)", () => {
  const { t, id } = granted(mapSpec());
  t.at(600_000).answer(id, { externalAddress: elsewhere, externalPort: 2000 });
  const [event, ...more] = t.takeEvents();
  assert(event?.type === "granted");
  assertEquals([event.changed, more], [true, []]);
  assertEquals(event.assignment.externalAddress, elsewhere);
  assertEquals(event.assignment.externalPort, 2000);
  t.sends(0);
});

Deno.test("an update brings lifetime, renewal time and the next suggestion (C-14.2-2)", () => {
  const { t, id } = granted(mapSpec());
  t.at(600_000).answer(id, { externalAddress: elsewhere, externalPort: 2000, lifetime: 1200 });
  assertEquals(t.events("granted").at(-1)?.assignment.expiresAt, 1_800_000);
  const { at, request } = t.nextSend();
  assertWithin(at - 600_000, [600, 750], "renewal");
  const { externalAddress, externalPort, lifetime } = mapOrPeer(request);
  assertEquals([externalAddress, externalPort, lifetime], [elsewhere, 2000, 7200]);
});

Deno.test("three copies of an update are one change (C-14.2-3)", () => {
  const { t, id } = granted(mapSpec());
  for (const at of [600_000, 600_250, 600_750]) t.at(at).answer(id, { externalPort: 2000 });
  assertEquals(t.events("granted").slice(1).map(({ changed }) => changed), [true, false, false]);
  t.sends(0);
});

Deno.test("copies of an update whose lifetime is what is left by then are one change; a shorter life is another (C-14.2-3)", () => {
  const { t, id } = granted(mapSpec());
  const updates = [[600_000, 1000], [600_900, 999], [602_100, 998], [603_000, 500]] as const;
  for (const [at, lifetime] of updates) t.at(at).answer(id, { externalPort: 2000, lifetime });
  const changes = t.events("granted").slice(1).map(({ changed }) => changed);
  assertEquals(changes, [true, false, false, true]);
});

Deno.test("an update needs no reply (C-14.2-4)", () => {
  const { t, id } = granted(mapSpec());
  t.at(600_000).answer(id, { externalPort: 2000 }).silentUntil(4_000_000);
});

Deno.test("CANNOT_PROVIDE_EXTERNAL takes a PREFER_FAILURE mapping away for good (C-14.2-5)", () => {
  const spec = mapSpec({ externalPort: 80, options: [{ type: "preferFailure" }] });
  const { t, id } = granted(spec, { externalPort: 80 });
  t.at(10_000).refuse(id, ResultCode.CannotProvideExternal, 600);
  assertEquals(t.takeEvents().map(({ type }) => type), ["lost", "state"]);
  assertEquals(t.state(id), { type: "error", code: 11, name: "CANNOT_PROVIDE_EXTERNAL" });
  t.silentUntil(10_000_000);
});

Deno.test("CANNOT_PROVIDE_EXTERNAL takes a PEER mapping away for good (C-14.2-5, C-12-3)", () => {
  const { t, id } = granted(peerSpec());
  t.at(10_000).refuse(id, ResultCode.CannotProvideExternal, 600);
  assertEquals(t.state(id), { type: "error", code: 11, name: "CANNOT_PROVIDE_EXTERNAL" });
  t.silentUntil(10_000_000);
});

Deno.test("updates of a third party's mapping carry that option, filters are echoed (C-14.2-6)", () => {
  const third: Option = { type: "thirdParty", address: IpAddress.parse("192.168.1.99") };
  const filter: Option = {
    type: "filter",
    prefixLength: 128,
    remotePort: 0,
    remoteAddress: IpAddress.parse("198.51.100.7"),
  };
  const { t, id } = granted(mapSpec({ options: [third, filter] }), { options: [third, filter] });
  t.at(10_000).answer(id, { externalPort: 2000 });
  assertEquals(t.ignored(), ["unmatched"]);
  t.answer(id, { externalPort: 2000, options: [filter, third] });
  assertEquals(t.events("granted").at(-1)?.assignment.externalPort, 2000);
});

Deno.test("updates of mappings that are over are ignored without reply (C-14.2-7)", () => {
  const { t, id } = granted(mapSpec());
  const update = t.answerTo(t.latest(id), { externalPort: 2000 });
  t.at(10_000).release(id).answer(id).takeEvents();
  t.takeSends();
  t.at(60_000).receive(update);
  assertEquals(t.ignored(), ["unmatched"]);
  t.silentUntil(10_000_000);
});

Deno.test("an update during a renewal is its answer", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 });
  const { at } = t.nextSend();
  t.at(at + 1_000).answer(id, { externalPort: 2000, lifetime: 600 });
  assertEquals(t.state(id), { type: "running" });
  assertWithin(t.nextSend().at - at, [300, 375], "renewal");
});

Deno.test("an update does not use up a lifetime (defect 15)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 }, { lifetimes: 2 });
  for (const at of [10_000, 20_000, 30_000]) t.at(at).answer(id, { lifetime: 600 });
  assertEquals(t.nextSend().id, id); // the second lifetime
  t.answer(id, { lifetime: 600 });
  t.at(2_000_000).sends(0);
  assertEquals(t.state(id), { type: "expired" });
});

Deno.test("an update by the server does not cancel one by the caller that is not sent yet", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 });
  t.at(10_000).renew(id, 900).send();
  t.at(10_100).answer(id, { lifetime: 900 });
  t.at(11_000).renew(id, 1000).sends(0); // 4 s after the one before
  t.at(12_000).answer(id, { lifetime: 600, externalPort: 5 });
  t.silentUntil(13_999).at(14_000);
  assertEquals(t.send().request.lifetime, 1000);
  t.answer(id);
  assertEquals(t.events("granted").at(-1)?.assignment.lifetime, 1000);
  assertEquals(t.state(id), { type: "running" });
});

Deno.test("what an update shortened is deleted as long as it may live on (C-14.2-2, C-15.1-8)", () => {
  const { t, id } = granted(mapSpec({ lifetime: 600 }), { lifetime: 600 });
  // It may have left before a renewal, and come after the answer to that.
  t.at(10_000).answer(id, { lifetime: 60 }).at(10_250).answer(id, { lifetime: 60 });
  assertWithin(t.nextSend().at, [40, 47.75], "renewal");
  t.refuse(id, ResultCode.NetworkFailure, 1_000);
  t.at(80_000);
  assertEquals(t.state(id), { type: "expired" });
  t.release(id);
  assertEquals(mapOrPeer(t.send().request).lifetime, 0);
  t.at(599_999);
  assertEquals(t.state(id)?.type, "updating");
  t.at(600_000);
  assertEquals(t.state(id), { type: "revoked" });
});

Deno.test("a renewal without an answer may have been granted for longer than what an update left (C-14.2-2, C-15.1-8)", () => {
  const { t, id } = granted(mapSpec({ lifetime: 20 }), { lifetime: 60 });
  t.at(5_000).answer(id, { lifetime: 17 });
  const { at } = t.nextSend(); // carried out for 60 s, which the client does not learn
  t.at(22_000);
  assertEquals(t.states(id).at(-1)?.type, "starting"); // it has expired
  t.refuse(id, ResultCode.NetworkFailure, 1_000).takeSends();
  t.at(at + 59_000).release(id);
  assertEquals(mapOrPeer(t.send().request).lifetime, 0);
});

Deno.test("what an update shortened is deleted, too, if it passed for an answer (C-14.2-2, C-15.1-8)", () => {
  const { t, id } = granted(mapSpec({ lifetime: 600 }), { lifetime: 600 });
  const { at } = t.nextSend();
  t.answer(id, { lifetime: 20 }); // it left before; the answer to the request, 600 s, is lost
  t.nextSend();
  t.refuse(id, ResultCode.NetworkFailure, 1_000);
  t.at(at + 30_000);
  assertEquals(t.state(id), { type: "expired" });
  t.release(id);
  assertEquals(mapOrPeer(t.send().request).lifetime, 0);
  t.at(at + 599_999);
  assertEquals(t.state(id)?.type, "updating");
  t.at(at + 600_000);
  assertEquals(t.state(id), { type: "revoked" });
});

Deno.test("the socket's mapping answers a late grant of an expired one (C-8-1)", () => {
  const t = new Timeline();
  const id = t.request(mapSpec());
  t.answer(id, { lifetime: 60 }).at(60_000);
  assertEquals(t.state(id), { type: "starting", attempt: 0 });
  t.at(60_500).answer(id, { lifetime: 600 });
  assertEquals(t.state(id), { type: "running" });
});
