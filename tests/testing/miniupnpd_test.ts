import { assertEquals } from "@std/assert";
import { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import { miniupnpd } from "../../src/testing/server/server_options.ts";
import { hex, octets } from "../helpers/hex.ts";
import {
  announce,
  ask,
  askRaw,
  CLIENT,
  CLIENT6,
  deletion,
  map,
  OTHER_NONCE,
  peer,
} from "./wire_client.ts";

const NET_24 = "03000014 00780000 00000000 00000000 0000ffff c6336400";

Deno.test("miniupnpd() clamps lifetimes to two minutes and a day (Q1)", () => {
  const server = new SimulatedServer(miniupnpd());
  assertEquals(ask(server, 0, map({ lifetime: 1 })).lifetime, 120);
  assertEquals(ask(server, 0, map({ lifetime: 90_000 })).lifetime, 86_400);
  assertEquals(ask(server, 0, map({ internalPort: 7 })).externalPort, 7);
});

Deno.test("miniupnpd() gives long lifetime errors 0 s, short ones 30 s (Q2)", () => {
  const server = new SimulatedServer(miniupnpd());
  const refused = ask(server, 0, map({ options: "01000010 00000000 00000000 0000ffff c0a80163" }));
  assertEquals([refused.result, refused.lifetime], [5, 0]);
  ask(server, 0, map());
  const stolen = ask(server, 0, deletion({ nonce: OTHER_NONCE }));
  assertEquals([stolen.result, stolen.lifetime], [2, 0]);
  server.fail(8);
  assertEquals(ask(server, 0, map()).lifetime, 30);
});

Deno.test("miniupnpd() echoes every option and ignores filters (Q3)", () => {
  const server = new SimulatedServer(miniupnpd());
  const options = NET_24 + " 80000003 77656200 82000005 00641f90 00000000 c8000000";
  const reply = ask(server, 0, map({ options }));
  assertEquals([reply.result, reply.options], [0, options]);
  const mapping = server.mapping(6, 8_080);
  assertEquals([mapping?.filters.length, mapping?.ports, mapping?.description], [0, 1, undefined]);
});

Deno.test("miniupnpd() refuses wrong lengths with version 0 (Q4)", () => {
  const server = new SimulatedServer(miniupnpd());
  assertEquals(
    hex(askRaw(server, 0, new Uint8Array([...map(), 0]))).slice(0, 17),
    "00800003 00000000",
  );
});

Deno.test("miniupnpd() renews IPv4 mappings with any nonce, and deletes with the right one (Q7)", () => {
  const server = new SimulatedServer(miniupnpd());
  ask(server, 0, map());
  assertEquals(ask(server, 0, map({ nonce: OTHER_NONCE })).result, 0);
  assertEquals(ask(server, 0, deletion()).result, 2);
  assertEquals(ask(server, 0, deletion({ nonce: OTHER_NONCE })).result, 0);
  const six = { client: CLIENT6, externalAddress: "00000000 00000000 00000000 00000000" };
  ask(server, 0, map(six), CLIENT6);
  assertEquals(ask(server, 0, map({ ...six, nonce: OTHER_NONCE }), CLIENT6).result, 2);
});

Deno.test("miniupnpd() refuses the deletion of a deleted mapping, and returns its external address in deletions (Q8, Q9)", () => {
  const server = new SimulatedServer(miniupnpd());
  ask(server, 0, map());
  const first = ask(server, 0, deletion());
  assertEquals([first.result, first.external], [0, "203.0.113.5"]);
  const second = ask(server, 0, deletion());
  assertEquals([second.result, second.lifetime], [8, 30]);
});

Deno.test("miniupnpd() clamps the lifetime of ANNOUNCE, refuses PEER and speaks NAT-PMP (Q13, Q15)", () => {
  const server = new SimulatedServer(miniupnpd());
  const request = announce();
  request[7] = 77;
  assertEquals(ask(server, 0, request).lifetime, 120);
  assertEquals(ask(server, 0, peer()).result, 4);
  assertEquals(server.receive(0, octets("0000"), CLIENT)[0]?.bytes[0], 0);
});

Deno.test("miniupnpd() announces once (Q16)", () => {
  const server = new SimulatedServer(miniupnpd());
  assertEquals(server.restart(0).map(({ bytes }) => bytes[0]), [0, 2, 2]);
  assertEquals(server.deadline, undefined);
});

Deno.test("options of miniupnpd() override single quirks", () => {
  const server = new SimulatedServer(
    miniupnpd({ minLifetime: 1, quirks: { missingDeleteFails: false } }),
  );
  assertEquals(ask(server, 0, deletion()).result, 0);
  assertEquals(ask(server, 0, map({ lifetime: 1 })).lifetime, 1);
  assertEquals(ask(server, 0, deletion()).external, "203.0.113.5");
});
