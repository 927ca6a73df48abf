import { assertEquals, assertThrows } from "@std/assert";
import { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import { hex } from "../helpers/hex.ts";
import {
  announce,
  ANY6,
  ask,
  at,
  CLIENT,
  CLIENT6,
  deletion,
  map,
  NEIGHBOUR,
  OTHER_NONCE,
  peer,
  read,
} from "./wire_client.ts";

const NET_24 = "03000014 00780000 00000000 00000000 0000ffff c6336400";

/** Runs the server until a time and returns what it sends, as [time, datagram]. */
function* passing(server: SimulatedServer, until: number) {
  for (let now = server.deadline; now !== undefined && now <= until; now = server.deadline) {
    for (const datagram of server.timeout(now)) yield { now, ...datagram };
  }
}

Deno.test("a restart is announced ten times to both groups, with gaps that double from 250 ms (C-14.1.3-7)", () => {
  const server = new SimulatedServer({ epoch: 1_000 });
  ask(server, 0, map());
  const first = server.restart(5_000);
  assertEquals(first.map(({ to }) => [to.address.toString(), to.port]), [
    ["224.0.0.1", 5_350],
    ["ff02::1", 5_350],
  ]);
  for (const { bytes } of first) {
    assertEquals(hex(bytes), "02800000 00000000 00000000 00000000 00000000 00000000");
  }
  assertEquals(server.mappings.size, 0);
  const copies = [...passing(server, Infinity)].filter(({ to }) => to.address.family === "IPv4");
  assertEquals(
    copies.map(({ now }) => now - 5_000),
    [250, 750, 1_750, 3_750, 7_750, 15_750, 31_750, 63_750, 127_750],
  );
  assertEquals(
    copies.map(({ bytes }) => read(bytes).epoch),
    [0, 0, 1, 3, 7, 15, 31, 63, 127],
  );
  assertEquals([server.counters.sent.announce, server.deadline], [10, undefined]);
});

Deno.test("a restart can be unannounced, keep the mappings and begin with another epoch", () => {
  const server = new SimulatedServer();
  ask(server, 0, map());
  assertEquals(server.restart(60_000, { announce: false, keepMappings: true, epoch: 7 }), []);
  assertEquals([server.mappings.size, server.epoch(61_000)], [1, 8]);
  assertEquals(ask(server, 61_000, map({ nonce: OTHER_NONCE })).result, 2);
  server.restart(62_000, { announce: false });
  assertEquals([server.mappings.size, server.deadline], [0, undefined]);
  assertEquals(ask(server, 62_000, map({ nonce: OTHER_NONCE })).epoch, 0);
});

Deno.test("a second restart ends the announcements of the first", () => {
  const server = new SimulatedServer();
  server.restart(0);
  server.restart(100);
  const times = [...passing(server, 1_000)].map(({ now }) => now);
  assertEquals(times, [350, 350, 850, 850]);
});

Deno.test("an announcement replaces the one before", () => {
  const server = new SimulatedServer();
  server.announce(0);
  server.announce(100);
  assertEquals([...passing(server, 1_000)].map(({ now }) => now), [350, 350, 850, 850]);
});

Deno.test("a restart cancels pending updates", () => {
  const server = new SimulatedServer();
  ask(server, 0, map());
  server.update(0, () => true);
  server.restart(100, { announce: false });
  assertEquals([...passing(server, 10_000)], []);
});

Deno.test("a new external address begins a new epoch and is sent in three updates (C-14.2-3)", () => {
  const server = new SimulatedServer({ epoch: 1_000 });
  ask(server, 0, map({ lifetime: 600, options: NET_24 }));
  const [first, ...more] = server.changeExternalAddress(100_000, "203.0.113.77");
  assertEquals(more, []);
  const times = [100_000];
  const updates = [first?.bytes];
  for (const { now, bytes, to } of passing(server, 110_000)) {
    times.push(now);
    updates.push(bytes);
    assertEquals(to, CLIENT);
  }
  assertEquals(times, [100_000, 100_250, 100_750]);
  assertEquals(
    hex(updates[0] ?? new Uint8Array()),
    "02810000 000001f4 00000000 00000000 00000000 00000000 a0a1a2a3 a4a5a6a7 a8a9aaab " +
      "06000000 1f909c40 00000000 00000000 0000ffff cb00714d " + NET_24,
  );
  assertEquals(ask(server, 110_000, map()).external, "203.0.113.77");
  assertEquals(server.counters.sent, { success: 2, update: 3 });
});

Deno.test("an update ends when its client refreshes the mapping (C-14.2-4)", () => {
  const server = new SimulatedServer();
  ask(server, 0, map());
  assertEquals(server.changeExternalAddress(1_000, "203.0.113.77").length, 1);
  assertEquals(server.timeout(1_250).length, 1);
  ask(server, 1_300, map());
  assertEquals([...passing(server, 10_000)], []);
});

Deno.test("update() changes the port or the lifetime of one mapping", () => {
  const server = new SimulatedServer();
  ask(server, 0, map({ lifetime: 600 }));
  ask(server, 0, map({ internalPort: 1 }));
  const key = "map 6 192.168.1.10:8080 IPv4";
  const moved = server.update(1_000, key, { externalPort: 1_234, lifetime: 60, copies: 1 });
  assertEquals(moved.length, 1);
  const { externalPort, lifetime, result } = read(moved[0]?.bytes);
  assertEquals([externalPort, lifetime, result], [1_234, 60, 0]);
  assertEquals(ask(server, 1_000, map({ externalPort: 40_000 })).externalPort, 1_234);
  // Its old port is free at once.
  const other = map({ client: NEIGHBOUR, externalPort: 40_000 });
  assertEquals(ask(server, 1_000, other, NEIGHBOUR).externalPort, 40_000);
});

Deno.test("update() changes the external address of a mapping", () => {
  const server = new SimulatedServer();
  ask(server, 0, map());
  const [update] = server.update(0, () => true, { externalAddress: "203.0.113.99" });
  assertEquals([read(update?.bytes).external, read(update?.bytes).lifetime], [
    "203.0.113.99",
    7_200,
  ]);
  assertEquals(ask(server, 0, map()).external, "203.0.113.99");
});

Deno.test("update() of a port set carries PORT_SET (E-7753-7)", () => {
  const server = new SimulatedServer();
  const options = "82000005 00041f90 00000000";
  ask(server, 0, map({ options }));
  assertEquals(read(server.update(0, () => true)[0]?.bytes).options, options);
});

Deno.test("a new external address does not change firewall mappings", () => {
  const server = new SimulatedServer();
  const request = map({ client: CLIENT6, externalAddress: ANY6 });
  ask(server, 0, request, CLIENT6);
  assertEquals(server.changeExternalAddress(0, "203.0.113.77"), []);
  assertEquals(server.externalAddress("IPv4")?.toString(), "203.0.113.77");
  assertEquals(server.externalAddress("IPv6"), undefined);
});

Deno.test("update() with an error ends the mapping and sends the result code (C-8-2, C-14.2-5)", () => {
  const server = new SimulatedServer();
  ask(server, 0, map());
  ask(server, 0, peer());
  const updates = server.update(0, ({ kind }) => kind === "peer", { result: 11, lifetime: 77 });
  assertEquals(updates.map(({ bytes }) => [bytes[1], read(bytes).result, read(bytes).lifetime]), [[
    0x82,
    11,
    77,
  ]]);
  assertEquals([...server.mappings.values()].map(({ kind }) => kind), ["map"]);
  assertEquals(read(server.update(0, () => true, { result: 2 })[0]?.bytes).lifetime, 1_800);
  assertEquals([...passing(server, 1_000)].length, 4);
});

Deno.test("update() of a third party's mapping carries THIRD_PARTY (C-14.2-6)", () => {
  const server = new SimulatedServer({ thirdParty: true });
  const options = "01000010 00000000 00000000 0000ffff c0a80163";
  ask(server, 0, map({ options }));
  const [update] = server.update(0, () => true);
  assertEquals(read(update?.bytes).options, options);
});

Deno.test("update() without matching mapping throws RangeError", () => {
  const server = new SimulatedServer();
  assertThrows(() => server.update(0, "map 6 nowhere"), RangeError, '"map 6 nowhere"');
});

Deno.test("a silent server sends nothing and changes nothing (C-8.1.1-1)", () => {
  const server = new SimulatedServer();
  ask(server, 0, map({ lifetime: 600 }));
  server.silent = true;
  assertEquals(server.receive(1_000, deletion(), CLIENT), []);
  assertEquals(server.announce(1_000), []);
  assertEquals(server.update(1_000, () => true), []);
  assertEquals([...passing(server, 500_000)], []);
  assertEquals(server.counters.dropped, { silent: 1 });
  assertEquals(server.counters.sent, { success: 1 });
  server.silent = false;
  assertEquals(server.mappings.size, 1);
});

Deno.test("fail() refuses a number of requests, of all opcodes or of one", () => {
  const server = new SimulatedServer();
  server.fail(8, { lifetime: 5, times: 2, opcode: 1 });
  assertEquals(ask(server, 0, announce()).result, 0);
  const first = ask(server, 0, map());
  assertEquals([first.result, first.lifetime], [8, 5]);
  assertEquals([ask(server, 0, map()).result, ask(server, 0, map()).result], [8, 0]);
  server.fail(77);
  server.fail(2);
  const results = [0, 0, 0].map(() => ask(server, 0, map()).result);
  assertEquals(results, [77, 2, 0]);
  const callOff = server.fail(7, { times: Infinity });
  assertEquals([ask(server, 0, map()).result, ask(server, 0, peer()).result], [7, 7]);
  callOff();
  assertEquals(ask(server, 0, map()).result, 0);
  assertEquals(server.counters.refused, {
    NO_RESOURCES: 2,
    RESULT_77: 1,
    NOT_AUTHORIZED: 1,
    NETWORK_FAILURE: 2,
  });
});

Deno.test("swallow() drops requests without response or effect", () => {
  const server = new SimulatedServer();
  server.swallow(2, 1);
  assertEquals(server.receive(0, map(), CLIENT), []);
  assertEquals(server.receive(0, announce(), CLIENT).length, 1);
  assertEquals(server.receive(0, map(), CLIENT), []);
  assertEquals(server.mappings.size, 0);
  assertEquals(ask(server, 0, map()).result, 0);
  assertEquals(server.counters.dropped, { swallowed: 2 });
});

Deno.test("tamper changes, drops and multiplies responses", () => {
  const server = new SimulatedServer();
  server.tamper = (reply, request) => [reply.subarray(0, 24), request];
  const sent = server.receive(0, map(), CLIENT);
  assertEquals(sent.map(({ bytes }) => bytes.length), [24, 60]);
  server.tamper = () => [];
  assertEquals(server.receive(0, map({ internalPort: 1 }), CLIENT), []);
  // The response is dropped; the mapping exists.
  assertEquals(server.mappings.size, 2);
});

Deno.test("receive() returns due datagrams before the response", () => {
  const server = new SimulatedServer();
  ask(server, 0, map());
  server.update(0, () => true);
  const sent = server.receive(1_000, announce("", at("192.168.1.10", 0)), CLIENT);
  assertEquals(sent.map(({ bytes }) => bytes[1]), [0x81, 0x80]);
});
