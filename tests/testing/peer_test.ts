import { assertEquals } from "@std/assert";
import { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import { hex } from "../helpers/hex.ts";
import {
  ANY6,
  ask,
  askRaw,
  CLIENT6,
  EXTERNAL4,
  map,
  NEIGHBOUR,
  OTHER_NONCE,
  peer,
} from "./wire_client.ts";

const FLOW = {
  kind: "flow",
  protocol: 6,
  internalAddress: "192.168.1.10",
  internalPort: 51_000,
  externalPort: 61_000,
  remoteAddress: "198.51.100.7",
  remotePort: 443,
} as const;

Deno.test("PEER is answered as in the golden vector", () => {
  const server = new SimulatedServer({ epoch: 1_000, assignPort: "same" });
  assertEquals(
    hex(askRaw(server, 0, peer())),
    "02820000 00000e10 000003e8 00000000 00000000 00000000 a0a1a2a3 a4a5a6a7 a8a9aaab " +
      "06000000 c738c738 00000000 00000000 0000ffff cb007105 01bb0000 00000000 00000000 " +
      "0000ffff c6336407",
  );
  assertEquals([...server.mappings.keys()], ["peer 6 192.168.1.10:51000 IPv4 198.51.100.7:443"]);
});

Deno.test("PEER without protocol, internal port or remote peer is MALFORMED_REQUEST (C-12.1-1)", () => {
  const server = new SimulatedServer();
  const wrong = [{ protocol: 0 }, { internalPort: 0 }, { remotePort: 0 }];
  for (const parts of wrong) assertEquals(ask(server, 0, peer(parts)).result, 3);
  const unspecified = "00000000 00000000 0000ffff 00000000";
  assertEquals(ask(server, 0, peer({ remoteAddress: unspecified })).result, 3);
  assertEquals(server.mappings.size, 0);
});

Deno.test("PEER between two families is MALFORMED_REQUEST (C-10-2)", () => {
  const server = new SimulatedServer();
  const remoteAddress = "20010db8 00090000 00000000 00000001";
  assertEquals(ask(server, 0, peer({ remoteAddress })).result, 3);
  const request = peer({ client: CLIENT6, externalAddress: ANY6 });
  assertEquals(ask(server, 0, request, CLIENT6).result, 3);
});

Deno.test("PEER through an IPv6 firewall keeps address and port", () => {
  const server = new SimulatedServer();
  const parts = {
    client: CLIENT6,
    externalAddress: ANY6,
    remoteAddress: "20010db8 00090000 00000000 00000001",
  };
  const reply = ask(server, 0, peer(parts), CLIENT6);
  assertEquals([reply.external, reply.externalPort], ["2001:db8:1::10", 51_000]);
  const moved = peer({ ...parts, remotePort: 80, externalPort: 1 });
  assertEquals(ask(server, 0, moved, CLIENT6).result, 11);
});

Deno.test("PEER extends a lifetime and never shortens it (C-12-5)", () => {
  const server = new SimulatedServer();
  assertEquals(ask(server, 0, peer({ lifetime: 600 })).lifetime, 600);
  assertEquals(ask(server, 100_000, peer({ lifetime: 1 })).lifetime, 500);
  assertEquals(ask(server, 100_001, peer({ lifetime: 1 })).lifetime, 500);
  assertEquals(server.mapping(6, 51_000)?.expires, 600_000);
  assertEquals(ask(server, 200_000, peer({ lifetime: 1_000 })).lifetime, 1_000);
  assertEquals(server.mapping(6, 51_000)?.expires, 1_200_000);
});

Deno.test("PEER with lifetime 0 does not delete and is a violation (C-12.1-D)", () => {
  const server = new SimulatedServer();
  ask(server, 0, peer({ lifetime: 600 }));
  assertEquals(ask(server, 0, peer({ lifetime: 0 })).lifetime, 600);
  assertEquals(server.mappings.size, 1);
  assertEquals(server.counters.violations, { peerLifetimeZero: 1 });
});

Deno.test("PEER with another nonce is NOT_AUTHORIZED for the remaining lifetime (C-12-6)", () => {
  const server = new SimulatedServer();
  ask(server, 0, peer({ lifetime: 600 }));
  const reply = ask(server, 100_000, peer({ nonce: OTHER_NONCE }));
  assertEquals([reply.result, reply.lifetime], [2, 500]);
});

Deno.test("PEER whose suggestion cannot be assigned is CANNOT_PROVIDE_EXTERNAL (C-12-3)", () => {
  const server = new SimulatedServer();
  const restored = peer({ externalPort: 61_000, externalAddress: EXTERNAL4 });
  assertEquals(ask(server, 0, restored).externalPort, 61_000);
  const taken = peer({ externalPort: 61_000, client: NEIGHBOUR });
  assertEquals(ask(server, 0, taken, NEIGHBOUR).result, 11);
  const elsewhere = peer({
    internalPort: 51_001,
    externalAddress: "00000000 00000000 0000ffff 01020304",
  });
  assertEquals(ask(server, 0, elsewhere).result, 11);
  assertEquals(ask(server, 0, peer({ externalPort: 61_001 })).result, 11);
});

Deno.test("PEER takes over a flow with its external side, whatever it suggests (C-12-4)", () => {
  const server = new SimulatedServer();
  server.insert(0, { ...FLOW, lifetime: 7_440 });
  const reply = ask(server, 0, peer({ lifetime: 1, externalPort: 5 }));
  assertEquals([reply.result, reply.externalPort, reply.lifetime], [0, 61_000, 7_440]);
  assertEquals([...server.mappings.values()].map(({ kind }) => kind), ["peer"]);
  assertEquals(ask(server, 0, peer({ nonce: OTHER_NONCE })).result, 2);
});

Deno.test("PEER gets the external port of the MAP mapping of its internal port", () => {
  const server = new SimulatedServer();
  const inbound = ask(server, 0, map({ internalPort: 51_000, externalPort: 9_000 }));
  assertEquals(ask(server, 0, peer()).externalPort, inbound.externalPort);
  // One internal port has two flows, each with its own mapping.
  assertEquals(ask(server, 0, peer({ remotePort: 80 })).externalPort, 9_000);
  assertEquals(server.mappings.size, 3);
});

Deno.test("PEER that suggests another port than that of the MAP mapping is CANNOT_PROVIDE_EXTERNAL", () => {
  const server = new SimulatedServer();
  ask(server, 0, map({ internalPort: 51_000, externalPort: 9_000 }));
  assertEquals(ask(server, 0, peer({ externalPort: 9_001 })).result, 11);
  assertEquals(ask(server, 0, peer({ externalPort: 9_000 })).result, 0);
});

Deno.test("PEER stores a description and clears it (E-7220-4)", () => {
  const server = new SimulatedServer();
  assertEquals(ask(server, 0, peer({ options: "80000003 77656200" })).options, "80000003 77656200");
  assertEquals(server.mapping(6, 51_000)?.description, "web");
  ask(server, 0, peer({ options: "80000000" }));
  assertEquals(server.mapping(6, 51_000)?.description, undefined);
});

Deno.test("PEER is subject to quota, capacity and protocols", () => {
  assertEquals(ask(new SimulatedServer({ quota: 0 }), 0, peer()).result, 10);
  assertEquals(ask(new SimulatedServer({ capacity: 0 }), 0, peer()).result, 8);
  assertEquals(ask(new SimulatedServer(), 0, peer({ protocol: 33 })).result, 9);
  assertEquals(ask(new SimulatedServer({ externalAddress: null }), 0, peer()).result, 7);
});

Deno.test("PEER with options of MAP is refused", () => {
  const server = new SimulatedServer();
  assertEquals(ask(server, 0, peer({ options: "02000000" })).result, 3);
  const filter = "03000014 00780000 00000000 00000000 0000ffff c6336400";
  assertEquals(ask(server, 0, peer({ options: filter })).result, 6);
  const reply = ask(server, 0, peer({ options: "82000005 0064c738 00000000" }));
  assertEquals([reply.result, reply.options], [0, ""]);
  assertEquals(server.counters.violations, { optionOpcode: 1 });
});
