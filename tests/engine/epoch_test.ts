/** The server's epoch (RFC 6887 section 8.5). */

import { assert, assertEquals } from "@std/assert";
import { isEpochValid } from "../../src/engine/epoch.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import { epochAdvances, epochVerdicts } from "../helpers/oracle.ts";
import { hex } from "../helpers/hex.ts";
import { external4, mapSpec, peerSpec } from "../helpers/specs.ts";
import { granted, mapOrPeer, Timeline } from "../helpers/timeline.ts";

/** Five mappings, granted at time 0 for 7200 s. */
function five(): { t: Timeline; ids: number[] } {
  const t = new Timeline();
  const ids = [1, 2, 3, 4].map((n) => t.request(mapSpec({ internalPort: 8000 + n })));
  ids.push(t.request(peerSpec()));
  for (const id of ids) t.answer(id, { externalPort: 9000 + id, lifetime: 7200 });
  t.takeSends();
  t.takeEvents();
  return { t, ids };
}

Deno.test("isEpochValid() knows every row of the truth table (C-8.5-2, C-8.5-3)", () => {
  for (const [before, now, elapsed, valid] of epochVerdicts) {
    const previous = { server: before, client: 50 };
    assertEquals(
      isEpochValid(previous, { server: now, client: 50 + elapsed }),
      valid,
      `${before} -> ${now} in ${elapsed} s`,
    );
  }
});

Deno.test("isEpochValid() draws the bounds where the RFC does (C-8.5-3)", () => {
  for (const [elapsed, least, most] of epochAdvances) {
    const judge = (advance: number): boolean =>
      isEpochValid({ server: 1e6, client: 7 }, { server: 1e6 + advance, client: 7 + elapsed });
    assertEquals(
      [least - 1, least, most, most + 1].map(judge),
      [false, true, true, false],
      `${elapsed} s`,
    );
  }
});

Deno.test("the engine decides as the truth table does (C-8.5-2, C-8.5-3)", () => {
  for (const [before, now, elapsed, valid] of epochVerdicts) {
    const { t, id } = granted(mapSpec(), { epoch: before, lifetime: 86_400 });
    t.at(elapsed * 1000).answer(id, { epoch: now, lifetime: 86_400 });
    const restarts = t.events("serverRestarted").length;
    assertEquals(restarts, valid ? 0 : 1, `${before} -> ${now} in ${elapsed} s`);
  }
});

Deno.test("the first response is always valid (C-8.5-1)", () => {
  for (const epoch of [0, 5, 2 ** 32 - 1]) {
    const { t } = granted(mapSpec(), { epoch });
    t.silentUntil(100_000);
    assertEquals(t.events("serverRestarted"), []);
    assertEquals(t.engine.epoch, { server: epoch, client: 0 });
  }
});

Deno.test("the epoch is stored in either case: one restart is one recovery (C-8.5-4, defect 1)", () => {
  const { t, ids: [first = 0, ...others] } = five();
  t.at(1_000_000).answer(first, { epoch: 0 });
  assertEquals(t.sends(4).length, others.length);
  for (const id of others) t.answer(id, { epoch: 0 });
  t.at(1_010_000).answer(first, { epoch: 10 });
  t.at(1_020_000).answer(first, { epoch: 20 });
  t.sends(0);
  assertEquals(t.events("serverRestarted").map(({ epoch }) => epoch), [0]);
});

Deno.test("the response that reveals the restart is used itself (defect 2)", () => {
  const { t, ids: [first = 0] } = five();
  const address = IpAddress.parse("203.0.113.99");
  t.at(1_000_000).answer(first, { epoch: 0, externalPort: 7, externalAddress: address });
  const last = t.events("granted").at(-1);
  assertEquals([last?.id, last?.assignment.externalPort], [first, 7]);
  assertEquals(t.state(first), { type: "running" });
});

Deno.test("the epoch is compared with the time of receipt (defect 3)", () => {
  const { t, id } = granted(mapSpec());
  const answer = t.answerTo(t.latest(id), { epoch: 1100 });
  t.at(100_000).receive(answer);
  assertEquals(t.engine.epoch, { server: 1100, client: 100 });
  assertEquals(t.events("serverRestarted"), []);
});

Deno.test("errors carry an epoch that counts, too (C-8.5-5)", () => {
  const { t, ids: [first = 0, ...others] } = five();
  t.at(3_600_000).takeSends();
  t.refuse(first, ResultCode.NetworkFailure, 600, { epoch: 0 });
  assertEquals(t.events("serverRestarted").length, 1);
  t.pass(4_000);
  const recovered = new Set(t.takeSends().map(({ id }) => id));
  for (const id of others) assert(recovered.has(id), `mapping ${id}`);
});

Deno.test("PEER responses count (C-8.5-5)", () => {
  const { t, ids } = five();
  const peer = ids.at(-1) ?? 0;
  t.at(1_000_000).answer(peer, { epoch: 0 });
  t.sends(4);
});

Deno.test("ANNOUNCE responses count, also when they refuse (C-8.5-5)", () => {
  for (const result of [ResultCode.Success, ResultCode.UnsuppOpcode]) {
    const { t } = five();
    t.at(1_000_000).step({ type: "announce" }).send();
    t.announce(0, { multicast: false, result });
    assertEquals(t.events("serverRestarted").length, 1, `result ${result}`);
    t.pass(5_000).sends(5);
  }
});

Deno.test("what matches no mapping does not touch the epoch (C-8.5-7)", () => {
  const { t, ids: [first = 0] } = five();
  const stranger = t.answerTo(t.latest(first), { epoch: 0 });
  stranger[24] = (stranger[24] ?? 0) ^ 1;
  t.at(100_000).receive(stranger);
  t.at(101_000).answer(first);
  assertEquals(t.events("serverRestarted"), []);
  t.sends(0);
});

Deno.test("engines of two servers compare nothing (C-8.5-8)", () => {
  const one = granted(mapSpec(), {}, { epoch: 5 }).t;
  const other = granted(mapSpec(), {}, { epoch: 100_000 }).t;
  for (let time = 1; time < 10; time++) {
    for (const t of [one, other]) t.at(time * 10_000).announce();
  }
  assertEquals([...one.events("serverRestarted"), ...other.events("serverRestarted")], []);
});

Deno.test("after a restart all other mappings are asked for at once, with what they had as suggestion (C-8.5-9, C-12-8, F-15)", () => {
  const { t, ids: [first = 0, ...others] } = five();
  t.at(1_000_000).answer(first, { epoch: 0 });
  const requests = t.sends(4);
  assertEquals(requests.map(({ id }) => id).sort(), others);
  for (const { at, id, request } of requests) {
    const { externalPort, externalAddress, lifetime } = mapOrPeer(request);
    assertEquals(at, 1_000_000);
    assertEquals([externalPort, externalAddress], [9000 + (id ?? 0), external4]);
    assert(lifetime >= 3600);
  }
});

Deno.test("recovery is repeated like any request until it is answered (C-8.5-9, C-14.1.3-12)", () => {
  const t = new Timeline({ random: () => 0.5 });
  const [a, b] = [t.request(mapSpec()), t.request(mapSpec({ internalPort: 81 }))];
  t.answer(a).answer(b).takeSends();
  t.at(1_000_000).answer(a, { epoch: 0 }).at(1_021_000);
  assertEquals(t.takeSends().map(({ at }) => at - 1_000_000), [0, 3_000, 9_000, 21_000]);
  t.answer(b, { epoch: 21 });
  assertEquals(t.state(b), { type: "running" });
  t.silentUntil(2_000_000);
});

Deno.test("a new external address is reported (C-8.5-10)", () => {
  const { t, ids: [first = 0, second = 0] } = five();
  const externalAddress = IpAddress.parse("203.0.113.200");
  t.at(1_000_000).answer(first, { epoch: 0, externalAddress });
  t.answer(second, { epoch: 0, externalAddress });
  const events = t.events("granted").slice(-2);
  assertEquals(events.map(({ changed }) => changed), [true, true]);
  assertEquals(events.map(({ assignment }) => assignment.externalAddress), [
    externalAddress,
    externalAddress,
  ]);
});

Deno.test("recovery revives nothing that is over or being deleted (defect 8)", () => {
  const t = new Timeline({ random: () => 0.5 });
  const at = (port: number, lifetimes?: number): number =>
    t.request(mapSpec({ internalPort: port }), lifetimes);
  const [alive, dropped, revoked, expired, failed, refused, deleting] = [
    at(1),
    at(2),
    at(3),
    at(4, 1),
    t.request(mapSpec({ internalPort: 5, externalPort: 5, options: [{ type: "preferFailure" }] })),
    at(6),
    at(7),
  ];
  for (const id of [alive, dropped, revoked, deleting]) t.answer(id);
  t.answer(expired, { lifetime: 50 });
  t.refuse(failed, ResultCode.CannotProvideExternal, 600);
  t.refuse(refused, ResultCode.NotAuthorized, 600);
  t.at(60_000).release(dropped, "dropped").answer(dropped).release(revoked).answer(revoked);
  t.at(100_000).release(deleting).takeSends();
  t.announce(0).pass(5_000);
  const seen = t.takeSends().map(({ id, request }) => [id, request.lifetime]);
  assertEquals(seen.filter(([id]) => id !== deleting), [[alive, 7200]]);
  for (const [id, lifetime] of seen) assertEquals(lifetime, id === deleting ? 0 : 7200);
  const types = [dropped, revoked, expired, failed, refused].map((id) => t.state(id).type);
  assertEquals(types, ["dropped", "revoked", "expired", "error", "error"]);
});

Deno.test("what was renewed less than 4 s ago is recovered 4 s after that, if still needed (C-11.2.1-5)", () => {
  const ask = () => {
    const t = new Timeline({ random: () => 0 });
    const [a, b] = [t.request(mapSpec()), t.request(mapSpec({ internalPort: 81 }))];
    t.answer(a, { lifetime: 600 }).answer(b, { lifetime: 600 }).takeSends();
    t.at(300_000).sends(2); // both renewals
    t.at(300_100).answer(a, { epoch: 0, lifetime: 600 });
    return { t, b };
  };
  const lost = ask();
  lost.t.silentUntil(303_999).at(304_000);
  assertEquals(lost.t.send().id, lost.b);
  const answered = ask();
  answered.t.at(300_200).answer(answered.b, { epoch: 0, lifetime: 600 });
  answered.t.silentUntil(500_000);
});

Deno.test("a recovery that is refused is an error with a hold (C-8.3-L1)", () => {
  const { t, id } = granted(mapSpec());
  t.at(100_000).announce(0).at(105_000).takeSends();
  t.refuse(id, ResultCode.NoResources, 60, { epoch: 5 });
  assertEquals(t.state(id), { type: "error", code: 8, name: "NO_RESOURCES", retryIn: 60 });
  assertEquals(t.events("lost").length, 1);
  t.silentUntil(164_999).at(165_000).send();
});

Deno.test("a mapping that is recovered in vain expires at its known end, then starts again (C-11.2.1-10)", () => {
  const { t, id } = granted(mapSpec(), { lifetime: 60 });
  t.at(20_000).announce(0).at(59_999);
  assertEquals(t.state(id).type, "updating");
  t.at(60_000);
  assertEquals(t.states(id).slice(-2), [{ type: "expired" }, { type: "starting", attempt: 0 }]);
});

Deno.test("a lifetime wanted during recovery is requested (C-8.1.1-10)", () => {
  const { t, id } = granted(mapSpec());
  t.at(100_000).announce(0).at(105_000).takeSends();
  t.renew(id, 999).at(110_000);
  assertEquals(t.takeSends()[0]?.request.lifetime, 999);
});

Deno.test("all recovery requests of a mapping are the same octets (C-8.1.1-N5)", () => {
  const { t } = granted(mapSpec());
  t.at(100_000).announce(0).at(150_000);
  const datagrams = t.takeSends().map(({ bytes }) => hex(bytes));
  assert(datagrams.length > 3);
  assertEquals(new Set(datagrams).size, 1);
});

Deno.test("after a restart every mapping is reported as granted anew, the one whose renewal revealed it included", () => {
  const { t, ids } = five();
  t.serve(
    7_000_000,
    ({ at }) => ({ epoch: Math.floor((at - 3_000_000) / 1000), lifetime: 7200 }),
    5,
  );
  assertEquals(t.events("serverRestarted").length, 1);
  for (const id of ids) {
    const anew = t.events("granted").filter((event) => event.id === id && event.changed);
    assert(anew.length >= 1, `mapping ${id}`);
  }
});
