/** Forged version errors and NAT-PMP answers: they have nothing but the source address against forgery. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { MapHandle } from "../../src/client/map_handle.ts";
import type { MappingId } from "../../src/engine/events.ts";
import type { Protocol } from "../../src/engine/protocol.ts";
import { type Lab, lab } from "../../src/testing/lab.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { encodeNatPmpResponse } from "../../src/wire/natpmp.ts";
import { encodeResponse } from "../../src/wire/message.ts";
import { octets } from "../helpers/hex.ts";
import { client4, mapSpec } from "../helpers/specs.ts";
import { granted as grantedInPcp, Timeline } from "../helpers/timeline.ts";
import { granted, natPmpLab } from "../helpers/natpmp.ts";
import { CLIENT, clientSocket, opened, SERVER, unread } from "../helpers/client.ts";
import { MemoryStore } from "../client/memory_store.ts";
import { Client } from "../../src/client/client.ts";

const PROTOCOLS: readonly Protocol[] = ["pcp", "nat-pmp"];
const EVIL = IpAddress.parse("198.51.100.66");

/** What an attacker sends to the port of the client, for a mapping of TCP port 6000. */
function forgeries(epoch = 0): Uint8Array[] {
  return [
    octets("00000001 00000000"),
    octets("00810001 00000000"),
    encodeResponse({ type: "announce", version: 3, result: 1, lifetime: 86_400, epoch }),
    encodeResponse({ type: "announce", version: 2, result: 1, lifetime: 86_400, epoch }),
    encodeNatPmpResponse({ type: "externalAddress", result: 0, epoch, address: EVIL }),
    encodeNatPmpResponse({
      type: "map",
      result: 0,
      epoch,
      protocol: 6,
      internalPort: 6000,
      externalPort: 666,
      lifetime: 86_400,
    }),
    encodeNatPmpResponse({
      type: "map",
      result: 2,
      epoch,
      protocol: 6,
      internalPort: 6000,
      externalPort: 0,
      lifetime: 0,
    }),
  ];
}

/** Sends the forgeries to the client's port and to the announcement port, in steps, for a time. */
async function attack(world: Lab, duration: number, step = 10): Promise<void> {
  const to = clientSocket(world);
  const end = world.clock.now() + duration;
  for (let n = 0; world.clock.now() < end; n++) {
    const all = forgeries(n % 2 === 0 ? 0 : 1_000_000);
    for (const bytes of all) world.host.sendRaw(bytes, to);
    world.host.sendRaw(all[4] ?? new Uint8Array(), { hostname: "224.0.0.1", port: 5350 });
    await world.advance(step);
  }
}

/** The alerts that change or end a mapping. */
function changes(mapping: MapHandle): string[] {
  return unread(mapping).flatMap((alert) => {
    if (alert.type === "assigned") return [`assigned ${alert.externalAddress}`];
    const { type } = alert.state;
    return type === "running" || type === "updating" ? [] : [type];
  });
}

Deno.test("no forged datagram changes or ends a mapping that PCP granted, at a quick, a slow and a silent gateway", async () => {
  for (const [latency, silent] of [[0.5, false], [10, false], [0.5, true]] as const) {
    await using world = await lab({ latency, server: { maxLifetime: 600 } });
    const mapping = await opened(world);
    const before = mapping.assigned;
    await world.advance(330_000); // shortly before its renewals
    world.server.silent = silent;
    await attack(world, 60_000);
    world.server.silent = false;
    await world.advance(250_000);
    assertEquals([changes(mapping), mapping.assigned], [[], before]);
    assertEquals(world.handle.protocol, "pcp");
    assert(world.sent().every(({ bytes }) => bytes[0] === 2));
  }
});

Deno.test("nor while the caller changes it, or the server has restarted", async () => {
  await using world = await lab();
  const mapping = await opened(world);
  const { externalPort } = mapping.assigned ?? {};
  world.server.swallow(2);
  mapping.renew(3600);
  await attack(world, 5_000);
  assertEquals(mapping.state.type, "running");
  world.host.restart();
  world.server.swallow(2);
  await attack(world, 20_000);
  assertEquals([mapping.state.type, mapping.assigned?.externalPort], ["running", externalPort]);
  assertEquals(changes(mapping).filter((change) => !change.startsWith("assigned 203")), []);
});

Deno.test("a new mapping of a gateway that has answered in PCP is delayed by seconds at most, and made in PCP", async () => {
  await using world = await lab({ latency: 10 });
  await opened(world, new InboundMap(6001, 7200));
  world.server.swallow(1);
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await attack(world, 8_000, 100);
  assertEquals(mapping.state.type, "running");
  assertEquals(mapping.assigned?.externalAddress, "203.0.113.5");
  assert(world.sent().every(({ bytes }) => bytes[0] === 2));
});

Deno.test("a flood of version errors makes at most one question a minute", async () => {
  await using world = await lab({ latency: 10 });
  await opened(world);
  for (let second = 0; second < 50; second++) {
    const other = world.handle.request(new InboundMap(7000 + second, 7200));
    world.host.sendRaw(octets("00000001 00000000"), clientSocket(world));
    await world.settled(other.ready());
    await world.advance(1_000);
  }
  assert((world.server.counters.received["announce"] ?? 0) <= 1);
});

Deno.test("a gateway of which an earlier run left a PCP mapping is believed to speak PCP", async () => {
  const store = new MemoryStore();
  const first = await lab({ client: { store } });
  await opened(first);
  await first.settled(first.handle.shutdown({ keep: true }));
  first.host.close();
  await using world = await lab({ client: { store }, server: { natPmp: true } });
  world.server.silent = true;
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(500);
  for (const bytes of forgeries()) world.host.sendRaw(bytes, clientSocket(world));
  await world.advance(10_000);
  assertEquals(mapping.state.type, "starting");
  assert(world.sent().every(({ bytes }) => bytes[0] === 2));
});

Deno.test("a mapping that an earlier run got in NAT-PMP, or did not get, makes nothing believed", async () => {
  for (const silent of [false, true]) {
    const store = new MemoryStore();
    const first = await natPmpLab({}, { client: { store } });
    first.server.silent = silent;
    first.handle.request(new InboundMap(6000, 7200));
    await first.advance(10_000);
    await first.settled(first.handle.shutdown({ keep: true }));
    first.host.close();
    await using world = await natPmpLab({}, { client: { store } });
    const mapping = world.handle.request(new InboundMap(6000, 7200));
    await world.advance(100);
    assertEquals(mapping.state.type, "running");
  }
});

Deno.test("a replaced router that speaks NAT-PMP only is used after the question, the old mapping lives to its end", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const old = await opened(world);
  world.server.setProtocols(["nat-pmp"]);
  const mapping = world.handle.request(new InboundMap(6001, 7200));
  await world.settled(mapping.ready());
  assert(world.clock.now() < 5_000, `${world.clock.now()}`);
  assertEquals(world.handle.protocol, "nat-pmp");
  const { at } = world.wire.findLast(({ text }) => text.startsWith("PCP MAP response")) ?? {};
  await world.advance(600_000 - world.clock.now() - 100);
  assertEquals([old.state.type === "running" || old.state.type === "updating", at], [true, 1]);
  await world.advance(5_000);
  assertEquals([old.state.type, world.server.mappings.size], ["running", 2]);
});

Deno.test("a version error counts in the time of an answer only (C-9-11)", () => {
  const t = new Timeline({ protocols: PROTOCOLS });
  t.request(mapSpec());
  t.at(900).takeEvents();
  t.at(1_001).receive(octets("00000001 000003e8"));
  assertEquals(t.ignored(), ["stale"]);
  const quick = new Timeline({ protocols: PROTOCOLS });
  quick.request(mapSpec());
  quick.at(20).receive(octets("00000001 000003e8"));
  assertEquals(quick.allSends().at(-1)?.bytes, octets("0000"));
});

Deno.test("the time of an answer is four round trips, at least 250 ms", () => {
  const t = new Timeline({ protocols: PROTOCOLS, random: () => 0.5 });
  const id = t.request(mapSpec());
  t.at(100).answer(id); // a round trip of 100 ms
  const other = t.request(mapSpec({ internalPort: 81 }));
  t.takeEvents();
  t.at(501).receive(octets("00000001 000003e8"));
  assertEquals(t.ignored(), ["stale"]);
  t.answer(other);
  t.request(mapSpec({ internalPort: 82 }));
  t.takeEvents();
  t.pass(390).receive(octets("00000001 000003e8"));
  assertEquals(t.ignored(), []);
});

Deno.test("after a version error NAT-PMP begins at another port, with the address", async () => {
  await using world = await natPmpLab();
  await granted(world);
  const ports = world.server.log.map(({ from, bytes }) => [from.port, bytes[0], bytes.length]);
  const [[pcpPort, ...pcp] = [], [natPmpPort, ...address] = [], [mapPort] = []] = ports;
  assertEquals([pcp, address], [[2, 60], [0, 2]]);
  assertNotEquals(pcpPort, natPmpPort);
  assertEquals(natPmpPort, mapPort);
  // Known to speak NAT-PMP it is asked from there further on.
  await granted(world, 6001);
  assertEquals(new Set(world.server.log.slice(1).map(({ from }) => from.port)).size, 1);
});

Deno.test("NAT-PMP answers to the port before are ignored, PCP's are taken", async () => {
  await using world = await natPmpLab();
  world.server.tamper = (reply, request) => request[0] === 0 ? [] : [reply];
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(50);
  const [first] = world.server.log;
  const old = { hostname: CLIENT, port: first?.from.port ?? 0 };
  for (const bytes of forgeries()) world.host.sendRaw(bytes, old);
  await world.advance(2_000);
  for (const bytes of forgeries()) world.host.sendRaw(bytes, old);
  await world.advance(10);
  assertEquals([mapping.state.type, world.handle.protocol], ["starting", undefined]);
  const { request } = first ?? {};
  assert(request?.type === "map");
  const answer = { ...request, result: 0, epoch: 7, lifetime: 600, externalPort: 6000 };
  const externalAddress = IpAddress.parse("203.0.113.5");
  world.host.sendRaw(encodeResponse({ ...answer, externalAddress }), old);
  await world.advance(10);
  assertEquals([mapping.state.type, world.handle.protocol], ["running", "pcp"]);
});

Deno.test("a socket that cannot be opened leaves the old one in use", async () => {
  await using world = await natPmpLab();
  world.network.failOpen = () => new Error("too many open files");
  const mapping = await granted(world);
  assertEquals(mapping.state.type, "running");
  assertEquals(new Set(world.server.log.map(({ from }) => from.port)).size, 1);
  const error = world.handle.pollError();
  assertEquals(error?.name, "SocketError");
});

Deno.test("at most two sockets for requests are open, none after shutdown()", async () => {
  const world = await natPmpLab({}, { client: { protocols: ["pcp", "nat-pmp"] } });
  const before = world.network.openSockets;
  for (let round = 0; round < 5; round++) {
    const mapping = await granted(world);
    await world.settled(mapping.revoke());
    world.server.tamper = (reply, request) => request[0] === 0 ? [] : [reply];
    const silent = world.handle.request(new InboundMap(6001, 7200));
    await world.advance(130_000);
    world.server.tamper = undefined;
    await world.settled(silent.revoke());
  }
  assert(world.network.openSockets <= before + 1, `${world.network.openSockets} of ${before}`);
  await world.settled(world.handle.shutdown());
  world.host.close();
  assertEquals(world.network.openSockets, 0);
});

Deno.test("a lifetime above the one asked for is cut to it in NAT-PMP, and kept in PCP (D-3.3-4)", () => {
  const t = new Timeline({ random: () => 0.5, protocols: PROTOCOLS });
  t.request(mapSpec({ lifetime: 3600 }));
  t.receive(octets("00000001 000003e8")).receive(octets("00800000 000003e8 cb007105"));
  t.receive(octets("00820000 000003e8 1f909c40 00015180"));
  assertEquals(t.events("granted").map(({ assignment }) => assignment.lifetime), [3600]);
  const { t: pcp } = grantedInPcp(mapSpec({ lifetime: 60 }), { lifetime: 120 });
  assertEquals(pcp.events("granted").map(({ assignment }) => assignment.lifetime), [120]);
});

/** A mapping that NAT-PMP granted, and the PCP request before it. */
function grantedInNatPmp(): {
  t: Timeline;
  id: MappingId;
  request: ReturnType<Timeline["latest"]>;
} {
  const t = new Timeline({ random: () => 0.5, protocols: PROTOCOLS });
  const id = t.request(mapSpec());
  const request = t.latest(id);
  t.receive(octets("00000001 000003e8")).receive(octets("00800000 000003e8 c6336442"));
  t.receive(octets("00820000 000003e8 1f90029a 00001c20"));
  assertEquals(t.state(id), { type: "running" });
  return { t, id, request };
}

Deno.test("a NAT-PMP assignment that a PCP success contradicts gives way", () => {
  const { t, id, request } = grantedInNatPmp();
  t.receive(t.answerTo(request, { externalPort: 40000 }));
  const last = t.events("granted").at(-1);
  assertEquals([t.state(id).type, last?.changed, last?.assignment.externalPort], [
    "running",
    true,
    40000,
  ]);
  assertEquals([last?.assignment.protocol, t.engine.gateway.protocol], ["pcp", "pcp"]);
});

Deno.test("a NAT-PMP assignment that a PCP error contradicts gives way", () => {
  const { t, id, request } = grantedInNatPmp();
  t.receive(t.answerTo(request, { result: 2, lifetime: 60 }));
  assertEquals([t.state(id).type, t.events("lost").length], ["error", 1]);
});

Deno.test("a forged restart in NAT-PMP leaves mappings of PCP alone", () => {
  // The gateway counts as never heard, as after two forged version errors.
  const { t, id } = grantedInPcp(mapSpec(), { lifetime: 7200 }, {
    random: () => 0.5,
    protocols: PROTOCOLS,
  });
  t.request(mapSpec({ internalPort: 81 }));
  t.receive(octets("00000001 00100000")).at(3_000).receive(octets("00000001 00100000"));
  t.receive(octets("00800000 00100000 cb007105")).receive(
    octets("00820000 00100000 00511111 00000e10"),
  );
  t.takeSends();
  const before = t.states(id).length;
  t.receive(octets("00800000 00000000 c6336442"), { multicast: true }).at(20_000);
  assertEquals(t.states(id).length, before);
  assertEquals(t.events("granted").filter((event) => event.id === id).length, 1);
});

Deno.test("an address of another host is no answer, also in NAT-PMP (D-3.2-1)", () => {
  const t = new Timeline({ protocols: PROTOCOLS });
  t.request(mapSpec());
  t.takeEvents();
  const source = { address: IpAddress.parse("192.168.1.66"), port: 5351 };
  for (const bytes of forgeries()) t.receive(bytes, { source });
  assertEquals(new Set(t.ignored()), new Set(["source"]));
  assertEquals(client4.toString(), CLIENT);
});

Deno.test("a multicast ANNOUNCE is no proof that the gateway speaks PCP", async () => {
  await using world = await natPmpLab({ quirks: { dropsOtherVersions: true } });
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  const announcement = encodeResponse({ type: "announce", result: 0, lifetime: 0, epoch: 9 });
  for (let step = 0; step < 20; step++) {
    world.host.sendRaw(announcement, { hostname: "224.0.0.1", port: 5350 });
    await world.advance(100);
  }
  assertEquals([mapping.state.type, world.handle.protocol], ["running", "nat-pmp"]);
});

Deno.test("two clients of one host do not disturb each other's sockets", async () => {
  await using world = await natPmpLab();
  const { network, clock } = world;
  const other = await Client.start("192.168.1.20", SERVER, { network, clock });
  const mappings = [world.handle, other].map((handle) => handle.request(new InboundMap(6000, 600)));
  await world.settled(Promise.all(mappings.map((mapping) => mapping.ready())));
  await world.settled(other.shutdown());
  assertEquals(mappings[0]?.state.type, "running");
});

Deno.test("a live PCP mapping stays in PCP even at a gateway that counts as never heard", () => {
  const { t, id } = grantedInPcp(mapSpec(), { lifetime: 600 }, {
    random: () => 0.5,
    protocols: PROTOCOLS,
  });
  t.at(338_000); // its renewal
  t.receive(octets("00000001 00000064")).at(341_000).receive(octets("00000001 00000064"));
  const other = t.request(mapSpec({ internalPort: 81 }));
  t.at(341_300).receive(octets("00000001 00000064"));
  t.receive(octets("00800000 00000064 c6336442"));
  t.receive(octets("00820000 00000064 00510051 00000e10"));
  t.at(469_000).receive(octets("00000001 000000e4")).at(480_000); // the next renewal is refused too
  const isMapOf8080 = (bytes: Uint8Array): boolean => bytes[0] === 0 && bytes[4] === 0x1f;
  assertEquals(t.allSends().filter(({ bytes }) => isMapOf8080(bytes)), []);
  assertEquals([t.state(other).type, t.events("lost")], ["running", []]);
  assertEquals(t.events("granted").filter((event) => event.id === id).length, 1);
});
