/** Deletion (RFC 6887 sections 15, 15.1). */

import { assert, assertEquals } from "@std/assert";
import { IpAddress } from "../../src/wire/address.ts";
import type { Option } from "../../src/wire/option.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import { goldenNonce } from "../helpers/golden.ts";
import { hex } from "../helpers/hex.ts";
import { assertWithin, transmissionTimes } from "../helpers/oracle.ts";
import { mapSpec, peerSpec } from "../helpers/specs.ts";
import {
  assertGolden,
  goldenBytes,
  granted,
  mapOrPeer,
  scripted,
  Timeline,
} from "../helpers/timeline.ts";

/** A granted mapping whose deletion was sent at 10 s. */
function deleting(spec = mapSpec(), lifetime = 7200, random = () => 0.5) {
  const made = granted(spec, { lifetime }, { random });
  made.t.at(10_000).release(made.id).send();
  made.t.takeEvents();
  return made;
}

Deno.test("a deletion is the golden one: lifetime 0, no suggestion (C-15.1-1, C-15.1-2)", () => {
  const { t, id } = granted(mapSpec(), {}, { words: scripted(...goldenNonce) });
  t.release(id);
  assertGolden(t.send().bytes, "mapDelete");
  assertEquals(t.state(id), { type: "updating", attempt: 0, lifetime: 0 });
  t.at(10_000).receive(goldenBytes("mapDeleteSuccess"));
  assertEquals(t.state(id), { type: "revoked" });
});

Deno.test("the suggestion of a deletion has the mapping's family (C-15.1-2)", () => {
  const zeros = (externalAddress: string): string => {
    const { t, id } = granted(mapSpec(), { externalAddress: IpAddress.parse(externalAddress) });
    t.release(id);
    return hex(t.send().bytes.subarray(42));
  };
  assertEquals(zeros("203.0.113.5"), "00000000 00000000 00000000 ffff0000 0000");
  assertEquals(zeros("2001:db8::5"), "00000000 00000000 00000000 00000000 0000");
});

Deno.test("wildcards are deleted as such, with the nonce they were made with (C-15.1-3)", () => {
  for (const [protocol, name] of [[17, "mapAllUdpPorts"], [0, "mapAllProtocols"]] as const) {
    const spec = mapSpec({ protocol, internalPort: 0 });
    const { t, id } = granted(spec, { externalPort: 0 }, { words: scripted(...goldenNonce) });
    t.release(id);
    const expected = goldenBytes(name);
    expected.fill(0, 4, 8);
    assertEquals(hex(t.send().bytes), hex(expected));
  }
});

Deno.test("a confirmed deletion ends the mapping and nothing runs again (C-15.1-4, defect 12)", () => {
  const { t, id } = deleting();
  t.answer(id);
  assertEquals(t.takeEvents().map(({ type }) => type), ["lost", "state"]);
  assertEquals(t.states(id).at(-1), { type: "revoked" });
  t.silentUntil(100_000_000);
  assertEquals(t.engine.deadline, undefined);
});

Deno.test("it ends as the caller says: revoked or dropped", () => {
  const { t, id } = granted(mapSpec());
  t.release(id, "dropped").answer(id);
  assertEquals(t.state(id), { type: "dropped" });
});

Deno.test("a success with a lifetime means that the mapping idles out: deleted (C-15.1-5, F-07)", () => {
  const { t, id } = deleting();
  t.answer(id, { lifetime: 120 });
  assertEquals(t.state(id), { type: "revoked" });
  t.silentUntil(1_000_000);
});

Deno.test("NOT_AUTHORIZED ends a deletion, and so does every long error (C-15.1-6)", () => {
  const codes = [ResultCode.NotAuthorized, ResultCode.MalformedRequest, ResultCode.UnsuppOpcode];
  for (const code of codes) {
    const { t, id } = deleting();
    t.refuse(id, code, 600);
    assertEquals(t.state(id).type, "error");
    assertEquals(t.events("state").at(-1)?.over, true);
    t.silentUntil(10_000_000);
  }
});

Deno.test("short errors hold a deletion, then it is sent again (C-8.3-L1, C-11.4-L5)", () => {
  for (const code of [ResultCode.NetworkFailure, ResultCode.UserExQuota, ResultCode.NoResources]) {
    const { t, id } = deleting();
    t.refuse(id, code, 60).silentUntil(69_999).at(70_000);
    assertEquals(t.send().request.lifetime, 0);
    t.answer(id);
    assertEquals(t.state(id), { type: "revoked" });
  }
});

Deno.test("NO_RESOURCES to a repeated deletion says that the first copy did it (F.2 Q8)", () => {
  const { t, id } = deleting();
  t.at(13_000).send();
  t.refuse(id, ResultCode.NoResources, 30);
  assertEquals(t.state(id), { type: "revoked" });
  t.request(mapSpec({ internalPort: 81 }));
  t.send(); // and nothing is held
});

Deno.test("a deletion carries the options that identify the mapping, no others (C-15.1-7)", () => {
  const third: Option = { type: "thirdParty", address: IpAddress.parse("192.168.1.99") };
  const partyId: Option = { type: "thirdPartyId", id: Uint8Array.of(1, 2, 3, 4) };
  const portSet: Option = { type: "portSet", size: 2, firstInternalPort: 8080, parity: false };
  const filter: Option = {
    type: "filter",
    prefixLength: 120,
    remotePort: 0,
    remoteAddress: IpAddress.parse("198.51.100.0"),
  };
  const description: Option = { type: "description", text: "web" };
  const set = mapSpec({ options: [filter, third, partyId, portSet, description] });
  const { t, id } = granted(set, { options: [third] });
  t.release(id);
  assertEquals(t.send().request.options, [third, partyId, portSet]);
  const picky = mapSpec({ externalPort: 80, options: [{ type: "preferFailure" }] });
  const other = granted(picky, { externalPort: 80 });
  other.t.release(other.id);
  assertEquals(other.t.send().request.options, []);
});

Deno.test("a deletion is repeated like any request, until the mapping ends by itself (C-15.1-8, defect 11)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 600 });
  t.at(10_000).release(id).send();
  for (const window of transmissionTimes.slice(0, 5)) {
    assertWithin(t.nextSend().at - 10_000, window, "deletion");
  }
  t.at(599_999);
  assertEquals(t.state(id).type, "updating");
  t.at(600_000).takeSends();
  assertEquals(t.state(id), { type: "revoked" });
  t.silentUntil(100_000_000);
});

Deno.test("the limits on transmissions end a deletion, too (C-8.1.1-6)", () => {
  const { t, id } = granted(mapSpec(), {}, { config: { maximumTransmissions: 2 } });
  t.at(10_000).release(id).at(30_000).sends(2);
  assertEquals(t.state(id), { type: "revoked" });
});

Deno.test("a late success of the creation does not pass for the deletion's (C-15.1-9, defect 12)", () => {
  const t = new Timeline({ random: () => 0.5 });
  const id = t.request(mapSpec());
  t.at(3_500).sends(2); // two copies of the request are under way
  const late = t.answerTo(t.latest(id));
  t.release(id).send();
  t.takeEvents();
  t.receive(late).receive(late).receive(late); // the network may double answers, too
  assertEquals(t.ignored(), ["stale", "stale", "stale"]);
  assertEquals(t.state(id), { type: "updating", attempt: 0, lifetime: 0 });
  t.at(6_500).send(); // the deletion goes on
  t.answer(id);
  assertEquals(t.state(id), { type: "revoked" });
});

Deno.test("a second copy of the grant does not pass for the deletion's answer (C-15.1-9)", () => {
  const { t, id } = granted(mapSpec());
  const grant = t.answerTo(t.latest(id));
  t.release(id).takeSends();
  t.takeEvents();
  t.receive(grant);
  assertEquals(t.ignored(), ["stale"]);
  t.at(3_500).send(); // the deletion goes on
  t.receive(grant);
  assertEquals(t.state(id), { type: "updating", attempt: 1, lifetime: 0 });
  t.answer(id);
  assertEquals(t.state(id), { type: "revoked" });
});

Deno.test("an update of the mapping does not pass for the deletion's answer (C-15.1-9)", () => {
  const { t, id } = granted(mapSpec());
  const request = t.latest(id);
  t.release(id).takeSends();
  t.takeEvents();
  t.receive(t.answerTo(request, { lifetime: 60, externalPort: 40001 }));
  t.receive(t.answerTo(request, { lifetime: 60, externalAddress: IpAddress.parse("203.0.113.6") }));
  assertEquals(t.ignored(), ["stale", "stale"]);
  t.answer(id);
  assertEquals(t.state(id), { type: "revoked" });
});

Deno.test("what an unanswered request may have made is deleted, whatever came after it", () => {
  // Refused when it was repeated: the first copy may have been carried out.
  const t = new Timeline({ random: () => 0.5 });
  const refused = t.request(mapSpec());
  t.at(3_500).takeSends();
  t.refuse(refused, ResultCode.UserExQuota, 600).release(refused);
  assertEquals(t.send().request.lifetime, 0);
  t.answer(refused);
  assertEquals(t.state(refused), { type: "revoked" });
  // Expired while a renewal went unanswered.
  const { t: later, id: expired } = granted(mapSpec({ lifetime: 10 }), { lifetime: 60 });
  later.at(60_000).takeSends();
  assertEquals(later.state(expired).type, "starting");
  later.release(expired);
  assertEquals(later.send().request.lifetime, 0);
});

Deno.test("NO_RESOURCES to the deletion of what may never have been there ends it (F.2 Q8)", () => {
  const t = new Timeline({ random: () => 0.5 });
  const id = t.request(mapSpec());
  t.at(3_500).takeSends();
  t.refuse(id, ResultCode.UserExQuota, 600).release(id).takeSends();
  t.refuse(id, ResultCode.NoResources, 30);
  assertEquals(t.state(id), { type: "revoked" });
  t.request(mapSpec({ internalPort: 81 }));
  t.send(); // and holds nothing back
});

Deno.test("recovered in vain, it is deleted all the same: the server may have kept it", () => {
  const { t, id } = granted(mapSpec());
  t.at(100_000).announce(0).at(105_000).takeSends();
  t.refuse(id, ResultCode.UserExQuota, 600).release(id);
  assertEquals(t.send().request.lifetime, 0);
});

Deno.test("a late refusal of the creation does not pass for the deletion's (C-15.1-9)", () => {
  const t = new Timeline();
  const id = t.request(mapSpec());
  const late = t.answerTo(t.latest(id), { result: ResultCode.NoResources, lifetime: 600 });
  t.release(id).takeSends();
  t.takeEvents();
  t.receive(late);
  assertEquals(t.ignored(), ["stale"]);
  t.answer(id);
  assertEquals(t.state(id), { type: "revoked" });
  t.request(mapSpec({ internalPort: 81 }));
  t.send();
});

Deno.test("a creation that comes through after the confirmed deletion is deleted again (C-15.1-9)", () => {
  const t = new Timeline();
  const id = t.request(mapSpec());
  const late = t.answerTo(t.latest(id));
  t.release(id).answer(id).takeSends();
  assertEquals(t.state(id), { type: "revoked" });
  t.takeEvents();
  t.at(1_000).receive(late);
  assertEquals(t.send().request.lifetime, 0);
  t.answer(id);
  assertEquals(t.ignored(), ["stale"]);
  t.refuse(id, ResultCode.NoResources, 60);
  assertEquals(t.ignored(), ["stale"]);
  // Not for ever.
  t.at(40_000).receive(late);
  assertEquals(t.ignored(), ["unmatched"]);
  t.silentUntil(10_000_000);
});

Deno.test("deleting again what came through late obeys a hold on everything (C-11.4-L5)", () => {
  const t = new Timeline();
  const id = t.request(mapSpec());
  const late = t.answerTo(t.latest(id));
  const other = t.request(mapSpec({ internalPort: 81 }));
  t.answer(other).release(id).answer(id);
  t.release(other).refuse(other, ResultCode.NoResources, 10).takeSends();
  t.receive(late).silentUntil(9_999).at(10_000);
  assertEquals(t.sends(2).map(({ request }) => request.lifetime), [0, 0]);
});

Deno.test("what was refused, or never sent, needs no deletion", () => {
  const t = new Timeline();
  const id = t.request(mapSpec());
  t.refuse(id, ResultCode.NoResources, 60).takeSends();
  const held = t.request(mapSpec({ internalPort: 81 }));
  t.release(id).release(held, "dropped").sends(0);
  assertEquals([t.state(id), t.state(held)], [{ type: "revoked" }, { type: "dropped" }]);
  t.silentUntil(1_000_000);
});

Deno.test("a mapping in any phase is deleted when it may exist (defect 13)", () => {
  const phases: ((t: Timeline, id: number) => void)[] = [
    (t) => t.at(10_000),
    (t) => t.nextSend(), // renewing
    (t, id) => t.renew(id, 900).takeSends(), // updating
    (t) => t.at(100_000).announce(0).at(105_000).takeSends(), // recovering
  ];
  for (const reach of phases) {
    const { t, id } = granted(mapSpec(), { lifetime: 600 });
    reach(t, id);
    t.release(id);
    assertEquals(t.send().request.lifetime, 0);
    t.answer(id);
    assertEquals(t.state(id), { type: "revoked" });
  }
});

Deno.test("a second release changes nothing", () => {
  const { t, id } = deleting();
  t.release(id, "dropped").sends(0);
  t.answer(id);
  assertEquals(t.state(id), { type: "revoked" });
});

Deno.test("PEER mappings are never deleted, just not renewed (C-12.1-D)", () => {
  const { t, id } = granted(peerSpec());
  t.release(id);
  assertEquals(t.state(id), { type: "revoked" });
  t.silentUntil(10_000_000);
});

Deno.test("wanted again while being deleted: waits for the end, then has nonce and port back (C-15-3)", () => {
  const { t, id } = deleting();
  const { nonce } = t.latest(id);
  const again = t.request(mapSpec());
  t.sends(0);
  assertEquals(t.states(again), []);
  t.at(11_000).answer(id);
  const { request, id: sender } = t.send();
  assertEquals([sender, mapOrPeer(request).externalPort], [again, 40000]);
  assertEquals(mapOrPeer(request).nonce, nonce);
  t.answer(again);
  assertEquals(t.state(again), { type: "running" });
});

Deno.test("a second answer to the deletion does not touch the mapping after it (C-15.1-9)", () => {
  const { t, id } = deleting();
  t.at(13_000).send();
  const copy = t.answerTo(t.latest(id));
  const again = t.request(mapSpec());
  t.receive(copy).send();
  t.takeEvents();
  t.receive(copy);
  assertEquals(t.ignored(), ["stale"]);
  t.answer(again).takeEvents();
  t.receive(copy);
  assertEquals(t.ignored(), ["stale"]);
  assertEquals(t.state(again), { type: "running" });
});

Deno.test("a second refusal of the deletion does not touch the mapping after it (F.2 Q8)", () => {
  const { t, id } = granted(mapSpec());
  t.release(id);
  const next = t.request(mapSpec());
  t.at(3_500).takeSends();
  const refusal = t.answerTo(t.latest(id), { result: ResultCode.NoResources });
  t.receive(refusal).answer(next);
  t.takeEvents();
  t.receive(refusal);
  assertEquals(t.ignored(), ["stale"]);
  assertEquals(t.state(next), { type: "running" });
});

Deno.test("of several that wait for a deletion each has its turn, with a nonce of its own", () => {
  const { t, id } = deleting();
  const [first, second] = [t.request(mapSpec()), t.request(mapSpec())];
  t.sends(0);
  t.answer(id);
  const sent = t.sends(2);
  assertEquals(sent.map((each) => each.id), [first, second]);
  const nonces = [id, first, second].map((each) => t.latest(each).nonce.toString());
  assertEquals(nonces[0], nonces[1]);
  assert(nonces[0] !== nonces[2]);
});

Deno.test("a mapping released before the deletion ends leaves the nonce to the next one", () => {
  const { t, id } = deleting();
  const { nonce } = t.latest(id);
  const first = t.request(mapSpec());
  t.release(first);
  const second = t.request(mapSpec());
  t.answer(id);
  const sent = t.send();
  assertEquals(sent.id, second);
  assertEquals(mapOrPeer(sent.request).nonce, nonce);
  // Without a successor, the next request for the mapping finds nonce and port.
  const other = deleting();
  other.t.release(other.t.request(mapSpec()));
  other.t.answer(other.id).takeSends();
  other.t.request(mapSpec());
  assertEquals(mapOrPeer(other.t.send().request).externalPort, 40000);
});

Deno.test("a deletion does not wait for the deletion of another mapping", () => {
  const t = new Timeline();
  const ids = [80, 81].map((internalPort) => t.request(mapSpec({ internalPort })));
  for (const id of ids) t.answer(id);
  t.takeSends();
  for (const id of ids) t.release(id);
  assertEquals(t.sends(2).map(({ id }) => id), ids);
});

Deno.test("a restart of the server does not stop a deletion (defect 8)", () => {
  const { t, id } = deleting();
  t.announce(0).at(20_000);
  for (const { request } of t.takeSends()) assertEquals(request.lifetime, 0);
  t.answer(id, { epoch: 10 });
  assertEquals(t.state(id), { type: "revoked" });
});
