/** The NAT-PMP exchange: one request at a time, retransmission, matching, errors (RFC 6886 sections 3.1 to 3.5, 3.8). */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ResultCodeError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { clientSocket } from "../helpers/client.ts";
import { octets } from "../helpers/hex.ts";
import { mapSpec, server4 } from "../helpers/specs.ts";
import { Timeline } from "../helpers/timeline.ts";
import {
  granted,
  muteNatPmp,
  natPmpLab,
  natPmpRequests,
  sentRequests,
  texts,
} from "../helpers/natpmp.ts";

/** Seconds from the first transmission to each one (RFC 6886 section 3.1). */
const SEND_TIMES = [0, 0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 31.75, 63.75];

Deno.test("an unanswered request is sent nine times with delays from 250 ms to 64 s, then the gateway counts as without NAT-PMP (D-3.1-2)", async () => {
  await using world = await natPmpLab();
  muteNatPmp(world);
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(200_000);
  const sends = natPmpRequests(world);
  const first = sends[0]?.at ?? 0;
  assertEquals(sends.map(({ at }) => (at - first) / 1000), SEND_TIMES);
  const state = mapping.state;
  assert(state.type === "error");
  assertEquals([state.code, state.retryIn], [1, 1800]);
  await assertRejects(() => mapping.ready(), ResultCodeError);
  // The exchange fails 127.75 s after the first transmission; 30 minutes later the client begins again with PCP.
  await world.advance(1_800_000);
  const next = sentRequests(world).find(({ at, text }) => text === "PCP" && at > first);
  assertEquals((next?.at ?? 0) - first, 127_750 + 1_800_000);
});

Deno.test("without NAT-PMP the client stays alive and uses the gateway when it responds later (D-3.8-1)", async () => {
  await using world = await natPmpLab();
  muteNatPmp(world);
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(200_000);
  assertEquals([world.handle.isShutDown, mapping.isOver], [false, false]);
  world.server.tamper = undefined;
  await world.advance(1_800_000);
  assertEquals(mapping.state.type, "running");
});

Deno.test("one request at a time: the next one is sent after the response to the one before (D-3.1-1)", async () => {
  await using world = await natPmpLab({}, { latency: 100 });
  for (let n = 0; n < 8; n++) world.handle.request(new InboundMap(6000 + n, 7200));
  await world.advance(10_000);
  let outstanding = 0;
  for (const { from, bytes } of world.wire) {
    if (bytes[0] !== 0 || bytes[3] === 1) continue; // PCP requests and their version errors
    outstanding += from === "client" ? 1 : -1;
    assert(outstanding === 0 || outstanding === 1, `${outstanding} outstanding`);
  }
  assertEquals(natPmpRequests(world).length, 9);
});

Deno.test("a request without response holds up the others, then all fail (D-3.1-1, D-3.1-2)", async () => {
  await using world = await natPmpLab();
  muteNatPmp(world);
  const mappings = [6000, 6001, 6002].map((port) =>
    world.handle.request(new InboundMap(port, 7200))
  );
  await world.advance(127_700);
  assertEquals(mappings.map(({ state }) => state.type), ["starting", "starting", "starting"]);
  await world.advance(100);
  assertEquals(mappings.map(({ state }) => state.type), ["error", "error", "error"]);
  assertEquals(natPmpRequests(world).length, 9);
});

Deno.test("a refused port ends the exchange at once (D-3.1-3)", async () => {
  await using world = await natPmpLab();
  world.server.tamper = (reply, request) => {
    if (request[0] === 0) return [];
    const refused = Object.assign(new Error("Connection refused"), { code: "ECONNREFUSED" });
    world.network.failSends = ({ port }) => port === 5351 ? refused : undefined;
    return [reply];
  };
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(100);
  assertEquals(mapping.state.type, "error");
  assertEquals(world.handle.stats().sendErrors, 1);
  world.network.failSends = undefined;
  world.server.tamper = undefined;
  await world.advance(61_000); // not for 30 minutes: the gateway may be starting
  assertEquals(mapping.state.type, "running");
});

Deno.test("an announcement after a failure triggers the next request (D-3.1-4)", async () => {
  await using world = await natPmpLab();
  muteNatPmp(world);
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(200_000);
  assertEquals(mapping.state.type, "error");
  world.server.tamper = undefined;
  world.host.announce();
  await world.advance(1_000);
  assertEquals(mapping.state.type, "running");
});

Deno.test("responses from another address or port are dropped (D-3.2-1)", async () => {
  await using world = await natPmpLab();
  muteNatPmp(world);
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(1_000);
  const sink = { datagram: () => {}, error: () => {} };
  for (const [hostname, port] of [["192.168.1.66", 5351], ["192.168.1.1", 5350]] as const) {
    const other = await world.network.open({ hostname, port }, sink);
    await other.send(octets("00800000 00000001 c6336463"), clientSocket(world));
    await world.advance(10);
    other.close();
  }
  assertEquals(world.handle.stats().ignored, { source: 2 });
  world.server.tamper = undefined;
  await world.settled(mapping.ready());
  assertEquals(mapping.assigned?.externalAddress, "203.0.113.5");
});

Deno.test("an address in an error response is ignored (D-3.2-2)", async () => {
  await using world = await natPmpLab();
  world.server.tamper = (reply, request) => {
    if (request.length !== 2) return [reply];
    return [octets("00800003 00000000 c6336463")];
  };
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await assertRejects(() => world.settled(mapping.ready()), ResultCodeError, "NETWORK_FAILURE");
  assertEquals(mapping.assigned, undefined);
  world.server.tamper = undefined;
  await world.advance(31_000);
  assertEquals(mapping.assigned?.externalAddress, "203.0.113.5");
});

Deno.test("a response is matched by opcode and internal port (D-3.3-2)", async () => {
  const answers = {
    opcode: "00810000 00000000 17709c40 00001c20",
    port: "00820000 00000000 17719c40 00001c20",
    addressInstead: "00800000 00000000 cb007105",
    short: "00820000 00000000 17709c40",
  };
  for (const [name, answer] of Object.entries(answers)) {
    await using world = await natPmpLab();
    world.server.tamper = (reply, request) => request[1] === 2 ? [octets(answer)] : [reply];
    const mapping = world.handle.request(new InboundMap(6000, 7200));
    await world.advance(200);
    assertEquals(mapping.state.type, "starting", name);
    world.server.tamper = undefined;
    await world.settled(mapping.ready());
    assertEquals(mapping.assigned?.externalPort, 40000, name);
    const maps = natPmpRequests(world).filter(({ text }) => text !== "address");
    assertEquals((maps[1]?.at ?? 0) - (maps[0]?.at ?? 0), 250, name);
  }
});

Deno.test("every error ends the request; known ones have the names of PCP (D-3.5-1)", async () => {
  const names = {
    2: "NOT_AUTHORIZED",
    3: "NETWORK_FAILURE",
    4: "NO_RESOURCES",
    5: "UNSUPP_OPCODE",
    99: "MALFORMED_REQUEST",
    65535: "MALFORMED_REQUEST",
  };
  for (const [code, name] of Object.entries(names)) {
    await using world = await natPmpLab();
    world.server.fail(Number(code), { opcode: 2 });
    const mapping = world.handle.request(new InboundMap(6000, 7200));
    await assertRejects(() => world.settled(mapping.ready()), ResultCodeError, name);
    const before = world.sent().length;
    await world.advance(29_000);
    assertEquals(world.sent().length, before, name);
    await world.advance(32_000);
    assertEquals(mapping.state.type, "running", name);
  }
});

Deno.test("a refused renewal does not end the mapping (C-8.3-L10)", async () => {
  await using world = await natPmpLab({ maxLifetime: 600 });
  const mapping = await granted(world);
  world.server.fail(4, { opcode: 2 });
  await world.advance(301_000);
  assertEquals(mapping.state.type, "running");
  assert(mapping.assigned !== undefined);
  await world.advance(600_000);
  assertEquals(mapping.state.type, "running");
  assertEquals(world.server.mappings.size, 1);
});

Deno.test("mappings are created and deleted despite loss, duplicates and reordering (D-3.1-1, D-3.4-2)", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    await using world = await natPmpLab({ maxLifetime: 600 }, {
      seed,
      faults: { loss: 0.2, duplicate: 0.2, reorder: 0.2, maxDelay: 400 },
    });
    const mappings = [6000, 6001, 6002].map((port) =>
      world.handle.request(new InboundMap(port, 7200))
    );
    await world.advance(2_000_000);
    world.network.link = undefined;
    await world.advance(2_000_000);
    assertEquals(mappings.map(({ state }) => state.type), mappings.map(() => "running"), `${seed}`);
    await world.settled(Promise.all(mappings.map((mapping) => mapping.revoke())));
    assertEquals(world.server.mappings.size, 0);
    assertEquals(world.server.counters.violations, {});
  }
});

Deno.test("a late response to the request is not taken for that to its deletion (D-3.4-2)", () => {
  const t = new Timeline({ random: () => 0.5, protocols: ["pcp", "nat-pmp"] });
  const id = t.request(mapSpec());
  t.receive(octets("00810001 000003e8")).receive(octets("00800000 000003e8 cb007105"));
  t.release(id).receive(octets("00810001 000003e8")).takeEvents();
  t.receive(octets("00820000 000003e8 1f909c40 00001c20"));
  assertEquals(t.ignored(), ["unmatched"]);
  assertEquals(t.state(id), { type: "updating", attempt: 0, lifetime: 0 });
  t.receive(octets("00820000 000003e8 1f900000 00000000"));
  assertEquals(t.state(id), { type: "revoked" });
});

Deno.test("a PCP response during a NAT-PMP exchange is used, and ends the exchange (C-8-3)", () => {
  const t = new Timeline({ random: () => 0.5, protocols: ["pcp", "nat-pmp"] });
  const id = t.request(mapSpec());
  const success = t.answerTo(t.latest(id), { lifetime: 600 });
  t.receive(octets("00810001 000003e8")).takeSends();
  t.receive(success);
  assertEquals(t.state(id), { type: "running" });
  t.silentUntil(299_999).silentUntil(337_999).at(338_000); // by the PCP schedule, not at half the lifetime
  assertEquals(t.sends(1)[0]?.bytes[0], 2);
});

Deno.test("the announcement port takes announcements only, also in NAT-PMP (D-3.2.1-2)", () => {
  const t = new Timeline({ random: () => 0.5, protocols: ["pcp", "nat-pmp"] });
  const id = t.request(mapSpec());
  t.receive(octets("00810001 000003e8")).receive(octets("00800000 000003e8 cb007105"));
  t.takeEvents();
  t.receive(octets("00820000 000003e8 1f909c40 00001c20"), { multicast: true, source: server4 });
  assertEquals(t.ignored(), ["notAnnouncement"]);
  assertEquals(t.state(id).type, "starting");
});

Deno.test("NAT-PMP packets before the first NAT-PMP exchange are ignored (C-14.1.3-10)", async () => {
  await using world = await natPmpLab();
  world.host.announce();
  await world.advance(600_000);
  assertEquals(texts(sentRequests(world)), []);
  assertEquals(world.handle.stats().ignored, { version: 10 });
});
