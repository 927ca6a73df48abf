import { assertEquals } from "@std/assert";
import { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import { miniupnpd } from "../../src/testing/server/server_options.ts";
import { hex, octets } from "../helpers/hex.ts";
import {
  announce,
  ANY4,
  ANY6,
  ask,
  askRaw,
  CLIENT,
  CLIENT6,
  deletion,
  map,
  NEIGHBOUR,
  OTHER_NONCE,
  peer,
} from "./wire_client.ts";

const NET_24 = "03000014 00780000 00000000 00000000 0000ffff c6336400";

Deno.test("miniupnpd() clamps lifetimes to two minutes and a day (Q1)", () => {
  const server = new SimulatedServer(miniupnpd());
  assertEquals(ask(server, 0, map({ lifetime: 1 })).lifetime, 120);
  assertEquals(ask(server, 0, map({ lifetime: 90_000 })).lifetime, 86_400);
  assertEquals(ask(server, 0, map({ internalPort: 7_000 })).externalPort, 7_000);
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

Deno.test("miniupnpd() maps ports from 1024 on, in PCP and NAT-PMP (G-20)", () => {
  const server = new SimulatedServer(miniupnpd());
  assertEquals(ask(server, 0, map({ internalPort: 1_023 })).result, 2);
  assertEquals(ask(server, 0, map({ internalPort: 1_024 })).result, 0);
  const low = ask(server, 0, map({ internalPort: 8_000, externalPort: 80 }));
  assertEquals([low.result, low.externalPort], [0, 8_000]);
  const exact = map({ internalPort: 8_001, externalPort: 80, options: "02000000" });
  assertEquals(ask(server, 0, exact).result, 11);
  const natPmp = (port: string) => hex(askRaw(server, 0, octets(`00020000 ${port}0000 00000e10`)));
  assertEquals(natPmp("03ff").slice(0, 8), "00820002");
  assertEquals(natPmp("0400").slice(0, 8), "00820000");
  const pinhole = { client: CLIENT6, internalPort: 80, externalAddress: ANY6 };
  assertEquals(ask(server, 0, map(pinhole), CLIENT6).result, 0);
  const wide = new SimulatedServer(miniupnpd({ lowestPort: 1 }));
  assertEquals(ask(wide, 0, map({ internalPort: 80, externalPort: 80 })).externalPort, 80);
});

Deno.test("miniupnpd() 2.3.1 refuses padded options, 2.3.11 does not (G-20)", () => {
  const [old, recent] = (["2.3.1", "2.3.11"] as const).map((version) =>
    new SimulatedServer(miniupnpd({ version }))
  );
  if (old === undefined || recent === undefined) throw new Error("Expected two servers");
  const cases: readonly [result: number, options: string][] = [
    [6, "80000003 77656200"], // DESCRIPTION of 3 octets
    [6, "82000005 00641f90 00000000"], // PORT_SET
    [5, "80000003 77656200 80000000"], // an octet of padding is read as an option with code 0
    [0, "80000004 77656220"],
    [0, `${NET_24} 80000008 77656220 77656220`],
    [0, "c8000000"],
  ];
  for (const [result, options] of cases) {
    assertEquals(ask(old, 0, map({ options })).result, result, options);
    assertEquals(ask(recent, 0, map({ options })).result, 0, options);
  }
  const prefix64 = "8100000e 000c0000 00000000 00000000 00000000";
  assertEquals(ask(old, 0, announce(prefix64)).options, prefix64, "ANNOUNCE is echoed unread");
  assertEquals(
    ask(new SimulatedServer(miniupnpd()), 0, map({ options: "80000001 61000000" })).result,
    6,
  );
});

Deno.test("miniupnpd() 2.3.11 grants 2 minutes at least, whatever it is configured to (G-20)", () => {
  const grant = (version: "2.3.1" | "2.3.11"): number => {
    const server = new SimulatedServer(miniupnpd({ version, minLifetime: 10 }));
    return ask(server, 0, map({ lifetime: 20 })).lifetime;
  };
  assertEquals([grant("2.3.1"), grant("2.3.11")], [20, 120]);
});

Deno.test("miniupnpd() answers a repeated request for a pinhole with the suggested port (G-20)", () => {
  const server = new SimulatedServer(miniupnpd());
  const pinhole = (externalPort: number) =>
    map({ client: CLIENT6, externalPort, externalAddress: ANY6 });
  assertEquals(ask(server, 0, pinhole(0), CLIENT6).externalPort, 8_080);
  assertEquals(ask(server, 0, pinhole(0), CLIENT6).externalPort, 0);
  assertEquals(ask(server, 0, pinhole(9_000), CLIENT6).externalPort, 9_000);
});

Deno.test("miniupnpd() replaces a taken port in spite of PREFER_FAILURE, also when asked again (G-20)", () => {
  const server = new SimulatedServer(miniupnpd());
  ask(server, 0, map({ client: NEIGHBOUR, externalPort: 9_000 }), NEIGHBOUR);
  const exact = map({ externalPort: 9_000, options: "02000000" });
  const first = ask(server, 0, exact);
  assertEquals([first.result, first.externalPort], [0, 8_080]);
  assertEquals(ask(server, 0, exact).externalPort, first.externalPort);
  const strict = new SimulatedServer();
  ask(strict, 0, map({ client: NEIGHBOUR, externalPort: 9_000 }), NEIGHBOUR);
  assertEquals(ask(strict, 0, exact).result, 11);
});

Deno.test("miniupnpd() grants an IPv4 address to IPv4 clients that suggest ::, a strict server counts a violation (G-20)", () => {
  const request = map({ externalAddress: ANY6 });
  const server = new SimulatedServer(miniupnpd());
  const granted = ask(server, 0, request);
  assertEquals([granted.result, granted.external], [0, "203.0.113.5"]);
  const six = ask(server, 0, map({ client: CLIENT6, externalAddress: ANY4 }), CLIENT6);
  assertEquals([six.result, six.external], [0, "2001:db8:1::10"]);
  const strict = new SimulatedServer();
  assertEquals(ask(strict, 0, request).result, 2);
  assertEquals(strict.counters.violations, { suggestedFamily: 1 });
  const both = new SimulatedServer({ externalAddress6: "2001:db8::5" });
  assertEquals(ask(both, 0, request).external, "2001:db8::5");
  assertEquals(both.counters.violations, {});
});

Deno.test("sharesPorts, ignoresThirdParty and bareOpcodeErrors are off in miniupnpd(), and can be set (G-20)", () => {
  const quirks = { sharesPorts: true, ignoresThirdParty: true } as const;
  const server = new SimulatedServer(miniupnpd({ quirks: { ...quirks, echoOptions: false } }));
  ask(server, 0, map({ externalPort: 9_000 }));
  assertEquals(
    ask(server, 0, map({ internalPort: 8_081, externalPort: 9_000 })).externalPort,
    9_000,
  );
  const third = map({
    internalPort: 8_082,
    options: "01000010 00000000 00000000 0000ffff c0a80163",
  });
  const own = ask(server, 0, third);
  assertEquals([own.result, own.options], [0, ""]);
  assertEquals(server.mapping(6, 8_082)?.internalAddress.toString(), "192.168.1.10");
  const zeroed = new SimulatedServer(miniupnpd({ quirks: { bareOpcodeErrors: "zeroed" } }));
  const reply = askRaw(zeroed, 0, peer());
  assertEquals(
    [reply.length, hex(reply.slice(0, 4)), reply.slice(24).some((octet) => octet !== 0)],
    [
      80,
      "02820004",
      false,
    ],
  );
  const short = new SimulatedServer(miniupnpd({ quirks: { bareOpcodeErrors: "headerOnly" } }));
  assertEquals(askRaw(short, 0, peer()).length, 24);
});

Deno.test("miniupnpd() echoes every option and ignores filters (Q3)", () => {
  const server = new SimulatedServer(miniupnpd({ version: "2.3.11" }));
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
