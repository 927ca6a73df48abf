import { assertEquals, assertThrows } from "@std/assert";
import { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import { hex, octets } from "../helpers/hex.ts";
import { announce, ask, askRaw, at, CLIENT, CLIENT6, map, NEIGHBOUR, peer } from "./wire_client.ts";

const LONG = 1_800;

Deno.test("the response to ANNOUNCE has the epoch and nothing else", () => {
  const server = new SimulatedServer({ epoch: 1_000 });
  assertEquals(
    hex(askRaw(server, 0, announce())),
    "02800000 00000000 000003e8 00000000 00000000 00000000",
  );
  assertEquals(server.counters, {
    received: { announce: 1 },
    retransmissions: 0,
    dropped: {},
    refused: {},
    violations: {},
    sent: { success: 1 },
  });
});

Deno.test("the epoch counts whole seconds from the first call", () => {
  const server = new SimulatedServer({ epoch: 1_000 });
  const epochs = [500, 1_499, 1_500, 61_499].map((now) => ask(server, now, map()).epoch);
  assertEquals(epochs, [1_000, 1_000, 1_001, 1_060]);
});

Deno.test("the server does not respond to datagrams that are no request", () => {
  const server = new SimulatedServer();
  const response = announce();
  response[1] = 0x80;
  const silent = [octets(""), octets("02"), response, announce().subarray(0, 23), octets("0201")];
  for (const bytes of silent) assertEquals(server.receive(0, bytes, CLIENT), []);
  assertEquals(server.counters.dropped, { short: 2, response: 1, shortHeader: 2 });
  assertEquals(server.counters.sent, {});
});

Deno.test("a wrong length is MALFORMED_REQUEST, which echoes the request up to 1100 octets", () => {
  const server = new SimulatedServer({ epoch: 1_000 });
  for (const length of [61, 62, 63]) {
    const request = new Uint8Array(length);
    request.set(map());
    const reply = askRaw(server, 0, request);
    assertEquals([reply.length, reply[3]], [64, 3], `${length}`);
  }
  for (const length of [1_101, 1_104, 1_500]) {
    const request = new Uint8Array(length);
    request.set(map());
    const reply = askRaw(server, 0, request);
    assertEquals([reply.length, reply[3]], [1_100, 3], `${length}`);
    // The length is validated before the address (RFC 6887 section 8.2).
    assertEquals(askRaw(server, 0, request, NEIGHBOUR)[3], 3);
  }
  for (const request of [map().subarray(0, 24), map().subarray(0, 56), peer().subarray(0, 76)]) {
    const reply = askRaw(server, 0, request);
    assertEquals([reply.length, reply[3]], [request.length, 3]);
    // Not parsed: the last octets of the client's address stay (RFC 6887 section 7.2).
    assertEquals(hex(reply.subarray(4, 24)), "00000708 000003e8 00000000 0000ffff c0a8010a");
  }
  assertEquals(server.mappings.size, 0);
});

Deno.test("an error response is the request, options included, with another header", () => {
  const server = new SimulatedServer({ epoch: 1_000 });
  server.fail(8);
  const reply = askRaw(server, 0, map({ options: "80000003 77656200" }));
  assertEquals(
    hex(reply),
    "02810008 0000001e 000003e8 00000000 00000000 00000000 a0a1a2a3 a4a5a6a7 a8a9aaab " +
      "06000000 1f900000 00000000 00000000 0000ffff 00000000 80000003 77656200",
  );
});

Deno.test("UNSUPP_VERSION carries the supported version", () => {
  const server = new SimulatedServer({ epoch: 1_000 });
  for (const version of [0, 1, 3, 255]) {
    const request = map();
    request[0] = version;
    const reply = askRaw(server, 0, request);
    assertEquals(hex(reply.subarray(0, 12)), "02810001 00000708 000003e8", `${version}`);
    assertEquals(reply.length, 60);
  }
  assertEquals(server.counters.violations, { versionOne: 1 });
  assertEquals(hex(askRaw(server, 0, octets("0000"))).slice(0, 8), "02800001");

  const newer = new SimulatedServer({ supportedVersion: 3, epoch: 1_000 });
  assertEquals(hex(askRaw(newer, 0, map())).slice(0, 26), "03810001 00000708 000003e8");
});

Deno.test("UNSUPP_VERSION can be as short as 4 octets (C-9-10)", () => {
  for (const length of [4, 8, 12, 24]) {
    const server = new SimulatedServer({ supportedVersion: 3, versionErrorLength: length });
    const reply = askRaw(server, 0, map());
    assertEquals([reply.length, hex(reply.subarray(0, 4))], [length, "03810001"]);
  }
});

Deno.test("a client address other than the source is ADDRESS_MISMATCH (C-8.1-5)", () => {
  const server = new SimulatedServer();
  for (const request of [map(), peer(), announce()]) {
    const reply = ask(server, 0, request, NEIGHBOUR);
    assertEquals([reply.result, reply.lifetime], [12, LONG]);
  }
  assertEquals(ask(server, 0, map({ client: CLIENT6 }), CLIENT).result, 12);
  assertEquals(server.mappings.size, 0);
});

Deno.test("the scope of the source address is ignored", () => {
  const server = new SimulatedServer();
  const source = at("fe80::1%eth0", 50_000);
  assertEquals(ask(server, 0, announceOf("fe80::1"), source).result, 0);
});

Deno.test("unsupported opcodes are UNSUPP_OPCODE", () => {
  const server = new SimulatedServer();
  for (const opcode of [3, 4, 63, 96, 127]) {
    const request = announce("00000000 00000000");
    request[1] = opcode;
    const reply = ask(server, 0, request);
    assertEquals([reply.result, reply.lifetime], [4, LONG]);
  }
  const narrow = new SimulatedServer({ opcodes: [1] });
  assertEquals(ask(narrow, 0, peer()).result, 4);
  assertEquals(ask(narrow, 0, announce()).result, 4);
  assertEquals(ask(narrow, 0, map()).result, 0);
});

Deno.test("violations that a server must accept are counted (C-7.1-2)", () => {
  const cases: [Uint8Array, number, number, string][] = [
    [map(), 2, 1, "reservedHeader"],
    [map(), 3, 0xff, "reservedHeader"],
    [map(), 37, 1, "reservedMap"],
    [map(), 39, 1, "reservedMap"],
    [peer(), 38, 1, "reservedMap"],
    [peer(), 62, 1, "reservedPeer"],
    [peer(), 63, 1, "reservedPeer"],
    [announce(), 7, 9, "announceLifetime"],
    [map({ options: "80000003 77656200" }), 61, 1, "reservedOption"],
    [map({ options: "80000003 77656200" }), 67, 1, "optionPadding"],
    [map({ options: "80000003 77656200" }), 66, 0, "descriptionNul"],
    [
      map({ options: "03000014 00780000" + "00000000 00000000 0000ffff c6336400" }),
      64,
      1,
      "reservedFilter",
    ],
    [map({ options: "82000005 00021f90 00000000" }), 68, 2, "reservedPortSet"],
    [map({ options: "82000005 00021f90 00000000" }), 65, 1, "portSetSingle"],
  ];
  for (const [request, offset, value, name] of cases) {
    const server = new SimulatedServer();
    assertEquals(ask(server, 0, request.slice()).result, 0, name);
    assertEquals(server.counters.violations, {}, name);
    request[offset] = value;
    assertEquals(ask(server, 0, request).result, 0, name);
    assertEquals(server.counters.violations, { [name]: 1 });
  }
});

Deno.test("reserved octets of a response are zeros", () => {
  for (const request of [map(), peer()]) {
    const server = new SimulatedServer();
    const clean = hex(askRaw(server, 0, request.slice()));
    const reserved = request.length === 80 ? [2, 3, 37, 38, 39, 62, 63] : [2, 3, 37, 38, 39];
    for (const offset of reserved) request[offset] = 0xff;
    assertEquals(hex(askRaw(server, 0, request)), clean);
  }
});

Deno.test("a request from port 5350 or 5351 is a violation (C-8.1-4)", () => {
  const server = new SimulatedServer();
  ask(server, 0, announce(), at("192.168.1.10", 5_350));
  ask(server, 0, announce(), at("192.168.1.10", 5_351));
  assertEquals(server.counters.violations, { sourcePort: 2 });
});

Deno.test("repeated datagrams are counted as retransmissions (C-8.1.1-N5)", () => {
  const server = new SimulatedServer();
  for (const now of [0, 3_000, 9_000]) ask(server, now, map());
  ask(server, 9_000, map({ internalPort: 8_081 }));
  ask(server, 9_000, map(), at("192.168.1.10", 50_001));
  assertEquals(server.counters.retransmissions, 2);
  assertEquals(server.counters.received, { map: 5 });
});

Deno.test("every kind of datagram is counted by name", () => {
  const server = new SimulatedServer({ natPmp: true });
  const opcode9 = announce();
  opcode9[1] = 9;
  const authentication = announce("00000000 00000000");
  authentication[1] = 3;
  const version3 = announce();
  version3[0] = 3;
  const requests = [map(), map({ lifetime: 0 }), peer(), announce(), opcode9, authentication]
    .concat([version3, map().subarray(0, 28), octets("0000"), octets("0005")])
    .concat([octets("00010000 1f900000 00001c20"), octets("00020000 1f900000 00000000")]);
  for (const request of requests) server.receive(0, request, CLIENT);
  assertEquals(server.counters.received, {
    map: 1,
    mapDelete: 1,
    peer: 1,
    announce: 1,
    opcode9: 1,
    authentication: 1,
    version3: 1,
    malformed: 1,
    natpmpAddress: 1,
    natpmpOpcode5: 1,
    natpmpMap: 1,
    natpmpDelete: 1,
  });
});

Deno.test("the log keeps the last datagrams with their requests", () => {
  const server = new SimulatedServer({ logLimit: 2 });
  for (const [index, request] of [map(), announce(), octets("ff")].entries()) {
    server.receive(index, request, CLIENT);
  }
  const entries = server.log.map(({ now, from, bytes, request }) => {
    return [now, from.port, bytes.length, request?.type];
  });
  assertEquals(entries, [[1, 50_000, 24, "announce"], [2, 50_000, 1, undefined]]);
});

Deno.test("contradictory options throw", () => {
  assertThrows(
    () => new SimulatedServer({ minLifetime: 2, maxLifetime: 1 }),
    RangeError,
    '"2" and "1"',
  );
  assertThrows(() => new SimulatedServer({ externalAddress: "nowhere" }), TypeError, "nowhere");
});

function announceOf(address: string): Uint8Array {
  return announce("", at(address, 0));
}
