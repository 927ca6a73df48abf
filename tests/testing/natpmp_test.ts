import { assertEquals } from "@std/assert";
import { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import { hex, octets } from "../helpers/hex.ts";
import { askRaw, CLIENT, CLIENT6, map, NEIGHBOUR } from "./wire_client.ts";

const OPTIONS = { natPmpOnly: true, epoch: 1_000, maxLifetime: 3_600 };
const MAP_UDP = "00010000 1f900000 00001c20";
const MAP_TCP = "00020000 1f901f90 00001c20";
const DELETE_UDP = "00010000 1f900000 00000000";

function ask(server: SimulatedServer, now: number, request: string, source = CLIENT): string {
  return hex(askRaw(server, now, octets(request), source));
}

Deno.test("NAT-PMP is answered as in the golden vectors", () => {
  const server = new SimulatedServer(OPTIONS);
  assertEquals(ask(server, 0, "0000"), "00800000 000003e8 cb007105");
  assertEquals(ask(server, 0, MAP_UDP), "00810000 000003e8 1f909c40 00000e10");
  assertEquals(ask(server, 0, DELETE_UDP), "00810000 000003e8 1f900000 00000000");
  assertEquals(server.mappings.size, 0);
  assertEquals(server.counters.violations, {});
  assertEquals(server.counters.sent, { natpmp: 3 });
});

Deno.test("a NAT-PMP server responds to PCP with its version error, 8 octets (C-9-5)", () => {
  const server = new SimulatedServer(OPTIONS);
  assertEquals(hex(askRaw(server, 0, map())), "00000001 000003e8");
  assertEquals(server.counters.refused, { natpmp1: 1 });
  const other = new SimulatedServer({ ...OPTIONS, natPmpErrorOpcode: "response" });
  assertEquals(hex(askRaw(other, 0, map())), "00810001 000003e8");
});

Deno.test("a server can speak NAT-PMP and PCP", () => {
  const server = new SimulatedServer({ natPmp: true });
  assertEquals(ask(server, 0, "0000").slice(0, 8), "00800000");
  assertEquals(askRaw(server, 0, map())[0], 2);
});

Deno.test("NAT-PMP assigns the suggested port if free, and renews the assigned one (D-3.3-3)", () => {
  const server = new SimulatedServer(OPTIONS);
  assertEquals(ask(server, 0, MAP_TCP), "00820000 000003e8 1f901f90 00000e10");
  assertEquals(ask(server, 0, MAP_TCP, NEIGHBOUR), "00820000 000003e8 1f909c40 00000e10");
  assertEquals(
    ask(server, 10_000, "00020000 1f900001 0000003c"),
    "00820000 000003f2 1f901f90 0000003c",
  );
  assertEquals(server.mapping(6, 8_080)?.expires, 70_000);
  server.timeout(70_000);
  assertEquals(server.mappings.size, 1);
});

Deno.test("NAT-PMP deletes one mapping, or all of a protocol of one client (D-3.4-3)", () => {
  const server = new SimulatedServer(OPTIONS);
  ask(server, 0, MAP_UDP);
  ask(server, 0, "00010000 1f910000 00001c20");
  ask(server, 0, MAP_TCP);
  ask(server, 0, MAP_UDP, NEIGHBOUR);
  assertEquals(ask(server, 0, "00010000 00000000 00000000"), "00810000 000003e8 00000000 00000000");
  assertEquals([...server.mappings.keys()], [
    "natpmp 6 192.168.1.10:8080 IPv4",
    "natpmp 17 192.168.1.11:8080 IPv4",
  ]);
  // A deletion without mapping succeeds (D-3.4-2).
  assertEquals(ask(server, 0, DELETE_UDP), "00810000 000003e8 1f900000 00000000");
});

Deno.test("NAT-PMP violations are counted and accepted (D-3.3-1, D-3.4-1)", () => {
  const server = new SimulatedServer(OPTIONS);
  ask(server, 0, "00010001 1f900000 00001c20");
  ask(server, 0, "00010000 1f909c40 00000000");
  ask(server, 0, "00010000 1f900000 00001c20 00");
  ask(server, 0, "0000 0000");
  assertEquals(server.counters.violations, {
    natpmpReserved: 1,
    natpmpDeleteSuggestion: 1,
    natpmpLength: 2,
  });
});

Deno.test("NAT-PMP result codes: refused, network failure, no resources, opcode", () => {
  const server = new SimulatedServer({ ...OPTIONS, capacity: 1 });
  assertEquals(ask(server, 0, "00010000 00000000 00001c20"), "00810002 000003e8 00000000 00000000");
  ask(server, 0, MAP_UDP);
  assertEquals(ask(server, 0, MAP_TCP), "00820004 000003e8 1f900000 00000000");
  assertEquals(ask(server, 0, MAP_UDP).slice(0, 8), "00810000");
  assertEquals(ask(server, 0, "0003"), "00830005 000003e8");
  assertEquals(ask(server, 0, "00090000 01020304 05060708"), "00890005 01020304 05060708");
  const young = new SimulatedServer({ ...OPTIONS, externalAddress: null });
  assertEquals(ask(young, 0, "0000"), "00800003 000003e8 00000000");
  assertEquals(ask(young, 0, MAP_UDP).slice(0, 8), "00810003");
  server.insert(0, {
    kind: "static",
    protocol: 6,
    internalAddress: "192.168.1.10",
    internalPort: 80,
    externalPort: 80,
  });
  assertEquals(ask(server, 0, "00020000 00500000 00000000").slice(0, 8), "00820002");
  assertEquals(server.counters.refused, { natpmp2: 2, natpmp4: 1, natpmp5: 2 });
});

Deno.test("NAT-PMP does not respond to responses, short requests and IPv6", () => {
  const server = new SimulatedServer(OPTIONS);
  for (const request of ["00", "0080", "0001 0000 1f90"]) {
    assertEquals(server.receive(0, octets(request), CLIENT), []);
  }
  assertEquals(server.receive(0, octets("0000"), CLIENT6), []);
  assertEquals(server.counters.dropped, { short: 1, response: 1, natpmpShort: 1, natpmpFamily: 1 });
});

Deno.test("fail() and swallow() apply to NAT-PMP, with its result codes", () => {
  const server = new SimulatedServer(OPTIONS);
  server.fail(99, { opcode: 1 });
  server.fail(3, { opcode: 0 });
  assertEquals(ask(server, 0, MAP_UDP), "00810063 000003e8 1f900000 00000000");
  assertEquals(ask(server, 0, "0000"), "00800003 000003e8 00000000");
  server.swallow(1);
  assertEquals(server.receive(0, octets("0000"), CLIENT), []);
  assertEquals(ask(server, 0, "0000").slice(0, 8), "00800000");
});

Deno.test("a NAT-PMP restart or new external address is multicast ten times (D-3.2.1-1)", () => {
  const server = new SimulatedServer(OPTIONS);
  ask(server, 0, MAP_UDP);
  const datagrams = server.changeExternalAddress(60_000, "203.0.113.77");
  assertEquals(datagrams.map(({ to, bytes }) => [`${to.address}`, to.port, hex(bytes)]), [
    ["224.0.0.1", 5_350, "00800000 00000000 cb00714d"],
  ]);
  const times: number[] = [];
  while (server.deadline !== undefined && server.deadline < 3_600_000) {
    const now = server.deadline;
    if (server.timeout(now).length > 0) times.push(now - 60_000);
  }
  assertEquals(times, [250, 750, 1_750, 3_750, 7_750, 15_750, 31_750, 63_750, 127_750]);
  assertEquals(server.mapping(17, 8_080)?.externalAddress.toString(), "203.0.113.77");
  const both = new SimulatedServer({ natPmp: true }).restart(0);
  assertEquals(both.map(({ to, bytes }) => [to.address.family, bytes[0]]), [
    ["IPv4", 0],
    ["IPv4", 2],
    ["IPv6", 2],
  ]);
});

Deno.test("NAT-PMP grants no lifetime longer than the requested one (D-3.3-4)", () => {
  const server = new SimulatedServer({ natPmpOnly: true, minLifetime: 120 });
  assertEquals(ask(server, 0, "00010000 1f900000 0000000a").slice(-8), "0000000a");
  assertEquals(server.mapping(17, 8_080)?.client, undefined);
});
