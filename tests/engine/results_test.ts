/** Results and lifetimes (RFC 6887 sections 7.4, 8.3, 11.4, 12.4). */

import { assert, assertEquals } from "@std/assert";
import { IpAddress } from "../../src/wire/address.ts";
import type { Option } from "../../src/wire/option.ts";
import { ResultCode, resultName } from "../../src/wire/result_code.ts";
import { assertWithin } from "../helpers/oracle.ts";
import { external4, mapSpec, peerSpec } from "../helpers/specs.ts";
import { granted, Timeline } from "../helpers/timeline.ts";

const DAY = 86_400;

/** A timeline in which the mapping was refused once at time 0. */
function refused(code: number, lifetime: number, spec = mapSpec()) {
  const t = new Timeline();
  const id = t.request(spec);
  t.send();
  t.takeEvents();
  t.refuse(id, code, lifetime);
  return { t, id };
}

Deno.test("after an error the request is held for its lifetime, then sent once (C-8.3-L1, C-6, defect 16)", () => {
  const { t, id } = refused(ResultCode.NotAuthorized, 30);
  assertEquals(t.state(id), { type: "error", code: 2, name: "NOT_AUTHORIZED", retryIn: 30 });
  t.silentUntil(29_999).at(30_000).send();
  assertEquals(t.state(id), { type: "starting", attempt: 0 });
  t.silentUntil(32_699).at(33_300).send();
});

Deno.test("every code but 0 is a failure with a lifetime, also one without a name (C-7.4-1, C-8.5-5, defect 17)", () => {
  for (let code = 2; code <= 255; code++) {
    const { t, id } = refused(code, 45);
    assertEquals(t.state(id), { type: "error", code, name: resultName(code), retryIn: 45 });
    t.silentUntil(44_999).at(45_000).send();
  }
});

Deno.test("a new request for the same mapping waits for the end of the hold as well (C-8.3-L1)", () => {
  const { t, id } = refused(ResultCode.UnsuppProtocol, 600);
  t.at(1_000).release(id).request(mapSpec());
  t.silentUntil(599_999).at(600_000).send();
});

Deno.test("another request does not wait: other port, other options (C-8.3-L1, F-06)", () => {
  const filter: Option = {
    type: "filter",
    prefixLength: 128,
    remotePort: 0,
    remoteAddress: IpAddress.parse("198.51.100.7"),
  };
  const { t, id } = refused(ResultCode.ExcessiveRemotePeers, 600, mapSpec({ options: [filter] }));
  t.release(id).takeSends();
  t.request(mapSpec({ internalPort: 81, options: [filter] }));
  t.send();
  t.request(mapSpec());
  t.send();
  t.request(mapSpec({ options: [filter] }));
  t.silentUntil(2_000);
});

Deno.test("lifetime and suggestion do not make another request (F-06)", () => {
  const { t, id } = refused(ResultCode.NotAuthorized, 600);
  t.release(id).request(mapSpec({ lifetime: 60, externalPort: 99 }));
  t.silentUntil(599_999).at(600_000).send();
});

Deno.test("a request refused for its suggestion alone is held with that suggestion only (C-13.2-3, F-06)", () => {
  const options: Option[] = [{ type: "preferFailure" }];
  const spec = mapSpec({ externalPort: 80, options });
  const { t, id } = refused(ResultCode.CannotProvideExternal, 600, spec);
  assertEquals(t.state(id), { type: "error", code: 11, name: "CANNOT_PROVIDE_EXTERNAL" });
  t.request({ ...spec, externalPort: 81 });
  t.send();
  t.request(spec);
  t.silentUntil(2_000);
});

Deno.test("a success ends the hold, also for later requests (C-8-3)", () => {
  const { t, id } = refused(ResultCode.NetworkFailure, 600);
  t.at(5_000).answer(id).release(id).answer(id).takeSends();
  t.request(mapSpec());
  t.send();
});

Deno.test("a success after an error is used (C-8-3)", () => {
  const { t, id } = refused(ResultCode.NoResources, 30);
  t.at(5_000).answer(id, { lifetime: 600 });
  assertEquals(t.state(id), { type: "running" });
  t.silentUntil(300_000);
  assertWithin(t.nextSend().at, [305, 380], "renewal");
});

Deno.test("an error after a success withdraws the mapping (C-8-2, F-14)", () => {
  const { t, id } = granted(mapSpec());
  t.at(10_000).refuse(id, ResultCode.NotAuthorized, 60);
  const events = t.takeEvents().map(({ type }) => type);
  assertEquals(events, ["lost", "state"]);
  assertEquals(t.state(id), { type: "error", code: 2, name: "NOT_AUTHORIZED", retryIn: 60 });
  t.silentUntil(69_999).at(70_000).send();
});

Deno.test("a withdrawn mapping without lifetimes left is over (C-8-2)", () => {
  const { t, id } = granted(mapSpec(), {}, { lifetimes: 1 });
  t.at(10_000).refuse(id, ResultCode.NotAuthorized, 600).takeEvents();
  assertEquals(t.state(id), { type: "error", code: 2, name: "NOT_AUTHORIZED" });
  t.request(mapSpec());
  t.silentUntil(609_999).at(610_000).send(); // the hold outlasts it
});

Deno.test("copies of one refusal count once (C-8.3-L9)", () => {
  const t = new Timeline();
  const id = t.request(mapSpec());
  t.send();
  t.refuse(id, ResultCode.NotAuthorized, 0).takeEvents();
  t.at(1_000).refuse(id, ResultCode.NotAuthorized, 0);
  assertEquals(t.ignored(), ["stale"]);
  t.silentUntil(59_999).at(60_000).send();
});

Deno.test("another refusal during a hold replaces the first (C-8-2)", () => {
  const { t, id } = refused(ResultCode.NetworkFailure, 30);
  t.at(10_000).refuse(id, ResultCode.NotAuthorized, 60);
  assertEquals(t.state(id), { type: "error", code: 2, name: "NOT_AUTHORIZED", retryIn: 60 });
  t.silentUntil(69_999).at(70_000).send();
});

Deno.test("received lifetimes are limited to 24 hours (C-8.3-L3, C-18.3-1, C-11.3-F2)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 2 ** 32 - 1 });
  assertEquals(t.events("granted")[0]?.assignment.lifetime, DAY);
  assertWithin(t.nextSend().at, [43_200, 54_000], "renewal");
  assertEquals(t.state(id).type, "updating");
  const { t: held } = refused(ResultCode.NoResources, 2 ** 32 - 1);
  held.silentUntil(DAY * 1000 - 1).at(DAY * 1000).send();
});

Deno.test("the granted lifetime is obeyed, shorter or longer than asked (C-15-1)", () => {
  for (const lifetime of [120, 3600, DAY]) {
    const { t } = granted(mapSpec(), { lifetime });
    assertWithin(t.nextSend().at, [lifetime / 2, lifetime * 5 / 8], "renewal");
  }
});

Deno.test("NO_RESOURCES for a new mapping holds back new mappings only (C-11.4-L4)", () => {
  const { t, id: a } = granted(mapSpec(), { lifetime: 60 });
  const d = t.request(mapSpec({ internalPort: 84 }));
  t.answer(d, { lifetime: 600 });
  const b = t.request(mapSpec({ internalPort: 81 }));
  t.refuse(b, ResultCode.NoResources, 60).takeSends();
  const c = t.request(mapSpec({ internalPort: 82 }));
  t.at(29_000).sends(0);
  t.at(37_500); // the renewal of A goes out in its window
  assertEquals(t.send().id, a);
  t.answer(a, { lifetime: 600 }).at(40_000).release(d);
  const deletion = t.send();
  assertEquals([deletion.id, deletion.request.lifetime], [d, 0]);
  t.answer(d).silentUntil(59_999).at(60_000);
  assertEquals(t.sends(2).map(({ id }) => id).sort(), [b, c]);
});

Deno.test("NO_RESOURCES holds back repetitions of other new requests (C-11.4-L4)", () => {
  const t = new Timeline();
  const a = t.request(mapSpec());
  const b = t.request(mapSpec({ internalPort: 81 }));
  t.sends(2);
  t.refuse(a, ResultCode.NoResources, 60);
  t.silentUntil(59_999).at(60_000);
  assertEquals(t.sends(2).map(({ id }) => id).sort(), [a, b]);
});

Deno.test("NO_RESOURCES for a deletion holds back everything (C-11.4-L5)", () => {
  const t = new Timeline();
  const a = t.request(mapSpec());
  const b = t.request(mapSpec({ internalPort: 81 }));
  t.answer(a, { lifetime: 60 }).answer(b);
  t.at(10_000).release(b).refuse(b, ResultCode.NoResources, 40).takeSends();
  t.request(mapSpec({ internalPort: 82 }));
  t.step({ type: "announce" });
  t.silentUntil(49_999).at(50_000); // the renewal of A was due from 30 to 37.5 s
  const kinds = t.sends(4).map(({ request }) => request.type === "map" ? request.lifetime : -1);
  assertEquals(kinds.sort((x, y) => x - y), [-1, 0, 7200, 7200]);
});

Deno.test("an ANNOUNCE is held as well (C-11.4-L5)", () => {
  const { t, id } = granted(mapSpec());
  t.step({ type: "announce" }).send();
  t.release(id).refuse(id, ResultCode.NoResources, 600).takeSends();
  t.silentUntil(599_999);
});

Deno.test("what was never sent shows no attempt while it is held back (C-11.4-L4)", () => {
  const { t } = refused(ResultCode.NoResources, 60);
  const id = t.request(peerSpec());
  assertEquals(t.states(id), []);
  t.at(59_000).release(id).takeSends();
  assertEquals(t.states(id), [{ type: "revoked" }]);
});

Deno.test("an error with lifetime 0 holds back 30 s if it is a short one (C-8.3-L9)", () => {
  for (const code of [ResultCode.NetworkFailure, ResultCode.NoResources, ResultCode.UserExQuota]) {
    const { t, id } = refused(code, 0);
    t.silentUntil(29_999).at(30_000).send();
    t.refuse(id, code, 0).silentUntil(59_999).at(60_000).send();
  }
});

Deno.test("other errors with lifetime 0 hold back 60 s, twice as long each time, 30 minutes at most (C-8.3-L9)", () => {
  const { t, id } = refused(ResultCode.NotAuthorized, 0);
  const waits: number[] = [];
  for (let round = 0; round < 8; round++) {
    const from = t.now;
    t.nextSend();
    waits.push((t.now - from) / 1000);
    t.refuse(id, ResultCode.NotAuthorized, 0);
  }
  assertEquals(waits, [60, 120, 240, 480, 960, 1800, 1800, 1800]);
});

Deno.test("a success makes the holds begin small again (C-8.3-L9)", () => {
  const { t, id } = refused(ResultCode.NotAuthorized, 0);
  t.at(60_000).refuse(id, 2, 0).at(180_000).answer(id).takeSends();
  t.at(190_000).refuse(id, 2, 0).silentUntil(249_999).at(250_000).send();
});

Deno.test("a refused renewal leaves the mapping alive, and is tried again after the hold (C-8.3-L10, defect 16)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 });
  const { at } = t.nextSend();
  t.refuse(id, ResultCode.NoResources, 200);
  assertEquals(t.state(id), { type: "running" });
  assertEquals(t.events("renewalRefused").map(({ code, retryIn }) => [code, retryIn]), [[8, 200]]);
  assertEquals(t.events("lost"), []);
  t.silentUntil(at + 199_999).at(at + 200_000).send();
});

Deno.test("a short hold does not bring the next window forward (C-8.3-L10, C-11.2.1-3)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 });
  t.nextSend();
  t.refuse(id, ResultCode.NoResources, 30);
  assertWithin(t.nextSend().at, [450, 487.5], "second window");
});

Deno.test("a hold that outlasts the mapping: it expires, and is asked for after the hold (C-8.3-L10, C-11.2.1-10)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 });
  const { at } = t.nextSend();
  t.refuse(id, ResultCode.UserExQuota, 1800).silentUntil(600_000);
  assertEquals(t.state(id), { type: "expired" });
  assertEquals(t.events("lost").length, 1);
  t.silentUntil(at + 1_799_999).at(at + 1_800_000).send();
});

Deno.test("the second copy of a refused renewal withdraws nothing (C-8.3-L10)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 });
  t.nextSend();
  t.refuse(id, ResultCode.NetworkFailure, 30).takeEvents();
  t.pass(100).refuse(id, ResultCode.NetworkFailure, 30);
  assertEquals(t.ignored(), ["stale"]);
  assertEquals(t.state(id), { type: "running" });
});

Deno.test("NOT_AUTHORIZED to a renewal says that the mapping is gone (F-14)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 });
  const { at } = t.nextSend();
  t.refuse(id, ResultCode.NotAuthorized, 100);
  assertEquals(t.events("lost").length, 1);
  assertEquals(t.state(id), { type: "error", code: 2, name: "NOT_AUTHORIZED", retryIn: 100 });
  t.silentUntil(at + 99_999).at(at + 100_000).send();
});

Deno.test("an update that was refused is tried again, also in the last lifetime (C-8.3-L10)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 }, { lifetimes: 1 });
  t.at(10_000).renew(id, 900).send();
  t.refuse(id, ResultCode.NoResources, 30);
  assertEquals(t.state(id), { type: "running" });
  t.silentUntil(39_999).at(40_000);
  assertEquals(t.send().request.lifetime, 900);
  t.answer(id);
  assertEquals(t.events("granted").at(-1)?.assignment.lifetime, 900);
});

Deno.test("ADDRESS_MISMATCH has a name of its own and holds the request back (C-8.3-L7)", () => {
  const { t, id } = refused(ResultCode.AddressMismatch, 1800);
  const state = t.state(id);
  assertEquals(state, { type: "error", code: 12, name: "ADDRESS_MISMATCH", retryIn: 1800 });
  t.silentUntil(1_799_999);
});

Deno.test("wildcards and protocols that the server cannot do are reported (C-7.2-F4, C-16.3.3-1)", () => {
  const esp = refused(ResultCode.UnsuppProtocol, 1800, mapSpec({ protocol: 50, internalPort: 0 }));
  assertEquals(esp.t.state(esp.id), {
    type: "error",
    code: 9,
    name: "UNSUPP_PROTOCOL",
    retryIn: 1800,
  });
  const sctp = refused(ResultCode.CannotProvideExternal, 60, mapSpec({ protocol: 132 }));
  const name = "CANNOT_PROVIDE_EXTERNAL";
  assertEquals(sctp.t.state(sctp.id), { type: "error", code: 11, name, retryIn: 60 });
});

Deno.test("another external address in a PEER success is reported (C-12.4-L8)", () => {
  const { t, id } = granted(peerSpec(), { lifetime: 600 });
  t.nextSend();
  t.answer(id, { externalPort: 7, externalAddress: IpAddress.parse("203.0.113.77") });
  const last = t.events("granted").at(-1);
  assertEquals(last?.changed, true);
  assertEquals(last?.assignment.externalPort, 7);
});

Deno.test("a stateless device or pure firewall is a normal success (C-11.1-F1, C-11.3-F2)", () => {
  const { t, id } = granted(mapSpec({ internalPort: 8080 }), {
    externalPort: 8080,
    externalAddress: IpAddress.parse("192.168.1.10"),
    lifetime: 2 ** 32 - 1,
  });
  assertEquals(t.state(id), { type: "running" });
  assert(t.nextSend().at < DAY * 1000);
});

Deno.test("an external port other than the suggested one is a normal success (C-11.2-2)", () => {
  const { t, id } = granted(mapSpec({ externalPort: 80 }), { externalPort: 81 });
  assertEquals(t.state(id), { type: "running" });
  const assignment = t.events("granted")[0]?.assignment;
  assertEquals([assignment?.externalPort, assignment?.externalAddress], [81, external4]);
});

Deno.test("holds and nonces are kept for 1024 mappings, the oldest goes first (C-8.3-L1)", () => {
  const t = new Timeline();
  const ids = Array.from({ length: 1_025 }, (_, n) => t.request(mapSpec({ internalPort: 1 + n })));
  t.serve(900, () => ({ result: ResultCode.NotAuthorized, lifetime: 600 }), 1);
  for (const id of ids) t.release(id);
  t.takeSends();
  const forgotten = t.request(mapSpec({ internalPort: 1 }));
  assertEquals(t.send().id, forgotten);
  for (const internalPort of [2, 1_025]) t.request(mapSpec({ internalPort }));
  t.silentUntil(2_000);
});

Deno.test("an error that answers no request takes the mapping away, also while an update waits (F-14)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 });
  t.at(10_000).renew(id, 900).takeSends();
  t.answer(id).renew(id, 1000).sends(0); // waits for the 4 seconds
  t.refuse(id, ResultCode.NetworkFailure, 60);
  assertEquals(t.state(id), { type: "error", code: 7, name: "NETWORK_FAILURE", retryIn: 60 });
  assertEquals(t.events("lost").length, 1);
});

Deno.test("ADDRESS_MISMATCH concerns the mapping it answers, and no other (C-8.3-L7, F.4)", () => {
  const t = new Timeline();
  const [a, b] = [t.request(mapSpec()), t.request(mapSpec({ internalPort: 81 }))];
  t.refuse(a, ResultCode.AddressMismatch, 1800).answer(b).takeEvents();
  assertEquals([t.state(a).type, t.state(b).type], ["error", "running"]);
  const stranger = t.answerTo(t.latest(b), { result: ResultCode.AddressMismatch });
  stranger[30] = (stranger[30] ?? 0) ^ 1;
  t.receive(stranger);
  assertEquals(t.ignored(), ["unmatched"]);
});
