import { assertEquals } from "@std/assert";
import { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import type { ServerOptions } from "../../src/testing/server/server_options.ts";
import {
  announce,
  ANY6,
  ask,
  CLIENT6,
  deletion,
  EXTERNAL4,
  map,
  type MapInit,
  NEIGHBOUR,
  OTHER_NONCE,
  peer,
} from "./wire_client.ts";

const PREFER_FAILURE = "02000000";
const NET_24 = "03000014 00780000 00000000 00000000 0000ffff c6336400";
const HOST_443 = "03000014 008001bb 00000000 00000000 0000ffff c6336407";
const CLEAR = "03000014 00000000 00000000 00000000 00000000 00000000";
const THIRD_PARTY = "01000010 00000000 00000000 0000ffff c0a80163";
const WEB = "80000003 77656200";
const LONG = 1_800;

/** The result code of a MAP request to a new server. */
function resultOf(parts: MapInit, options: ServerOptions = {}): number {
  return ask(new SimulatedServer(options), 0, map(parts)).result;
}

Deno.test("an option area with wrong lengths is MALFORMED_OPTION", () => {
  assertEquals(resultOf({ options: "8000ffff" }), 6);
  assertEquals(resultOf({ options: "01000014 00000000 00000000 0000ffff c0a80163" }), 6);
});

Deno.test("unknown mandatory options are UNSUPP_OPTION, unknown optional ones are ignored (C-7.3-6)", () => {
  const server = new SimulatedServer();
  const mandatory = ask(server, 0, map({ options: "64000008 00000000 00000000" }));
  assertEquals([mandatory.result, mandatory.lifetime], [5, LONG]);
  assertEquals(mandatory.options, "64000008 00000000 00000000");
  const optional = ask(server, 0, map({ options: "c8000003 01020300" + WEB }));
  assertEquals([optional.result, optional.options], [0, WEB]);
});

Deno.test("a single option twice is MALFORMED_OPTION (C-7.3-5)", () => {
  assertEquals(resultOf({ options: PREFER_FAILURE + PREFER_FAILURE, externalPort: 80 }), 6);
  assertEquals(resultOf({ options: WEB + WEB }), 6);
  assertEquals(resultOf({ options: NET_24 + HOST_443 }), 0);
});

Deno.test("mandatory options of a wrong length are MALFORMED_OPTION", () => {
  const wrong = [
    "01000004 c0a80163",
    "02000004 00000000",
    "03000010 00780000 00000000 00000000 0000ffff",
  ];
  for (const options of wrong) assertEquals(resultOf({ options }, { thirdParty: true }), 6);
});

Deno.test("ANNOUNCE with an option of MAP is MALFORMED_OPTION", () => {
  assertEquals(ask(new SimulatedServer(), 0, announce(NET_24)).result, 6);
});

Deno.test("THIRD_PARTY is UNSUPP_OPTION unless allowed (C-13.1-5)", () => {
  assertEquals(resultOf({ options: THIRD_PARTY }), 5);
  const server = new SimulatedServer({ thirdParty: true });
  const reply = ask(server, 0, map({ options: THIRD_PARTY }));
  assertEquals([reply.result, reply.options], [0, THIRD_PARTY]);
  assertEquals([...server.mappings.keys()], ["map 6 192.168.1.99:8080 IPv4"]);
  assertEquals(ask(server, 0, peer({ options: THIRD_PARTY })).result, 0);
  assertEquals(ask(server, 0, deletion({ options: THIRD_PARTY })).result, 0);
  assertEquals([...server.mappings.values()].map(({ kind }) => kind), ["peer"]);
});

Deno.test("THIRD_PARTY with the client's address is MALFORMED_REQUEST (C-13.1-2)", () => {
  const own = "01000010 00000000 00000000 0000ffff c0a8010a";
  assertEquals(resultOf({ options: own }, { thirdParty: true }), 3);
  assertEquals(resultOf({ options: own }), 5);
});

Deno.test("THIRD_PARTY_ID is unknown without `thirdPartyIds`, and requires THIRD_PARTY (E-7843-1)", () => {
  const id = "0d000003 12345000";
  const options = { thirdParty: true, thirdPartyIds: ["123450"] };
  assertEquals(resultOf({ options: THIRD_PARTY + id }, { thirdParty: true }), 5);
  assertEquals(resultOf({ options: THIRD_PARTY + id }, options), 0);
  assertEquals(resultOf({ options: id }, options), 25);
  assertEquals(resultOf({ options: THIRD_PARTY }, options), 25);
  assertEquals(resultOf({ options: THIRD_PARTY + "0d000003 12345100" }, options), 24);
  assertEquals(resultOf({ options: THIRD_PARTY + "0d000004 12345000" }, options), 26);
  assertEquals(resultOf({}, options), 0);
});

Deno.test("PREFER_FAILURE gets the suggested port or CANNOT_PROVIDE_EXTERNAL (C-13.2-3)", () => {
  const server = new SimulatedServer();
  const exact = { options: PREFER_FAILURE, externalPort: 80 };
  const granted = ask(server, 0, map({ ...exact, lifetime: 600 }));
  assertEquals([granted.externalPort, granted.options], [80, PREFER_FAILURE]);
  const neighbour = { ...exact, client: NEIGHBOUR, nonce: OTHER_NONCE };
  const refused = ask(server, 100_000, map(neighbour), NEIGHBOUR);
  // The remaining lifetime of the other mapping, and the reservation of two minutes (RFC 6887 section 13.2).
  assertEquals([refused.result, refused.lifetime], [11, 500 + 120]);
  ask(server, 100_000, deletion());
  assertEquals(ask(server, 100_000, map(neighbour), NEIGHBOUR).lifetime, 120);
  assertEquals(ask(server, 220_000, map(neighbour), NEIGHBOUR).result, 0);
});

Deno.test("PREFER_FAILURE does not change an existing mapping", () => {
  const server = new SimulatedServer();
  ask(server, 0, map({ externalPort: 80, lifetime: 600 }));
  const reply = ask(server, 0, map({ options: PREFER_FAILURE, externalPort: 81 }));
  assertEquals([reply.result, reply.lifetime], [11, 600]);
  assertEquals(server.mapping(6, 8_080)?.externalPort, 80);
  assertEquals(server.mapping(6, 8_080)?.preferFailure, false);
  assertEquals(ask(server, 0, map({ options: PREFER_FAILURE, externalPort: 80 })).result, 0);
  assertEquals(server.mapping(6, 8_080)?.preferFailure, true);
});

Deno.test("PREFER_FAILURE requires the server's external address", () => {
  const exact = { options: PREFER_FAILURE, externalPort: 80 };
  assertEquals(resultOf({ ...exact, externalAddress: EXTERNAL4 }), 0);
  const foreign = "00000000 00000000 0000ffff 01020304";
  assertEquals(resultOf({ ...exact, externalAddress: foreign }), 11);
});

Deno.test("PREFER_FAILURE through a firewall requires the internal port", () => {
  const server = new SimulatedServer();
  const parts = { client: CLIENT6, externalAddress: ANY6, options: PREFER_FAILURE };
  assertEquals(ask(server, 0, map({ ...parts, externalPort: 80 }), CLIENT6).result, 11);
  assertEquals(ask(server, 0, map({ ...parts, externalPort: 8_080 }), CLIENT6).result, 0);
});

Deno.test("PREFER_FAILURE without port, in a deletion or with a set is MALFORMED_OPTION (C-13.2-2)", () => {
  assertEquals(resultOf({ options: PREFER_FAILURE }), 6);
  assertEquals(resultOf({ options: PREFER_FAILURE, externalPort: 80, lifetime: 0 }), 6);
  const set = "82000005 00641f90 00000000";
  assertEquals(resultOf({ options: PREFER_FAILURE + set, externalPort: 80 }), 6);
});

Deno.test("FILTERs add up, and prefix length 0 clears them (C-13.3-2)", () => {
  const server = new SimulatedServer();
  const prefixes = () => server.mapping(6, 8_080)?.filters.map(({ prefixLength }) => prefixLength);
  const put = (options: string) => ask(server, 0, map({ options }));
  assertEquals(put(NET_24).options, NET_24);
  put(HOST_443);
  assertEquals(prefixes(), [120, 128]);
  put(HOST_443);
  put("");
  assertEquals(prefixes(), [120, 128]);
  put(CLEAR + HOST_443);
  assertEquals(prefixes(), [128]);
  put(HOST_443 + CLEAR);
  assertEquals(prefixes(), []);
  put(CLEAR);
  assertEquals(prefixes(), []);
});

Deno.test("too many FILTERs are EXCESSIVE_REMOTE_PEERS and change nothing (C-13.3-4)", () => {
  const server = new SimulatedServer({ maxFilters: 1 });
  ask(server, 0, map({ options: NET_24, lifetime: 600 }));
  const reply = ask(server, 0, map({ options: HOST_443 }));
  assertEquals([reply.result, reply.lifetime], [13, LONG]);
  const mapping = server.mapping(6, 8_080);
  assertEquals([mapping?.filters.length, mapping?.lifetime], [1, 600]);
  assertEquals(ask(server, 0, map({ options: CLEAR + HOST_443 })).result, 0);
  assertEquals(resultOf({ options: NET_24 + HOST_443 }, { maxFilters: 1 }), 13);
});

Deno.test("FILTER is validated: prefix length, family, no deletion (C-13.3-1)", () => {
  const filter4 = (prefix: string) => {
    return `030000140 0${prefix}0000 00000000 00000000 0000ffff c6336407`.replaceAll(" ", "");
  };
  const lengths = { "60": 6, "61": 0, "80": 0, "81": 6, "18": 6 };
  for (const [prefix, result] of Object.entries(lengths)) {
    assertEquals(resultOf({ options: filter4(prefix) }), result, prefix);
  }
  const filter6 = (prefix: string) => `0300001400${prefix}0000 20010db8 00090000 00000000 00000000`;
  const parts = { client: CLIENT6, externalAddress: ANY6 };
  for (const [prefix, result] of Object.entries({ "00": 6, "01": 0, "40": 0, "80": 0, "81": 6 })) {
    const request = map({ ...parts, options: filter6(prefix) });
    assertEquals(ask(new SimulatedServer(), 0, request, CLIENT6).result, result, prefix);
  }
  assertEquals(resultOf({ options: filter6("40") }), 6);
  const other = ask(new SimulatedServer(), 0, map({ ...parts, options: NET_24 }), CLIENT6);
  assertEquals(other.result, 6);
  assertEquals(resultOf({ options: NET_24, lifetime: 0 }), 6);
  assertEquals(resultOf({ options: "03000014 00000001 00000000 00000000 00000000 00000000" }), 6);
});

Deno.test("DESCRIPTION is stored, cut at the end of a character, changed and removed (E-7220-4)", () => {
  const server = new SimulatedServer({ maxDescription: 4 });
  const text = () => server.mapping(6, 8_080)?.description;
  assertEquals(ask(server, 0, map({ options: WEB })).options, WEB);
  assertEquals(text(), "web");
  assertEquals(ask(server, 0, map()).options, "");
  assertEquals(text(), "web");
  // "abcé" has five octets: the last character does not fit.
  assertEquals(
    ask(server, 0, map({ options: "80000005 616263c3 a9000000" })).options,
    "80000003 61626300",
  );
  assertEquals(text(), "abc");
  assertEquals(ask(server, 0, map({ options: "80000000" })).options, "80000000");
  assertEquals(text(), undefined);
});

Deno.test("DESCRIPTION with invalid UTF-8 is ignored, and a violation (E-7220-5)", () => {
  const server = new SimulatedServer();
  const reply = ask(server, 0, map({ options: "80000002 c3280000" }));
  assertEquals([reply.result, reply.options], [0, ""]);
  assertEquals(server.counters.violations, { optionMalformed: 1 });
});

Deno.test("DESCRIPTION is ignored by a server without it (E-7220-3)", () => {
  const reply = ask(new SimulatedServer({ maxDescription: 0 }), 0, map({ options: WEB }));
  assertEquals([reply.result, reply.options], [0, ""]);
  const unknown = new SimulatedServer({ unsupportedOptions: [3, 128] });
  assertEquals(ask(unknown, 0, map({ options: WEB })).options, "");
  assertEquals(ask(unknown, 0, map({ options: NET_24 })).result, 5);
});

Deno.test("PORT_SET maps consecutive ports up to the server's maximum (E-7753-6)", () => {
  const server = new SimulatedServer({ maxPortSet: 32 });
  const reply = ask(
    server,
    0,
    map({ internalPort: 50_000, options: "82000005 0064c350 00000000" }),
  );
  assertEquals([reply.externalPort, reply.options], [40_000, "82000005 0020c350 00000000"]);
  assertEquals(server.mapping(6, 50_000)?.ports, 32);
  assertEquals(ask(server, 0, map({ internalPort: 1 })).externalPort, 40_032);
  // "As many as possible" ends at port 65535 (E-7753-4).
  const last = { internalPort: 65_530, options: "82000005 fffffffa 00000000" };
  assertEquals(ask(server, 0, map(last)).options, "82000005 0006fffa 00000000");
});

Deno.test("PORT_SET is absent from the response if one port is mapped (E-7753-5)", () => {
  const parts = { internalPort: 50_000, options: "82000005 0064c350 00000000" };
  for (const options of [{ maxPortSet: 0 }, { maxPortSet: 1 }]) {
    const reply = ask(new SimulatedServer(options), 0, map(parts));
    assertEquals([reply.result, reply.options], [0, ""]);
  }
});

Deno.test("PORT_SET keeps parity on request (E-7753-9)", () => {
  const server = new SimulatedServer({ assignPort: 40_001 });
  const parts = { internalPort: 50_000, options: "82000005 0002c350 01000000" };
  assertEquals(ask(server, 0, map(parts)).externalPort, 40_002);
});

Deno.test("PORT_SET of no port, or from another port, is MALFORMED_OPTION (E-7753-1)", () => {
  assertEquals(resultOf({ options: "82000005 00001f90 00000000" }), 6);
  assertEquals(resultOf({ options: "82000005 00021f91 00000000" }), 6);
  assertEquals(resultOf({ options: "82000004 00021f90" }), 6);
  assertEquals(resultOf({ internalPort: 0, options: "82000005 00020000 00000000" }), 6);
});

Deno.test("renewing or deleting a set without PORT_SET is a violation (E-7753-7)", () => {
  const server = new SimulatedServer();
  const set = { internalPort: 50_000, options: "82000005 0004c350 00000000" };
  ask(server, 0, map(set));
  assertEquals(ask(server, 0, map(set)).options, set.options);
  assertEquals(server.counters.violations, {});
  ask(server, 0, map({ internalPort: 50_000 }));
  assertEquals(server.counters.violations, { portSetMissing: 1 });
  assertEquals(ask(server, 0, deletion(set)).options, set.options);
  assertEquals([server.mappings.size, server.counters.violations.portSetMissing], [0, 1]);
  ask(server, 0, map(set));
  ask(server, 0, deletion({ internalPort: 50_000 }));
  assertEquals([server.mappings.size, server.counters.violations.portSetMissing], [0, 2]);
});

Deno.test("overlapping sets are cut or refreshed, and a violation (E-7753-8)", () => {
  const server = new SimulatedServer();
  ask(server, 0, map({ internalPort: 50_004 }));
  const set = ask(server, 0, map({ internalPort: 50_000, options: "82000005 0064c350 00000000" }));
  assertEquals(set.options, "82000005 0004c350 00000000");
  assertEquals(server.counters.violations, { portSetOverlap: 1 });
  const within = ask(
    server,
    0,
    map({ internalPort: 50_002, options: "82000005 0002c352 00000000" }),
  );
  assertEquals([within.externalPort, within.options], [set.externalPort, set.options]);
  assertEquals([server.mappings.size, server.counters.violations.portSetOverlap], [2, 2]);
});

Deno.test("PREFIX64 is in ANNOUNCE responses, and in MAP responses on request (E-7225-3)", () => {
  const asked = "8100000e 000c0000 00000000 00000000 00000000";
  const prefixes = "8100000e 00072001 0db80122 03000000 00000000";
  const prefix = Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0x01, 0x22, 0x03);
  const option = {
    type: "prefix64",
    prefix,
    suffix: new Uint8Array(5),
    ipv4Prefixes: undefined,
  } as const;
  assertEquals(ask(new SimulatedServer(), 0, map({ options: asked })).options, "");
  const server = new SimulatedServer({ prefix64: [option] });
  assertEquals(ask(server, 0, map({ options: asked })).options, prefixes);
  assertEquals(ask(server, 0, map()).options, "");
  assertEquals(ask(server, 0, announce()).options, prefixes);
  assertEquals(server.counters.violations, {});
  ask(server, 0, map({ options: prefixes }));
  ask(server, 0, map({ options: "81000012 000c0000 00000000 00000000 00000000 00000000" }));
  assertEquals(server.counters.violations, { prefix64Request: 2, optionMalformed: 1 });
  const eager = new SimulatedServer({ prefix64: [option], prefix64Unasked: true });
  assertEquals(ask(eager, 0, map()).options, prefixes);
  assertEquals(ask(eager, 0, map({ options: asked })).options, prefixes);
});

Deno.test("CHECKPOINT_REQUIRED is stored if supported, and cleared by a renewal without it", () => {
  assertEquals(ask(new SimulatedServer(), 0, map({ options: "c0000000" })).options, "");
  const server = new SimulatedServer({ checkpoint: true });
  assertEquals(ask(server, 0, map({ options: "c0000000" })).options, "c0000000");
  assertEquals(server.mapping(6, 8_080)?.checkpoint, true);
  ask(server, 0, map());
  assertEquals(server.mapping(6, 8_080)?.checkpoint, false);
});

Deno.test("a response longer than 1100 octets becomes MALFORMED_REQUEST", () => {
  const suffix = new Uint8Array(8);
  const option = {
    type: "prefix64",
    prefix: new Uint8Array(4),
    suffix,
    ipv4Prefixes: undefined,
  } as const;
  const server = new SimulatedServer({ prefix64: new Array(53).fill(option) });
  assertEquals(
    ask(server, 0, map({ options: "8100000e 000c0000 00000000 00000000 00000000" })).result,
    3,
  );
  assertEquals(ask(server, 0, map()).result, 0);
});
