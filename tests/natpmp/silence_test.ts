/** The choice of the protocol when a gateway does not answer in PCP (G-2). */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ResultCodeError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import { lab } from "../../src/testing/lab.ts";
import { granted, natPmpRequests, sentRequests, texts } from "../helpers/natpmp.ts";
import { mapRequests, requests, unread } from "../helpers/client.ts";

/** A gateway that speaks NAT-PMP, and drops what it does not know. */
const DROPS_PCP = { natPmpOnly: true, quirks: { dropsOtherVersions: true } };
const BOTH = { natPmp: true };

Deno.test("a gateway that drops PCP and speaks NAT-PMP gives a mapping within 2 s (G-2)", async () => {
  await using world = await lab({ server: DROPS_PCP });
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  const { externalPort } = await world.settled(mapping.ready());
  assert(world.clock.now() < 2_000, `${world.clock.now()}`);
  assertEquals([externalPort, world.handle.protocol], [40000, "nat-pmp"]);
  const sent = sentRequests(world).map(({ at, text }) => `${at} ${text}`);
  assertEquals(sent, [
    "0 PCP",
    "1000 address",
    "1002 PCP", // the question whether it speaks PCP after all
    "1252 map tcp 6000 -> 0 for 7200",
  ]);
});

Deno.test("of a router that speaks both a lost first datagram makes one mapping, in PCP (G-2, U-1.3)", async () => {
  await using world = await lab({ server: BOTH });
  world.server.swallow(1, 1);
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.settled(mapping.ready());
  await world.advance(10_000);
  assertEquals(texts(natPmpRequests(world)), ["address"]);
  assertEquals([...world.server.mappings.values()].map(({ kind }) => kind), ["map"]);
  assertEquals(world.handle.protocol, "pcp");
});

Deno.test("PCP goes on beside NAT-PMP, and its answer wins (G-2, U-1.4)", async () => {
  await using world = await lab({ server: BOTH });
  world.server.tamper = (reply, request) => request[0] === 0 && request.length > 2 ? [] : [reply];
  const cancel = [world.server.swallow(1, 1), world.server.swallow(1, 0)];
  // The question is lost as well, and mapping requests in NAT-PMP are not answered.
  world.network.link = ({ bytes, at }) => bytes[0] === 2 && at < 2_900 ? [] : [0];
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(2_500);
  assert(texts(natPmpRequests(world)).includes("map tcp 6000 -> 0 for 7200"));
  for (const each of cancel) each();
  await world.settled(mapping.ready());
  assert(world.clock.now() < 3_400, `by the second transmission: ${world.clock.now()}`);
  const before = natPmpRequests(world).length;
  await world.advance(60_000);
  assertEquals(natPmpRequests(world).length, before);
  assertEquals(world.handle.protocol, "pcp");
});

Deno.test("a mapping of NAT-PMP gives way to a late answer in PCP, and both are deleted at the end (G-2)", async () => {
  await using world = await lab({ server: BOTH });
  // PCP is slow: its answers take 3 s.
  world.network.link = ({ bytes, from }) => bytes[0] === 2 && from.port === 5351 ? [3_000] : [0];
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.settled(mapping.ready());
  assertEquals(world.handle.protocol, "nat-pmp");
  unread(mapping);
  await world.advance(10_000);
  assertEquals([mapping.state.type, world.handle.protocol], ["running", "pcp"]);
  assertEquals(world.server.mappings.size, 2);
  world.network.link = undefined;
  await world.settled(mapping.revoke());
  await world.advance(100);
  assertEquals(world.server.mappings.size, 0);
});

Deno.test("once PCP is known to be silent each request has one datagram in PCP, then goes over (G-2, C-9-7)", async () => {
  await using world = await lab({ server: { ...DROPS_PCP, maxLifetime: 600 } });
  await granted(world);
  const since = world.clock.now();
  const second = await granted(world, 6001);
  assert(world.clock.now() - since < 300);
  assertEquals(texts(sentRequests(world, since)), ["PCP", "map tcp 6001 -> 0 for 7200"]);
  const renewalFrom = world.clock.now();
  await world.advance(310_000);
  assertEquals(second.state.type, "running");
  assertEquals(texts(sentRequests(world, renewalFrom)).filter((text) => text === "PCP").length, 2);
  assertEquals(world.server.counters.violations, {});
});

Deno.test("a deletion of such a gateway goes over too (G-2)", async () => {
  await using world = await lab({ server: DROPS_PCP });
  const mapping = await granted(world);
  const since = world.clock.now();
  await world.settled(mapping.revoke());
  assert(world.clock.now() - since < 300);
  assertEquals([mapping.state.type, world.server.mappings.size], ["revoked", 0]);
});

Deno.test("a gateway that learns PCP is asked in PCP from the next request on (G-2, U-1.5)", async () => {
  await using world = await lab({ server: DROPS_PCP });
  await granted(world);
  world.server.setProtocols(["pcp", "nat-pmp"]);
  const since = world.clock.now();
  await granted(world, 6001);
  assertEquals(texts(sentRequests(world, since)), ["PCP"]);
  assertEquals(world.handle.protocol, "pcp");
});

Deno.test("a gateway that has answered in PCP and falls silent is asked in PCP only, for its lifetime (G-2)", async () => {
  await using world = await lab({ server: { ...BOTH, maxLifetime: 600 } });
  await granted(world);
  world.server.setProtocols(["nat-pmp"]);
  world.server.tamper = (reply, request) => request[0] === 2 ? [] : [reply];
  const silentFrom = world.clock.now();
  const other = world.handle.request(new InboundMap(6001, 7200));
  await world.advance(599_000);
  assertEquals([natPmpRequests(world), other.state.type], [[], "starting"]);
  await world.advance(3_000);
  assertEquals(other.state.type, "running");
  const [first] = natPmpRequests(world);
  assertEquals((first?.at ?? 0) - silentFrom, 600_000);
});

Deno.test("without a lifetime the belief in PCP lasts 30 minutes of silence (G-2)", async () => {
  await using world = await lab({ server: BOTH });
  await world.settled(world.handle.announce());
  world.server.tamper = (reply, request) => request[0] === 2 ? [] : [reply];
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(1_799_000);
  assertEquals([natPmpRequests(world), mapping.state.type], [[], "starting"]);
  await world.advance(3_000);
  assertEquals(mapping.state.type, "running");
});

Deno.test("a router that starts with NAT-PMP later than its repetitions is found (G-2)", async () => {
  await using world = await lab({ server: DROPS_PCP });
  world.server.silent = true;
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(400_000);
  assertEquals(mapping.state.type, "starting");
  world.server.silent = false;
  await world.settled(mapping.ready(), 1_200_000);
  assertEquals(world.handle.protocol, "nat-pmp");
});

Deno.test("an ICMP error begins NAT-PMP at once (G-2, U-1.2)", async () => {
  await using world = await lab({ server: { protocols: ["upnp"], closedPort: "refused" } });
  world.handle.request(new InboundMap(6000, 7200));
  await world.advance(50);
  assertEquals(texts(natPmpRequests(world)), ["address"]);
});

Deno.test("late errors of a gateway that speaks PCP only, to repeated NAT-PMP requests, refuse no PCP (C-9-12, G-2)", async () => {
  await using world = await lab();
  // Requests in PCP are lost at first; those in NAT-PMP take longer than the waits between them.
  world.network.link = ({ bytes: [version, opcode = 0], at }) => {
    if (version === 0) return [600];
    return at < 2_500 && opcode < 128 ? [] : [1];
  };
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(1_700);
  const second = world.handle.request(new InboundMap(6001, 7200));
  await world.advance(1_300);
  assertEquals(natPmpRequests(world).length > 1, true);
  await world.settled(Promise.all([mapping.ready(), second.ready()]));
  assert(world.clock.now() < 8_000, `${world.clock.now()}`);
});

Deno.test("what was requested beside a refusal in PCP is deleted in NAT-PMP (G-2)", async () => {
  await using world = await lab({ server: BOTH });
  // The first request in PCP is lost, and so is NAT-PMP's answer to the mapping.
  world.network.link = ({ bytes: [version, opcode = 0], at }) => {
    if (version === 0) return opcode === 130 || (at > 1_400 && at < 6_000) ? [] : [1];
    return opcode >= 128 || at >= 1_500 ? [1] : [];
  };
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(1_500);
  assertEquals(world.server.mappings.size, 1);
  world.server.fail(4, { times: 1, lifetime: 600 });
  await world.advance(5_000);
  assertEquals(mapping.state.type, "error");
  mapping.revoke();
  await world.advance(1_000);
  assertEquals([mapping.state.type, world.server.mappings.size], ["revoked", 0]);
});

Deno.test("what NAT-PMP cannot express is refused after the second datagram in PCP (G-2, G-11)", async () => {
  await using world = await lab({ server: DROPS_PCP });
  const mapping = world.handle.request(new OutboundMap(6000, "198.51.100.7", 443, 600));
  const error = await assertRejects(() => world.settled(mapping.ready()), ResultCodeError);
  assert(world.clock.now() < 3_700, `${world.clock.now()}`);
  assertEquals(error.unsupported, { protocol: "nat-pmp", part: "outbound" });
  assertEquals(requests(world).length >= 2, true);
  assertEquals(mapping.isOver, false);
});

Deno.test("ANNOUNCE, which NAT-PMP does not have, begins no other protocol, and is refused once PCP is known to be silent (G-2)", async () => {
  await using world = await lab({ server: DROPS_PCP });
  const cancel = new AbortController();
  const first = world.handle.announce({ signal: cancel.signal }).catch((error: unknown) => error);
  await world.advance(8_000);
  assertEquals(natPmpRequests(world), []);
  cancel.abort();
  await first;
  await granted(world);
  await assertRejects(() => world.settled(world.handle.announce()), ResultCodeError, "VERSION");
});

Deno.test("IPv6 has no NAT-PMP: its repetitions in PCP go on alone (G-2, C-9-13)", async () => {
  await using world = await lab({ clientAddress: "2001:db8::10", serverAddress: "2001:db8::1" });
  world.server.silent = true;
  world.handle.request(new InboundMap(6000, 7200));
  await world.advance(60_000);
  assertEquals(natPmpRequests(world), []);
  assert(mapRequests(world).length >= 4);
});
