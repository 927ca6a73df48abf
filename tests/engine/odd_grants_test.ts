/** Grants of something else than what was requested, or of nothing usable. */

import { assert, assertEquals } from "@std/assert";
import { IpAddress } from "../../src/wire/address.ts";
import type { Option } from "../../src/wire/option.ts";
import { client6, external4, mapSpec, peerSpec, server6 } from "../helpers/specs.ts";
import { granted, mapOrPeer, Timeline } from "../helpers/timeline.ts";

const PICKY = mapSpec({ externalPort: 80, options: [{ type: "preferFailure" }] });
const OTHER_HOST: Option = { type: "thirdParty", address: IpAddress.parse("192.168.1.99") };
const ANY6 = IpAddress.any("IPv6");

Deno.test("a pinhole's port is the internal one, whatever the answer says, in MAP and PEER (G-5)", () => {
  const peer = { remoteAddress: IpAddress.parse("2001:db8:7::7"), externalAddress: ANY6 };
  for (const spec of [mapSpec({ externalAddress: ANY6 }), peerSpec(peer)]) {
    const t = new Timeline({ client: client6, server: server6 });
    const id = t.request(spec);
    for (const externalPort of [40000, 9, 0]) {
      t.answer(id, { externalAddress: client6, externalPort });
      const assigned = t.events("granted").at(-1)?.assignment.externalPort;
      assertEquals(assigned, spec.internalPort, `${externalPort}`);
    }
    assertEquals(t.events("granted").map(({ changed }) => changed), [true, false, false]);
  }
});

Deno.test("a pinhole for another host has that host's port, and one for all ports has port 0 (G-5)", () => {
  const address = IpAddress.parse("2001:db8:1::99");
  const options: Option[] = [{ type: "thirdParty", address }];
  const t = new Timeline({ client: client6, server: server6 });
  const id = t.request(mapSpec({ externalAddress: ANY6, options }));
  t.answer(id, { externalAddress: address, externalPort: 7, options });
  assertEquals(t.events("granted").at(-1)?.assignment.externalPort, 8080);
  const all = t.request(mapSpec({ internalPort: 0, externalAddress: ANY6 }));
  t.answer(all, { externalAddress: client6, externalPort: 7 });
  assertEquals(t.events("granted").at(-1)?.assignment.externalPort, 0);
});

Deno.test("PREFER_FAILURE answered with another port: the second such answer is final, and what was made is deleted (G-6)", () => {
  const t = new Timeline();
  const id = t.request(PICKY);
  t.answer(id, { externalPort: 81 });
  assertEquals(t.state(id).type, "starting");
  t.takeSends();
  t.takeEvents();
  t.at(3_300).send();
  t.takeEvents();
  t.answer(id, { externalPort: 81 });
  const deletion = mapOrPeer(t.send().request);
  assertEquals([deletion.lifetime, deletion.externalPort, deletion.options], [0, 0, []]);
  const failed = { type: "error", code: 11, name: "CANNOT_PROVIDE_EXTERNAL" } as const;
  const states = () =>
    t.takeEvents().map((event) => event.type === "state" && [event.state, event.over]);
  assertEquals(states(), [[failed, false]]);
  t.at(6_600).send(); // repeated, and the state stays
  t.answer(id);
  assertEquals(states(), [[failed, true]]);
  assertEquals(t.events("granted"), []);
  t.silentUntil(10_000_000);
});

Deno.test("the same request waits while what was made in its place is being deleted, and for the hold after it (G-6)", () => {
  const t = new Timeline();
  const id = t.request(PICKY);
  t.answer(id, { externalPort: 81 }).answer(id, { externalPort: 81 });
  const again = t.request({ ...PICKY, externalPort: 82 });
  t.takeSends();
  t.silentUntil(2_000);
  t.answer(id);
  assertEquals(mapOrPeer(t.send().request).externalPort, 82);
  t.answer(again, { externalPort: 82 });
  assertEquals(t.state(again), { type: "running" });
});

Deno.test("a refused deletion of what was made in its place ends the mapping with its own failure (G-6)", () => {
  const t = new Timeline();
  const id = t.request(PICKY);
  t.answer(id, { externalPort: 81 }).answer(id, { externalPort: 81 }).refuse(id, 2, 60);
  assertEquals(t.events("state").at(-1)?.state, {
    type: "error",
    code: 11,
    name: "CANNOT_PROVIDE_EXTERNAL",
  });
  assertEquals(t.events("state").at(-1)?.over, true);
});

Deno.test("a running PREFER_FAILURE mapping that the server moves is lost at the second answer that says so (G-6)", () => {
  const { t, id } = granted(PICKY, { externalPort: 80 });
  t.at(10_000).answer(id, { externalPort: 2000 });
  assertEquals(t.ignored(), ["notSuggested"]);
  t.answer(id, { externalPort: 2000 });
  assertEquals(t.takeEvents().map(({ type }) => type), ["lost", "state"]);
  assertEquals(mapOrPeer(t.send().request).lifetime, 0);
});

Deno.test("THIRD_PARTY ignored: the second such answer is final, and the mapping for this host is deleted (G-9)", () => {
  const t = new Timeline();
  const id = t.request(mapSpec({ options: [OTHER_HOST] }));
  t.takeSends();
  t.takeEvents();
  t.answer(id);
  assertEquals(t.ignored(), ["unmatched"]);
  t.answer(id);
  const name = "UNUSABLE_ASSIGNMENT";
  assertEquals(t.state(id), { type: "error", code: -2, name, reason: "thirdParty" });
  assertEquals(mapOrPeer(t.send().request).lifetime, 0);
  t.answer(id); // without the option
  assertEquals(t.events("state").at(-1)?.over, true);
  assertEquals(t.events("granted"), []);
});

Deno.test("THIRD_PARTY ignored in PEER, which cannot be deleted: refused alike (G-9)", () => {
  const t = new Timeline();
  const id = t.request(peerSpec({ options: [OTHER_HOST] }));
  t.takeSends();
  t.answer(id).answer(id).sends(0);
  const state = t.state(id);
  assertEquals(state.type === "error" && [state.reason, state.retryIn], ["thirdParty", undefined]);
  assertEquals(t.events("state").at(-1)?.over, true);
});

Deno.test("a success with lifetime 0 for a port requested again is unusable once it is no late answer (G-14)", () => {
  const { t, id } = granted(mapSpec());
  t.release(id).answer(id);
  t.takeSends();
  const again = t.request(mapSpec());
  t.answer(again, { lifetime: 0 });
  assertEquals(t.state(again).type, "starting");
  t.nextSend();
  t.nextSend();
  t.answer(again, { lifetime: 0 });
  const state = t.state(again);
  assertEquals(state.type === "error" && state.reason, "lifetime");
});

Deno.test("a renewal that an error holds back is sent when a restart is announced (G-15)", () => {
  const { t, id } = granted(mapSpec({ lifetime: 600 }));
  t.nextSend(); // the renewal
  const at = t.now;
  t.refuse(id, 8, 86_400);
  assertEquals(t.events("renewalRefused").length, 1);
  t.takeSends();
  t.announce(0);
  const { at: sentAt, request } = t.nextSend();
  assert(sentAt - at <= 5_000, `${sentAt - at} ms`);
  assertEquals([request.lifetime, t.state(id).type], [600, "updating"]);
});

Deno.test("what the restarted server refuses holds, also if its epoch is the first sign of the restart (G-15)", () => {
  const { t, id } = granted(mapSpec({ lifetime: 600 }));
  t.nextSend();
  t.refuse(id, 8, 200, { epoch: 0 });
  t.takeSends();
  t.silentUntil(t.now + 199_000);
});

Deno.test("a mapping without a lease that was refused is not requested again by a restart (G-15)", () => {
  const t = new Timeline();
  const id = t.request(mapSpec());
  t.refuse(id, 2, 600).takeSends();
  t.announce(0).silentUntil(599_999).at(600_000).send();
});

Deno.test("NO_RESOURCES holds new mappings beyond a restart, which is easy to forge (G-15, C-11.4-L4)", () => {
  const { t, id } = granted(mapSpec());
  t.refuse(t.request(mapSpec({ internalPort: 81 })), 8, 600).takeSends();
  t.announce(0);
  t.request(mapSpec({ internalPort: 82 }));
  assertEquals(t.nextSend().id, id); // recovered
  t.answer(id).silentUntil(599_999).at(600_000).sends(2);
});

Deno.test("a restart ends what NO_RESOURCES to a deletion held, but for new mappings (G-15, C-11.4-L5)", () => {
  const { t, id } = granted(mapSpec());
  const deleted = t.request(mapSpec({ internalPort: 81 }));
  t.answer(deleted).release(deleted).refuse(deleted, 8, 600).takeSends();
  t.announce(0);
  t.request(peerSpec());
  assertEquals(t.nextSend().id, id); // recovered
  t.answer(id).silentUntil(599_999).at(600_000).sends(2);
});

Deno.test("a conflict takes the lease away; the mapping is requested again without a suggestion (G-19)", () => {
  const { t, id } = granted(mapSpec({ externalPort: 40000 }));
  t.at(10_000).step({ type: "conflict", id });
  assertEquals(t.takeEvents().map(({ type }) => type), ["lost", "state"]);
  const state = { type: "error", code: -3, name: "CONFLICT", reason: "conflict", retryIn: 60 };
  assertEquals<unknown>(t.state(id), state);
  t.silentUntil(69_999).at(70_000);
  const { externalPort, externalAddress } = mapOrPeer(t.send().request);
  assertEquals([externalPort, externalAddress], [0, external4]);
});

Deno.test("a conflict ends a mapping whose suggestion is binding, or of which no further lifetime is wanted (G-19)", () => {
  for (
    const [spec, lifetimes] of [[PICKY, Infinity], [mapSpec(), 1], [peerSpec(), Infinity]] as const
  ) {
    const { t, id } = granted(spec, { externalPort: 80 }, { lifetimes });
    t.step({ type: "conflict", id });
    const { state, over } = t.events("state").at(-1) ?? {};
    assertEquals([state?.type === "error" && state.code, over], [-3, true]);
  }
});

Deno.test("a conflict that a restart explains takes nothing away (G-19)", () => {
  const { t, id } = granted(mapSpec());
  t.request(mapSpec({ internalPort: 81 }));
  t.answer(2, { epoch: 0 }); // the restart
  t.takeEvents();
  t.step({ type: "conflict", id });
  assertEquals(t.events("lost"), []);
});
