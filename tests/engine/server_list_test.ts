/** Several addresses of one server (RFC 7488). */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Engine } from "../../src/engine/engine.ts";
import type { Endpoint } from "../../src/wire/address.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import { assertWithin, transmissionTimes } from "../helpers/oracle.ts";
import { client4, mapSpec, peerSpec } from "../helpers/specs.ts";
import { mapOrPeer, Timeline } from "../helpers/timeline.ts";

const [one, two, three] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map((address) => ({
  address: IpAddress.parse(address),
  port: 5351,
})) as [Endpoint, Endpoint, Endpoint];

function searching(server: readonly Endpoint[] = [one, two, three]): Timeline {
  return new Timeline({ server, random: () => 0.5 });
}

/** Which address each send went to, and when, in seconds. */
function sends(t: Timeline): [index: number, at: number][] {
  let index = 0;
  return t.log.flatMap((event): [number, number][] => {
    if (event.type === "serverChanged") index = event.index;
    return event.type === "send" ? [[index, event.at / 1000]] : [];
  });
}

Deno.test("an engine needs an address", () => {
  const options = { clientAddress: client4, random: () => 0.5, randomWord: () => 1 };
  assertThrows(() => new Engine({ ...options, server: [] }), RangeError, "at least one");
});

Deno.test("each address is asked four times, one after the other (C-7488-2, C-7488-3, F-04)", () => {
  const t = searching();
  t.at(1_000).request(mapSpec());
  t.at(136_000 - 1);
  assertEquals(sends(t), [
    ...[1, 4, 10, 22].map((at): [number, number] => [0, at]),
    ...[46, 49, 55, 67].map((at): [number, number] => [1, at]),
    ...[91, 94, 100, 112].map((at): [number, number] => [2, at]),
  ]);
});

Deno.test("waits at each address are those of any request (C-7488-3)", () => {
  for (let seed = 0; seed < 20; seed++) {
    const t = new Timeline({ server: [one, two], seed });
    t.request(mapSpec());
    for (let n = 0; n < 3; n++) {
      if (n === 0) t.send();
      assertWithin(t.nextSend().at, transmissionTimes[n] ?? [0, 0], `transmission ${n + 2}`);
    }
    assertWithin(t.nextSend().at, transmissionTimes[3] ?? [0, 0], "first to the second address");
    assertEquals(t.engine.serverIndex, 1);
  }
});

Deno.test("when all are silent the round begins again every 15 minutes (C-7488-6)", () => {
  const t = searching([one, two]);
  t.at(5_000_000).request(mapSpec());
  t.at(5_000_000 + 3 * 900_000 - 1);
  const firsts = sends(t).filter(([index], n, all) => index === 0 && all[n - 1]?.[0] !== 0);
  assertEquals(firsts.map(([, at]) => at - 5_000), [0, 900, 1800]);
});

Deno.test("a server that answered long ago and goes silent is searched as at first (C-7488-6, C-7488-7)", () => {
  const t = searching([one, two]);
  const id = t.request(mapSpec());
  t.answer(id, { lifetime: 120 }).takeSends();
  t.at(5_000_000);
  const rounds = sends(t).filter(([index], n, all) =>
    n > 0 && index === 0 && all[n - 1]?.[0] === 1
  );
  for (const [n, [, at]] of rounds.entries()) {
    const before = rounds[n - 1];
    if (before !== undefined) assertEquals(at - before[1], 900);
  }
  assert(rounds.length >= 4);
});

Deno.test("a single address is asked for ever (C-8.1.1-5)", () => {
  const t = searching([one]);
  t.request(mapSpec());
  t.at(3_600_000);
  assertEquals(sends(t).every(([index]) => index === 0), true);
  assertEquals(t.events("serverChanged"), []);
});

Deno.test("the address that answered stays (C-7488-7)", () => {
  const t = searching();
  const id = t.request(mapSpec());
  t.at(45_000).step({ type: "timeout" });
  assertEquals(t.engine.serverIndex, 1);
  t.receive(t.answerTo(t.latest(id), { lifetime: 600 }), { source: two });
  assertEquals(t.state(id), { type: "running" });
  const other = t.request(peerSpec());
  t.at(50_000).receive(t.answerTo(t.latest(other)), { source: two });
  assertEquals(t.state(other), { type: "running" });
  assertEquals(t.engine.serverIndex, 1);
  // Silent again: the search begins with the first address.
  t.step({ type: "announce" }).at(50_000 + 45_000);
  assertEquals(t.engine.serverIndex, 0);
});

Deno.test("a late response of an address that was given up is ignored (C-7488-4)", () => {
  const t = searching();
  const id = t.request(mapSpec());
  const late = t.answerTo(t.latest(id));
  t.at(45_000).takeEvents();
  t.receive(late, { source: one });
  assertEquals(t.ignored(), ["source"]);
});

Deno.test("an unreachable address is left at once (C-7488-5)", () => {
  const t = searching();
  t.request(mapSpec());
  t.send();
  t.at(100).step({ type: "unreachable" });
  assertEquals([t.send().at, t.engine.serverIndex], [100, 1]);
  const single = searching([one]);
  single.request(mapSpec());
  single.send();
  single.step({ type: "unreachable" }).sends(0);
});

Deno.test("all addresses of a server are asked with the same nonce (C-7488-8, C-11.2-N2)", () => {
  const t = searching();
  t.request(mapSpec());
  t.at(130_000);
  const nonces = t.takeSends().map(({ request }) => mapOrPeer(request).nonce.toString());
  assertEquals(nonces.length, 12);
  assertEquals(new Set(nonces).size, 1);
});

Deno.test("epochs of two addresses are not compared, holds of one do not hold the other (C-8.5-8, C-11.4-L2, C-8.3-NEW)", () => {
  const t = searching();
  const id = t.request(mapSpec());
  const other = t.request(mapSpec({ internalPort: 81 }));
  t.receive(t.answerTo(t.latest(other), { result: ResultCode.NoResources, lifetime: 86_400 }), {
    source: one,
  });
  t.at(1_000).step({ type: "unreachable" });
  t.step({ type: "announce" }).takeSends();
  t.announce(5, { source: two });
  assertEquals(t.events("serverRestarted"), []);
  t.request(mapSpec({ internalPort: 82 }));
  assertEquals(t.sends(1)[0]?.id, 3);
  t.release(id);
});

Deno.test("a silent ANNOUNCE goes to the next address, too (C-7488-3)", () => {
  const t = searching([one, two]);
  t.step({ type: "announce" }).at(45_000 + 21_000);
  assertEquals(sends(t), [
    ...[0, 3, 9, 21].map((at): [number, number] => [0, at]),
    ...[45, 48, 54, 66].map((at): [number, number] => [1, at]),
  ]);
});

Deno.test("every exchange under way begins again at the next address", () => {
  const t = searching([one, two]);
  const running = t.request(mapSpec({ internalPort: 80 }));
  t.receive(t.answerTo(t.latest(running), { lifetime: 600 }), { source: one });
  const leaving = t.request(mapSpec({ internalPort: 81 }));
  t.receive(t.answerTo(t.latest(leaving), { lifetime: 600 }), { source: one });
  t.request(mapSpec({ internalPort: 82 }));
  t.release(leaving).takeSends();
  t.at(1_000).step({ type: "unreachable" });
  const lifetimes = t.sends(2).map(({ request }) => request.lifetime);
  assertEquals(lifetimes, [0, 7200]);
  assertEquals(t.state(running), { type: "running" });
});

Deno.test("a change of the address does not end renewals whose number was changed meanwhile", () => {
  const t = new Timeline({ server: [one, two], random: () => 0.5 });
  const id = t.request(mapSpec());
  t.answer(id, { lifetime: 600 }).takeSends();
  t.nextSend(400_000); // a renewal, which stays unanswered
  t.step({ type: "want", id, lifetimes: 1 }).step({ type: "want", id, lifetimes: Infinity });
  assertEquals(t.state(id), { type: "running" });
  t.step({ type: "unreachable" });
  assertEquals(t.engine.serverIndex, 1);
  const { request } = t.nextSend(600_000);
  assertEquals([t.state(id).type, request.lifetime], ["updating", 7200]);
  assertEquals(t.events("lost"), []);
});
