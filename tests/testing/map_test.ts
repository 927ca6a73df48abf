import { assert, assertEquals } from "@std/assert";
import { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import { hex, octets } from "../helpers/hex.ts";
import {
  ANY6,
  ask,
  askRaw,
  at,
  CLIENT6,
  deletion,
  EXTERNAL4,
  map,
  NEIGHBOUR,
  OTHER_NONCE,
  peer,
} from "./wire_client.ts";

const LONG = 1_800;
const SHORT = 30;

Deno.test("MAP, its renewal and its deletion are answered as in the golden vectors", () => {
  const server = new SimulatedServer({ epoch: 1_000, maxLifetime: 3_600 });
  const created = askRaw(server, 0, map());
  const success = "02810000 00000e10 000003e8 00000000 00000000 00000000 a0a1a2a3 a4a5a6a7 " +
    "a8a9aaab 06000000 1f909c40 00000000 00000000 0000ffff cb007105";
  assertEquals(hex(created), success);
  const renewal = map({ externalPort: 40_000, externalAddress: EXTERNAL4 });
  assertEquals(hex(askRaw(server, 0, renewal)), success);
  assertEquals(
    hex(askRaw(server, 10_000, deletion())),
    "02810000 00000000 000003f2 00000000 00000000 00000000 a0a1a2a3 a4a5a6a7 " +
      "a8a9aaab 06000000 1f900000 00000000 00000000 0000ffff 00000000",
  );
  assertEquals(server.mappings.size, 0);
  assertEquals(server.counters.violations, {});
});

Deno.test("a mapping is stored under its key with all that was granted", () => {
  const server = new SimulatedServer();
  ask(server, 500, map({ lifetime: 120 }));
  const mapping = server.mappings.get("map 6 192.168.1.10:8080 IPv4");
  assert(mapping !== undefined);
  assertEquals(mapping, server.mapping(6, 8_080));
  assertEquals(
    [mapping.kind, mapping.lifetime, mapping.expires, mapping.externalPort, mapping.client?.port],
    ["map", 120, 120_500, 40_000, 50_000],
  );
});

Deno.test("lifetimes are granted within bounds (C-15-1)", () => {
  const server = new SimulatedServer({ minLifetime: 120, maxLifetime: 86_400 });
  const granted = [1, 119, 121, 86_400, 86_401, 0xffff_ffff].map((lifetime) => {
    return ask(server, 0, map({ lifetime })).lifetime;
  });
  assertEquals(granted, [120, 120, 121, 86_400, 86_400, 86_400]);
});

Deno.test("a mapping expires to the millisecond, and a renewal extends it", () => {
  const server = new SimulatedServer();
  ask(server, 0, map({ lifetime: 10 }));
  assertEquals(server.deadline, 10_000);
  server.timeout(9_999);
  assertEquals(server.mappings.size, 1);
  ask(server, 9_999, map({ lifetime: 10 }));
  assertEquals(server.deadline, 19_999);
  assertEquals(server.timeout(19_998), []);
  assertEquals(server.mappings.size, 1);
  assertEquals(server.timeout(19_999), []);
  assertEquals([server.mappings.size, server.deadline], [0, undefined]);
});

Deno.test("another nonce is NOT_AUTHORIZED for the remaining lifetime of the mapping", () => {
  const server = new SimulatedServer();
  ask(server, 0, map({ lifetime: 600 }));
  for (const request of [map({ nonce: OTHER_NONCE }), deletion({ nonce: OTHER_NONCE })]) {
    const reply = ask(server, 100_500, request);
    assertEquals([reply.result, reply.lifetime], [2, 500]);
  }
  assertEquals(server.mapping(6, 8_080)?.expires, 600_000);
  assertEquals(ask(server, 600_000, map({ nonce: OTHER_NONCE })).result, 0);
  assertEquals(server.counters.refused, { NOT_AUTHORIZED: 2 });
});

Deno.test("a renewal keeps the external port whatever it suggests", () => {
  const server = new SimulatedServer();
  assertEquals(ask(server, 0, map({ externalPort: 7_000 })).externalPort, 7_000);
  assertEquals(ask(server, 0, map({ externalPort: 7_001 })).externalPort, 7_000);
  assertEquals(ask(server, 0, map()).externalPort, 7_000);
  assertEquals(server.mappings.size, 1);
});

Deno.test("a suggested port is assigned if free, another one if not (C-11.2-2)", () => {
  const server = new SimulatedServer();
  assertEquals(ask(server, 0, map({ externalPort: 80 })).externalPort, 80);
  const other = map({ client: NEIGHBOUR, externalPort: 80, nonce: OTHER_NONCE });
  assertEquals(ask(server, 0, other, NEIGHBOUR).externalPort, 40_000);
  const udp = map({ client: NEIGHBOUR, externalPort: 80, protocol: 17 });
  assertEquals(ask(server, 0, udp, NEIGHBOUR).externalPort, 80);
});

Deno.test("the external port follows `assignPort`", () => {
  const assigned = (assignPort: "same" | "next" | number | ((port: number) => number)) => {
    const server = new SimulatedServer({ assignPort });
    return [8_080, 8_081].map((internalPort) => ask(server, 0, map({ internalPort })).externalPort);
  };
  assertEquals(assigned("same"), [8_080, 8_081]);
  assertEquals(assigned("next"), [40_000, 40_001]);
  assertEquals(assigned(65_535), [65_535, 1_024]);
  assertEquals(assigned((port) => port + 1), [8_081, 8_082]);
  const deaf = new SimulatedServer({ ignoreSuggestions: true });
  assertEquals(ask(deaf, 0, map({ externalPort: 80 })).externalPort, 40_000);
});

Deno.test("a deletion without mapping is confirmed (C-15.1-4)", () => {
  const server = new SimulatedServer();
  const reply = ask(server, 0, deletion());
  assertEquals([reply.result, reply.lifetime, reply.externalPort], [0, 0, 0]);
});

Deno.test("a suggestion in a deletion is a violation, and is echoed (C-15.1-2)", () => {
  const server = new SimulatedServer();
  ask(server, 0, map());
  const reply = ask(server, 0, deletion({ externalPort: 40_000 }));
  assertEquals([reply.result, reply.externalPort, server.mappings.size], [0, 40_000, 0]);
  ask(server, 0, deletion({ externalAddress: EXTERNAL4 }));
  assertEquals(server.counters.violations, { deleteSuggestion: 2 });
});

Deno.test("a deletion in the other external family deletes nothing and is a violation (C-15.1-2)", () => {
  const server = new SimulatedServer();
  ask(server, 0, map());
  assertEquals(ask(server, 0, deletion({ externalAddress: ANY6 })).result, 0);
  assertEquals(server.mappings.size, 1);
  assertEquals(server.counters.violations, { deleteFamily: 1 });
});

Deno.test("a deleted port is reserved two minutes for its owner and nonce (C-15-3)", () => {
  const server = new SimulatedServer();
  const port = 7_000;
  const neighbour = (now: number) => {
    const request = map({ client: NEIGHBOUR, externalPort: port, nonce: OTHER_NONCE });
    return ask(server, now, request, NEIGHBOUR).externalPort;
  };
  ask(server, 0, map({ externalPort: port }));
  ask(server, 1_000, deletion());
  assertEquals(neighbour(120_999), 40_000);
  const renewed = map({ nonce: OTHER_NONCE, externalPort: port });
  assertEquals(ask(server, 120_999, renewed).externalPort, 40_001);
  ask(server, 120_999, deletion({ nonce: OTHER_NONCE }));
  // The owner gets its port again even without a suggestion.
  assertEquals(ask(server, 120_999, map()).externalPort, port);
  ask(server, 121_000, deletion());
  ask(server, 121_000, deletion({ client: NEIGHBOUR, nonce: OTHER_NONCE }), NEIGHBOUR);
  assertEquals(neighbour(241_000), port);
});

Deno.test("protocol 0 with a port is MALFORMED_REQUEST (C-11.1-2)", () => {
  const server = new SimulatedServer();
  for (const lifetime of [0, 60]) {
    const reply = ask(server, 0, map({ protocol: 0, lifetime }));
    assertEquals([reply.result, reply.lifetime], [3, LONG]);
  }
});

Deno.test("a NAT refuses wildcards and other protocols with UNSUPP_PROTOCOL", () => {
  const server = new SimulatedServer();
  const parts = [{ protocol: 17, internalPort: 0 }, { protocol: 0, internalPort: 0 }]
    .concat([{ protocol: 50, internalPort: 0 }, { protocol: 33, internalPort: 8_080 }]);
  for (const part of parts) assertEquals(ask(server, 0, map(part)).result, 9);
  const wider = new SimulatedServer({ protocols: [33] });
  assertEquals(ask(wider, 0, map({ protocol: 33 })).result, 0);
  assertEquals(ask(wider, 0, map({ protocol: 6 })).result, 9);
});

Deno.test("`wildcards` allows wildcard mappings unless another host has a mapping; their deletion deletes nothing else", () => {
  const server = new SimulatedServer({ wildcards: true });
  const all = { protocol: 6, internalPort: 0 };
  assertEquals(ask(server, 0, map(all)).externalPort, 0);
  ask(server, 0, map({ internalPort: 8_080 }));
  // A wildcard deletion is not "delete everything" (C-15.1-3).
  assertEquals(ask(server, 0, deletion({ ...all, nonce: OTHER_NONCE })).result, 2);
  assertEquals(ask(server, 0, deletion(all)).result, 0);
  assertEquals([...server.mappings.keys()], ["map 6 192.168.1.10:8080 IPv4"]);
  const other = map({ ...all, client: NEIGHBOUR });
  assertEquals(ask(server, 0, other, NEIGHBOUR).result, 9);
  const udp = map({ protocol: 17, internalPort: 0, client: NEIGHBOUR });
  assertEquals(ask(server, 0, udp, NEIGHBOUR).result, 0);
  const dmz = map({ protocol: 0, internalPort: 0, client: NEIGHBOUR });
  assertEquals(ask(server, 0, dmz, NEIGHBOUR).result, 9);
});

Deno.test("a port for a protocol without ports is a violation (C-11.2-1)", () => {
  const server = new SimulatedServer();
  ask(server, 0, map({ protocol: 50, internalPort: 1 }));
  ask(server, 0, map({ protocol: 50, internalPort: 0 }));
  assertEquals(server.counters.violations, { portlessProtocol: 1 });
});

Deno.test("SCTP keeps its port or gets CANNOT_PROVIDE_EXTERNAL (C-16.3.3-1)", () => {
  const server = new SimulatedServer({ protocols: [132] });
  assertEquals(ask(server, 0, map({ protocol: 132 })).externalPort, 8_080);
  const reply = ask(server, 0, map({ protocol: 132, client: NEIGHBOUR }), NEIGHBOUR);
  assertEquals(reply.result, 11);
});

Deno.test("an IPv6 firewall maps to the internal address, as in the golden vectors (C-11.1-F1)", () => {
  const server = new SimulatedServer({ epoch: 1_000 });
  const request = octets(
    "02010000 00001c20 20010db8 00010000 00000000 00000010 a0a1a2a3 a4a5a6a7 a8a9aaab " +
      "11000000 1f900000 00000000 00000000 00000000 00000000",
  );
  assertEquals(
    hex(askRaw(server, 0, request, CLIENT6)),
    "02810000 00001c20 000003e8 00000000 00000000 00000000 a0a1a2a3 a4a5a6a7 a8a9aaab " +
      "11000000 1f901f90 20010db8 00010000 00000000 00000010",
  );
  const all = map({ client: CLIENT6, protocol: 0, internalPort: 0, externalAddress: ANY6 });
  assertEquals(ask(server, 0, all, CLIENT6).result, 0);
  assertEquals([...server.mappings.keys()], [
    "map 17 [2001:db8:1::10]:8080 IPv6",
    "map 0 [2001:db8:1::10]:0 IPv6",
  ]);
});

Deno.test("an external family without address is NOT_AUTHORIZED (C-10-3)", () => {
  const server = new SimulatedServer();
  assertEquals(ask(server, 0, map({ externalAddress: ANY6 })).result, 2);
  assertEquals(ask(server, 0, map({ client: CLIENT6 }), CLIENT6).result, 2);
  const translator = new SimulatedServer({ nat64: true, externalAddress6: "2001:db8:ffff::1" });
  assertEquals(ask(translator, 0, map({ client: CLIENT6 }), CLIENT6).external, "203.0.113.5");
  assertEquals(ask(translator, 0, map()).external, "203.0.113.5");
  assertEquals(ask(translator, 0, map({ externalAddress: ANY6 })).external, "2001:db8:ffff::1");
  assertEquals(translator.mappings.size, 3);
});

Deno.test("without an external address mappings fail with NETWORK_FAILURE", () => {
  const server = new SimulatedServer({ externalAddress: null });
  const reply = ask(server, 0, map());
  assertEquals([reply.result, reply.lifetime], [7, SHORT]);
  server.changeExternalAddress(1_000, "203.0.113.9");
  assertEquals(ask(server, 1_000, map()).external, "203.0.113.9");
});

Deno.test("exceeded capacity is NO_RESOURCES, exceeded quota USER_EX_QUOTA, and renewals succeed (C-11.4-L4)", () => {
  const server = new SimulatedServer({ quota: 2, capacity: 3 });
  const next = (internalPort: number) => ask(server, 0, map({ internalPort }));
  assertEquals([next(1).result, next(2).result, next(3).result, next(1).result], [0, 0, 10, 0]);
  assertEquals(next(3).lifetime, SHORT);
  const neighbour = (internalPort: number) => {
    return ask(server, 0, map({ internalPort, client: NEIGHBOUR }), NEIGHBOUR);
  };
  assertEquals([neighbour(1).result, neighbour(2).result], [0, 8]);
  ask(server, 0, deletion({ internalPort: 1 }));
  assertEquals(neighbour(2).result, 0);
});

Deno.test("no free external port is NO_RESOURCES; a free suggested port is still assigned", () => {
  const server = new SimulatedServer({ maxPortSet: 0xffff });
  const everything = { internalPort: 1, options: "82000005 ffff0001 00000000" };
  const granted = ask(server, 0, map(everything));
  assertEquals([granted.externalPort, granted.options], [1_024, "82000005 fc000001 00000000"]);
  const reply = ask(server, 0, map({ internalPort: 65_000 }));
  assertEquals([reply.result, reply.lifetime], [8, SHORT]);
  assertEquals(ask(server, 0, map({ internalPort: 65_000, externalPort: 80 })).externalPort, 80);
});

Deno.test("static mappings are reported with the longest lifetime and cannot be deleted (C-11.3-F2)", () => {
  const server = new SimulatedServer();
  server.insert(0, {
    kind: "static",
    protocol: 6,
    internalAddress: "192.168.1.10",
    internalPort: 8_080,
    externalPort: 443,
  });
  const reply = ask(server, 0, map());
  assertEquals([reply.lifetime, reply.externalPort, reply.external], [
    0xffff_ffff,
    443,
    "203.0.113.5",
  ]);
  assertEquals(ask(server, 0, deletion()).result, 2);
  // Other hosts cannot get its port.
  const other = map({ client: NEIGHBOUR, externalPort: 443 });
  assertEquals(ask(server, 0, other, NEIGHBOUR).externalPort, 40_000);
  assertEquals(server.deadline, 7_200_000);
});

Deno.test("MAP and PEER of one internal port share the external port, and MAP cannot delete PEER's", () => {
  const server = new SimulatedServer();
  const internalPort = 51_000;
  const outbound = ask(server, 0, peer({ internalPort }));
  assertEquals(ask(server, 0, deletion({ internalPort })).result, 2);
  assertEquals(ask(server, 0, map({ internalPort })).externalPort, outbound.externalPort);
  assertEquals(ask(server, 0, deletion({ internalPort })).result, 0);
  assertEquals([...server.mappings.values()].map(({ kind }) => kind), ["peer"]);
  // The port is not free while one of the two mappings exists.
  const { externalPort } = outbound;
  const neighbour = map({ client: NEIGHBOUR, externalPort });
  assertEquals(ask(server, 600_000, neighbour, NEIGHBOUR).externalPort, externalPort + 1);
});

Deno.test("ten thousand mappings have ten thousand external ports", () => {
  const server = new SimulatedServer({ logLimit: 0 });
  const ports = new Set<number>();
  for (let i = 0; i < 10_000; i++) {
    const source = at(`10.0.${i >> 8}.${i & 255}`, 50_000);
    ports.add(ask(server, i, map({ client: source }), source).externalPort);
  }
  assertEquals([ports.size, server.mappings.size], [10_000, 10_000]);
  server.timeout(7_200_000 + 9_998);
  assertEquals(server.mappings.size, 1);
});

Deno.test("updates go to the source of the last request", () => {
  const server = new SimulatedServer();
  ask(server, 0, map());
  ask(server, 0, map(), at("192.168.1.10", 60_000));
  assertEquals(server.mapping(6, 8_080)?.client?.port, 60_000);
});
