/** Which requests fall back to NAT-PMP, and their octets (RFC 6887 section 9 and appendix A, RFC 6886 sections 1.1, 3). */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ResultCodeError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import { RequestType } from "../../src/client/request_type.ts";
import { hex } from "../helpers/hex.ts";
import { granted, natPmpLab, natPmpRequests, sentRequests, texts } from "../helpers/natpmp.ts";

Deno.test("a NAT-PMP gateway gets a PCP request, and after every form of refusal at once a NAT-PMP request (C-9-5, D-1.1-1)", async () => {
  for (const natPmpErrorOpcode of ["zero", "response"] as const) {
    await using world = await natPmpLab({ natPmpErrorOpcode });
    const mapping = await granted(world);
    const [first, second, third] = sentRequests(world);
    assertEquals([first?.text, second?.text], ["PCP", "address"]);
    assertEquals(third?.text, "map tcp 6000 -> 0 for 7200");
    assert((second?.at ?? 0) - (first?.at ?? 0) < 100);
    assertEquals(mapping.assigned, {
      externalAddress: "203.0.113.5",
      externalPort: 40000,
      lifetime: 7200,
      protocol: "nat-pmp",
    });
  }
});

Deno.test("NAT-PMP requests go to port 5351 of the server with the octets of the RFC (D-3-2, D-3.3-1)", async () => {
  await using world = await natPmpLab();
  const targets = new Set<string>();
  const tap = world.network.onDatagram;
  world.network.onDatagram = (datagram) => {
    if (datagram.bytes[0] === 0 && datagram.to.port === 5351) targets.add(datagram.to.hostname);
    tap?.(datagram);
  };
  const udp = world.handle.request(new InboundMap(0x1f90, 7200).protocol(17).externalPort(80));
  await world.settled(udp.ready());
  assertEquals([...targets], ["192.168.1.1"]);
  const [address, map] = natPmpRequests(world);
  assertEquals(hex(address?.bytes ?? new Uint8Array()), "0000");
  assertEquals(hex(map?.bytes ?? new Uint8Array()), "00010000 1f900050 00001c20");
  assertEquals(world.server.counters.violations, {});
});

Deno.test("n outstanding requests and n version errors lead to n NAT-PMP mappings, for n up to 12 (C-9-9)", async () => {
  for (let n = 1; n <= 12; n++) {
    await using world = await natPmpLab();
    const mappings = Array.from(
      { length: n },
      (_, index) => world.handle.request(new InboundMap(6000 + index, 7200)),
    );
    await world.advance(10_000);
    assertEquals(mappings.map(({ state }) => state.type), mappings.map(() => "running"));
    const { received } = world.server.counters;
    assertEquals([received["map"], received["natpmpAddress"], received["natpmpMap"]], [n, 1, n]);
    assertEquals(world.sent().length, 2 * n + 1);
    assertEquals(world.handle.stats().ignored, n === 1 ? {} : { stale: n - 1 });
  }
});

Deno.test("every renewal and every new request begins in PCP (C-9-7, D-1.1-1)", async () => {
  await using world = await natPmpLab({ maxLifetime: 600 });
  await granted(world);
  await world.advance(1_000_000);
  const renewals = texts(sentRequests(world)).slice(3);
  const renewal = ["PCP", "address", "map tcp 6000 -> 40000 for 7200"];
  assertEquals(renewals, [1, 2, 3].flatMap(() => renewal));
  const before = world.sent().length;
  await granted(world, 6001);
  assertEquals(texts(sentRequests(world)).slice(before), ["PCP", "map tcp 6001 -> 0 for 7200"]);
});

Deno.test("renewals are sent at half the granted lifetime, with the assigned port and the requested lifetime (D-3.3-3, D-3.3-4)", async () => {
  await using world = await natPmpLab({ maxLifetime: 600, assignPort: 7777 });
  const mapping = await granted(world);
  assertEquals([mapping.assigned?.lifetime, mapping.assigned?.externalPort], [600, 7777]);
  const sentAt = sentRequests(world)[2]?.at ?? 0;
  await world.advance(299_000);
  assertEquals(sentRequests(world).length, 3);
  await world.advance(1_010);
  const renewal = sentRequests(world).slice(3);
  assertEquals(renewal[0]?.at, sentAt + 300_000);
  assertEquals(texts(renewal), ["PCP", "address", "map tcp 6000 -> 7777 for 7200"]);
});

Deno.test("a deletion has lifetime 0 and no suggestion, and is confirmed even without a mapping (D-3.4-1, D-3.4-2)", async () => {
  for (const isThere of [true, false]) {
    await using world = await natPmpLab();
    const mapping = await granted(world);
    if (!isThere) world.server.restart(world.clock.now(), { announce: false, epoch: 1 });
    const from = world.sent().length;
    await world.settled(mapping.revoke());
    const [pcp, deletion, ...more] = sentRequests(world).slice(from);
    assertEquals([pcp?.text, more], ["PCP", []]);
    assertEquals(hex(deletion?.bytes ?? new Uint8Array()), "00020000 17700000 00000000");
    assertEquals([mapping.state.type, world.server.mappings.size], ["revoked", 0]);
    assertEquals(world.server.counters.violations, {});
  }
});

Deno.test("shutdown sends at least one deletion of each mapping, even without confirmation (D-3.1-5)", async () => {
  const world = await natPmpLab();
  await granted(world);
  await granted(world, 6001);
  const from = world.sent().length;
  world.server.tamper = (reply, request) => request[0] === 0 ? [] : [reply];
  const summary = await world.settled(world.handle.shutdown());
  assertEquals(summary, { released: 0, unconfirmed: 2, kept: 0 });
  const deletions = texts(sentRequests(world).slice(from)).filter((text) => text !== "PCP");
  assert(deletions.includes("map tcp 6000 -> 0 for 0"));
  world.host.close();
});

Deno.test("an expired mapping is not deleted (D-3.1-5)", async () => {
  await using world = await natPmpLab({ maxLifetime: 120 });
  const mapping = world.handle.request(new InboundMap(6000, 120), RequestType.Once);
  await world.settled(mapping.ready());
  await world.advance(121_000);
  assertEquals(mapping.state.type, "expired");
  const from = world.sent().length;
  await world.settled(mapping.revoke());
  assertEquals(world.sent().length, from);
});

Deno.test("requests beyond NAT-PMP are refused with UNSUPP_VERSION and not sent in NAT-PMP (C-9-13)", async () => {
  const maps = {
    peer: new OutboundMap(5000, "198.51.100.7", 443, 600),
    filter: new InboundMap(5000, 600).filter(0, "198.51.100.0", 24),
    preferFailure: new InboundMap(5000, 600).externalPort(5000).preferFailure(),
    thirdParty: new InboundMap(5000, 600).thirdParty("192.168.1.20"),
    allPorts: new InboundMap(0, 600),
    otherProtocol: new InboundMap(5000, 600).protocol(132),
    otherFamily: new InboundMap(5000, 600).externalAddress("::"),
  };
  for (const [name, map] of Object.entries(maps)) {
    await using world = await natPmpLab({}, { client: { allowThirdParty: true } });
    const mapping = world.handle.request(map);
    const error = await assertRejects(
      () => world.settled(mapping.ready()),
      ResultCodeError,
      "UNSUPP_VERSION",
      name,
    );
    assertEquals(error.code, 1, name);
    assertEquals(natPmpRequests(world), [], name);
    assertEquals(
      mapping.isOver,
      false,
      "it is requested again later, in case the gateway learns PCP",
    );
  }
});

Deno.test("optional options without equivalent in NAT-PMP are reported as ignored (E-7220-3, E-7753-5)", async () => {
  await using world = await natPmpLab();
  const mapping = world.handle.request(new InboundMap(6000, 7200).description("web").portSet(4));
  const assigned = await world.settled(mapping.ready());
  assertEquals(assigned.ignoredOptions, ["description", "portSet"]);
  assertEquals([assigned.description, assigned.portSet?.size], [undefined, 1]);
});

Deno.test("requests that only PCP has are refused with UNSUPP_VERSION, and the external address is available (C-9-13)", async () => {
  await using world = await natPmpLab();
  await assertRejects(() => world.settled(world.handle.announce()), ResultCodeError, "VERSION");
  await assertRejects(() => world.settled(world.handle.prefix64()), ResultCodeError, "VERSION");
  assertEquals(await world.settled(world.handle.externalAddress()), "203.0.113.5");
  assertEquals(world.server.mappings.size, 0);
});

Deno.test("a host with a public address does not speak NAT-PMP, one with an RFC 1918 address does (D-3-1)", async () => {
  const speaks = {
    "10.1.2.3": true,
    "172.16.0.9": true,
    "172.32.0.9": false,
    "198.51.100.10": false,
  };
  for (const [clientAddress, isPrivate] of Object.entries(speaks)) {
    await using world = await natPmpLab({}, { clientAddress });
    const mapping = world.handle.request(new InboundMap(6000, 7200));
    await world.advance(5_000);
    assertEquals(mapping.state.type, isPrivate ? "running" : "error", clientAddress);
    assertEquals(natPmpRequests(world).length > 0, isPrivate, clientAddress);
  }
});

Deno.test("a gateway that learns PCP gets PCP mappings at the next renewal (C-9-7)", async () => {
  await using world = await natPmpLab({ maxLifetime: 600 });
  const mapping = await granted(world);
  const { port } = world.host.local;
  const { ServerHost, SimulatedServer } = await import("../../src/testing/mod.ts");
  world.host.close();
  const upgraded = new SimulatedServer({ maxLifetime: 600 });
  using stack = new DisposableStack();
  const host = await ServerHost.start(world.network, world.clock, upgraded, {
    hostname: "192.168.1.1",
    port,
  });
  stack.defer(() => host.close());
  await world.advance(310_000);
  assertEquals(upgraded.counters.received, { map: 1 });
  await world.advance(1_000_000);
  assertEquals(upgraded.counters.received["natpmpMap"], undefined);
  assertEquals(mapping.state.type, "running");
  await world.settled(mapping.revoke());
  assertEquals(upgraded.mappings.size, 0);
});
