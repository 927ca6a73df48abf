import { assert, assertEquals } from "@std/assert";
import { CLIENT, GATEWAY, IgdWorld } from "../helpers/igd_world.ts";
import type { IgdQuirks } from "../../src/testing/server/igd/options.ts";
import { IpAddress } from "../../src/wire/address.ts";

const HIGH = /^AddPortMapping [1-6]\d{4} /;

Deno.test("requests are octet by octet those of the vectors, in one piece (U-4.1, U-7.1, Q-11, Q-12)", () => {
  const quirks = { refusesSecondSegment: true, exactSoapAction: true };
  const world = new IgdWorld({ igd: { version: 1, quirks } });
  const id = world.map({ options: [{ type: "description", text: "game server" }] });
  world.pass(1_000);
  assertEquals(world.state(id)?.type, "running");
  assertEquals(world.igd.counters.violations, {});
  const add = world.sent.find(({ text }) => text.startsWith("AddPortMapping"));
  assert(add?.action.type === "exchange");
  assertEquals(add.action.bytes.length, 803, "as vector V-6");
});

Deno.test("the connection leaves from the address that is mapped (U-4.2, U-8.1)", () => {
  const world = made();
  const [mapping] = world.igd.mappings.values();
  assertEquals(`${mapping?.internalClient}`, `${CLIENT}`);
  for (const { action } of world.sent) {
    if (action.type === "exchange") assertEquals(`${action.from}`, `${CLIENT}`);
  }
});

for (
  const http of [
    { framing: "chunked" },
    { framing: "close", oldVersion: true },
    { shortStatus: true },
    { lineFeed: true, noSpace: true },
    { keepOpen: true },
    { continues: true },
  ] as const
) {
  Deno.test(`a response is read that is written as ${JSON.stringify(http)} (U-4.3, U-4.4, Q-11)`, () => {
    assertEquals(made({ http }).states(0), ["starting 0", "running"]);
  });
}

Deno.test("a gateway that accepts and is silent is given up, after one repetition (U-4.5, Q-26)", () => {
  const world = new IgdWorld({ igd: { version: 1 } });
  const id = world.map();
  world.pass(1_000);
  world.igd.quirks = { stalls: "accept" };
  const since = world.now;
  const other = world.map({ internalPort: 7_000 });
  world.pass(120_000);
  assertEquals(world.state(id)?.type, "running", "lives on");
  assertEquals(world.states(other), [
    ...["starting 0", "NETWORK_FAILURE retry 5", "starting 0", "NETWORK_FAILURE retry 10"],
    ...["starting 0", "NETWORK_FAILURE retry 20", "starting 0", "NETWORK_FAILURE retry 40"],
  ]);
  assertEquals(world.actions(since).filter((each) => each.startsWith("Add")), []);
});

Deno.test("an action that takes 4 s is waited for (U-4.5, Q-26)", () => {
  const world = new IgdWorld({ igd: { quirks: { actionDelay: 4_000 } } });
  const id = world.map();
  world.pass(40_000);
  assertEquals(world.state(id)?.type, "running");
  const times = world.sent.flatMap(({ action }) =>
    action.type === "exchange" ? [`${action.connectTimeout} ${action.timeout}`] : []
  );
  assertEquals([...new Set(times)], ["2000 5000", "2000 10000"]);
});

Deno.test("ten mappings are made one after the other (U-4.6, Q-30)", () => {
  const world = new IgdWorld({ igd: { quirks: { oneAtATime: true } } });
  const ids = Array.from({ length: 10 }, (_, n) => world.map({ internalPort: 6_000 + n }));
  world.pass(5_000);
  assertEquals(world.mostOpen, 1);
  assert(ids.every((id) => world.state(id)?.type === "running"));
});

for (const reason of ["reset", "timeout"] as const) {
  Deno.test(`after a connection that fails by ${reason} the action is asked once more (U-4.7)`, () => {
    const world = new IgdWorld({ igd: { version: 1 } });
    let failures = 0;
    world.intercept = (_exchange, text) =>
      text.startsWith("AddPortMapping") && failures++ === 0 ? reason : undefined;
    const id = world.map();
    world.pass(30_000);
    assertEquals(world.states(id), ["starting 0", "running"]);
    assertEquals(count(world, "AddPortMapping 6000"), 2);
  });
}

Deno.test("AddAnyPortMapping is not repeated: the gateway is looked at first (U-4.7)", () => {
  const world = new IgdWorld();
  let failures = 0;
  world.intercept = (_exchange, text) =>
    text.startsWith("AddAny") && failures++ === 0 ? "reset" : undefined;
  const id = world.map();
  world.pass(10_000);
  assertEquals(world.state(id)?.type, "running");
  assertEquals(count(world, "AddAnyPortMapping"), 1);
});

Deno.test("a gateway that has another HTTP port is described anew, and the action repeated (U-4.8, U-9.3, Q-21)", () => {
  const world = made();
  world.restart({ byebye: false, alive: false, httpPort: 6_789 });
  const other = world.map({ internalPort: 7_000 });
  world.pass(60_000);
  assertEquals(world.state(other)?.type, "running");
  assertEquals(world.state(0)?.type, "running");
  assertEquals(world.igd.mappings.size, 2);
  assertEquals(world.all("serverRestarted").length, 1);
});

Deno.test("a mapping that is released before its turn is never asked for (U-4.9)", () => {
  const world = new IgdWorld();
  const id = world.map();
  world.pass(100);
  world.release(id);
  world.pass(10_000);
  assertEquals(world.states(id).at(-1), "revoked");
  assertEquals(world.igd.counters.requests["AddAnyPortMapping"], undefined);
  assertEquals(world.igd.counters.requests["AddPortMapping"], undefined);
});

Deno.test("a mapping released while it is made is deleted (U-4.9)", () => {
  const world = new IgdWorld({ igd: { version: 1 } });
  const id = world.map();
  while (!world.texts().some((each) => each.startsWith("AddPort"))) world.pass(1);
  world.release(id);
  world.pass(10_000);
  assertEquals(world.states(id).at(-1), "revoked");
  assertEquals(world.igd.mappings.size, 0);
});

Deno.test("two descriptions of one gateway give one choice, and one mapping (U-5.4, Q-08)", () => {
  const world = made({ twoDescriptions: true });
  assertEquals(world.igd.mappings.size, 1);
  assertEquals(count(world, "GET"), 2);
});

Deno.test("a media server on the same host is passed over (U-5.5, Q-09)", () => {
  assertEquals(made({ otherDevicesFirst: true }).state(0)?.type, "running");
});

for (
  const quirks of [
    { controlUrls: "relative", urlBase: "http://0.0.0.0/" },
    { controlUrls: "relative", urlBase: "" },
    { controlUrls: "lineBreak" },
  ] as const
) {
  Deno.test(`control URLs as ${JSON.stringify(quirks)} are resolved (U-5.1, U-5.2, U-5.3, Q-10)`, () => {
    assertEquals(made(quirks).state(0)?.type, "running");
  });
}

Deno.test("nothing is fetched but descriptions (U-5.6)", () => {
  const world = made();
  assertEquals(world.texts().filter((each) => each.startsWith("GET")), ["GET /rootDesc.xml"]);
  assertEquals(world.igd.counters.violations, {});
});

Deno.test("the second connection is used if the first is disconnected (U-6.1, Q-07)", () => {
  const world = made({ disconnectedFirst: true });
  assertEquals(world.state(0)?.type, "running");
  assertEquals(world.igd.mappings.size, 1);
});

Deno.test("among equals WANIPConnection is chosen (U-6.2)", () => {
  const world = made();
  assertEquals(world.granted(0)?.upnp?.service, "urn:schemas-upnp-org:service:WANIPConnection:2");
});

Deno.test("while the line is down nothing is made, and asked again after the hold (U-6.3)", () => {
  const world = new IgdWorld();
  world.igd.isConnected = false;
  const id = world.map();
  world.pass(20_000);
  assertEquals(world.states(id), ["starting 0", "NETWORK_FAILURE retry 30"]);
  assertEquals(world.igd.mappings.size, 0);
  world.igd.isConnected = true;
  world.pass(30_000);
  assertEquals(world.state(id)?.type, "running");
});

for (const spelling of ["prefixes", "case", "attributes", "damaged"] as const) {
  Deno.test(`results are read that are spelled with ${spelling} (U-7.2, U-7.3, U-7.5, Q-27)`, () => {
    assertEquals(made({ spelling }).state(0)?.type, "running");
  });
}

Deno.test("a page to log in is no success (U-7.2, Q-27)", () => {
  const world = made({ spelling: "page" });
  assertEquals(world.igd.mappings.size, 0);
  assertEquals(world.state(0)?.type, "error");
});

Deno.test("a fault is one with any status (U-7.2, Q-27)", () => {
  const world = made({ faultStatus: 200, refusesFiniteLeases: 725 }, 1);
  assertEquals(world.granted(0)?.permanent, true);
});

for (const addAny of ["zero", "other", "missing"] as const) {
  Deno.test(`AddAnyPortMapping: ${addAny} (U-7.4, U-8.6, Q-31)`, () => {
    const world = made({ addAny });
    assertEquals(world.state(0)?.type, "running");
    const granted = world.granted(0);
    const held = [...world.igd.mappings.values()].map(({ externalPort }) => externalPort);
    assertEquals(held, [granted?.externalPort]);
    if (addAny === "missing") assertEquals(count(world, "AddPortMapping"), 1);
  });
}

Deno.test("neither the external nor the internal port is ever 0 (U-8.2, S-6)", () => {
  const world = new IgdWorld();
  world.map({ internalPort: 0, protocol: 0 });
  world.map({ internalPort: 6_000, externalPort: 0 });
  world.pass(10_000);
  assertEquals(world.state(0)?.type, "error");
  assertEquals(world.igd.counters.violations, {});
});

Deno.test("the suggestion is asked for, otherwise the internal port (U-8.3)", () => {
  const world = new IgdWorld({ igd: { version: 1 } });
  world.map({ internalPort: 6_000, externalPort: 7_000 });
  world.map({ internalPort: 6_001 });
  world.map({ internalPort: 80 });
  world.map({ internalPort: 81, externalPort: 81 });
  world.pass(10_000);
  const adds = world.actions().filter((each) => each.startsWith("AddPort"));
  assertEquals(adds[0], "AddPortMapping 7000 6000 3600");
  assertEquals(adds[1], "AddPortMapping 6001 6001 3600");
  assert(HIGH.test(adds[2] ?? ""), adds[2]);
  assertEquals(adds[3], "AddPortMapping 81 81 3600");
});

Deno.test("a port of another host is left alone, also where the gateway would overwrite it (U-8.4, S-5, Q-20)", () => {
  const world = new IgdWorld({ igd: { version: 1, quirks: { overwrites: true } } });
  world.igd.insert(0, { externalPort: 6_000, internalClient: "192.168.1.66" });
  const id = world.map();
  world.pass(10_000);
  assert(HIGH.test(`AddPortMapping ${world.granted(id)?.externalPort} `));
  assertEquals(`${world.igd.mappings.get("TCP 6000")?.internalClient}`, "192.168.1.66");
});

Deno.test("an entry of this host with the same internal port is adopted (U-8.5)", () => {
  const world = new IgdWorld();
  world.igd.insert(0, { externalPort: 6_000, internalClient: `${CLIENT}`, lease: 600 });
  const id = world.map();
  world.pass(10_000);
  assertEquals(world.granted(id)?.externalPort, 6_000);
  assertEquals(world.igd.mappings.size, 1);
});

Deno.test("an entry of another program of this host is left alone (U-8.5, S-5)", () => {
  const world = new IgdWorld({ igd: { version: 1 } });
  world.igd.insert(0, { externalPort: 6_000, internalPort: 99, internalClient: `${CLIENT}` });
  world.map();
  world.pass(10_000);
  assertEquals(world.igd.mappings.get("TCP 6000")?.internalPort, 99);
  assertEquals(world.igd.mappings.size, 2);
});

Deno.test("version 2 chooses a port with AddAnyPortMapping, renewals and prefer-failure do not (U-8.6)", () => {
  const world = new IgdWorld();
  world.map({ lifetime: 600 });
  world.map({ internalPort: 6_001, externalPort: 6_001, options: [{ type: "preferFailure" }] });
  world.pass(301_000);
  const adds = world.actions().filter((each) => each.startsWith("Add"));
  assertEquals(adds, [
    "AddAnyPortMapping 6000 6000 600",
    "AddPortMapping 6001 6001 3600",
    "AddPortMapping 6000 6000 600",
  ]);
});

for (const taken of [4, 5]) {
  Deno.test(`${taken} of the ports are taken: up to four others are tried (U-8.7, U-8.11)`, () => {
    const world = new IgdWorld({ igd: { version: 1 } });
    let conflicts = 0;
    world.intercept = (exchange, text) => {
      if (!text.startsWith("AddPortMapping") || conflicts >= taken) return undefined;
      conflicts++;
      const port = Number(text.split(" ")[1]);
      world.igd.insert(world.now, { externalPort: port, internalClient: "192.168.1.66" });
      assertEquals(exchange.type, "exchange");
      return undefined;
    };
    const id = world.map();
    world.pass(20_000);
    if (taken === 4) assertEquals(world.state(id)?.type, "running");
    else {assertEquals(
        world.states(id).at(-1)?.slice(0, 36),
        "CANNOT_PROVIDE_EXTERNAL retry 60 upn",
      );}
    assertEquals(count(world, "AddPortMapping"), 5);
  });
}

Deno.test("with prefer-failure no other port is tried (U-8.7)", () => {
  const world = new IgdWorld();
  world.igd.insert(0, { externalPort: 6_000, internalClient: "192.168.1.66" });
  const id = world.map({ externalPort: 6_000, options: [{ type: "preferFailure" }] });
  world.pass(20_000);
  assertEquals(world.states(id).at(-1), "CANNOT_PROVIDE_EXTERNAL upnp 718");
  assertEquals(count(world, "Add"), 0);
});

Deno.test("equal ports are used where the gateway wants that (U-8.8, Q-15)", () => {
  const world = new IgdWorld({ igd: { version: 1, quirks: { samePorts: true } } });
  const id = world.map({ externalPort: 7_000 });
  world.pass(5_000);
  assertEquals(world.granted(id)?.externalPort, 6_000);
});

Deno.test("equal ports are no way with prefer-failure and another port (U-8.8)", () => {
  const world = new IgdWorld({ igd: { version: 1, quirks: { samePorts: true } } });
  const id = world.map({ externalPort: 7_000, options: [{ type: "preferFailure" }] });
  world.pass(5_000);
  assertEquals(world.states(id).at(-1), "CANNOT_PROVIDE_EXTERNAL upnp 724");
});

for (const code of [725, 402, -911]) {
  Deno.test(`finite leases refused with ${code}: a permanent one, once and for all (U-8.9, Q-13, Q-14)`, () => {
    const world = new IgdWorld({ igd: { version: 1, quirks: { refusesFiniteLeases: code } } });
    const id = world.map();
    const second = world.map({ internalPort: 6_001 });
    world.pass(5_000);
    assertEquals(world.granted(id)?.permanent, true);
    assertEquals(world.granted(id)?.lifetime, 3_600);
    assertEquals(world.granted(second)?.permanent, true);
    assertEquals(world.actions().filter((each) => each.startsWith("AddPort")), [
      "AddPortMapping 6000 6000 3600",
      "AddPortMapping 6000 6000 0",
      "AddPortMapping 6001 6001 0",
    ]);
  });
}

Deno.test("a lease of less than an hour that is refused, as a permanent one, becomes an hour (U-8.9, Q-14)", () => {
  const world = new IgdWorld({ igd: { version: 1, quirks: { refusesFiniteLeases: 402 } } });
  world.igd.quirks = { refusesFiniteLeases: 402, refusesPermanentLeases: 402 };
  const id = world.map({ lifetime: 600 });
  while (!world.actions().includes("AddPortMapping 6000 6000 0")) world.pass(1);
  world.pass(1);
  world.igd.quirks = {};
  world.pass(5_000);
  assertEquals(world.actions().filter((each) => each.startsWith("AddPort")), [
    "AddPortMapping 6000 6000 600",
    "AddPortMapping 6000 6000 0",
    "AddPortMapping 6000 6000 3600",
  ]);
  assertEquals(world.granted(id)?.lifetime, 600);
});

Deno.test("a lifetime of more than a day is cut to a day (U-8.9)", () => {
  const world = new IgdWorld({ igd: { version: 1 } });
  const id = world.map({ lifetime: 200_000 });
  world.pass(5_000);
  assertEquals(count(world, "AddPortMapping 6000 6000 86400"), 1);
  assertEquals(world.granted(id)?.lifetime, 86_400);
});

Deno.test("a description is sent plain, and never empty (U-8.10, S-7, Q-32)", () => {
  const texts = ["a<b>&ü", "", "x".repeat(80)];
  const world = new IgdWorld({ igd: { quirks: { plainDescriptions: true } } });
  texts.forEach((text, n) => {
    world.map({ internalPort: 6_000 + n, options: [{ type: "description", text }] });
  });
  world.pass(5_000);
  const sent = [...world.igd.mappings.values()].map(({ description }) => description);
  assertEquals(sent, ["ab", "portcontrol", "x".repeat(60)]);
});

Deno.test("an attempt ends after ten exchanges (U-8.11)", () => {
  const world = new IgdWorld({
    igd: { version: 1, quirks: { refusesPorts: { below: 65_536, with: 718 } } },
  });
  const id = world.map();
  world.pass(5_000);
  assertEquals(world.states(id).at(-1), "CANNOT_PROVIDE_EXTERNAL retry 60 upnp 718");
  assertEquals(world.actions().filter((each) => /^(Add|GetSpec)/.test(each)).length, 10);
});

for (const quirks of [{ keepsNothing: true }, { fullSilently: true }]) {
  Deno.test(`success is not believed: ${JSON.stringify(quirks)} (U-9.1, Q-16)`, () => {
    const world = new IgdWorld({ igd: { version: 1, capacity: 0, quirks } });
    const id = world.map();
    world.pass(5_000);
    assertEquals(world.states(id).at(-1), "NO_RESOURCES retry 30 upnp 501");
  });
}

for (
  const [below, code, name] of [
    [1_024, 606, "running"],
    [1_024, 403, "running"],
    [1_024, "close", "running"],
    [65_536, 606, "NOT_AUTHORIZED retry 60 upnp 606"],
  ] as const
) {
  Deno.test(`ports below ${below} refused with ${code}: a high one is tried (Q-24)`, () => {
    const refusesPorts = { below, with: code };
    const world = new IgdWorld({ igd: { version: 1, quirks: { refusesPorts } } });
    const id = world.map({ internalPort: 80, externalPort: 80 });
    world.pass(20_000);
    assertEquals(world.states(id).at(-1), name);
  });
}

Deno.test("501 for everything, then not: held, and asked again (Q-25)", () => {
  const world = new IgdWorld({ igd: { quirks: { failuresFirst: 4 } } });
  const id = world.map();
  world.pass(300_000);
  assertEquals(world.state(id)?.type, "running");
});

for (
  const [externalAddressText, expected] of [
    ["", "NETWORK_FAILURE retry 30"],
    ["0.0.0.0", "NETWORK_FAILURE retry 30"],
    ["192.168.178.2", "running"],
    ["100.64.0.9", "running"],
    ["169.254.1.1", "UNUSABLE_ASSIGNMENT retry 30"],
    ["not an address", "UNUSABLE_ASSIGNMENT retry 30"],
    [`${GATEWAY}`, "UNUSABLE_ASSIGNMENT retry 30"],
    [`${CLIENT}`, "UNUSABLE_ASSIGNMENT retry 30"],
  ] as const
) {
  Deno.test(`the external address "${externalAddressText}": ${expected} (U-12.1, Q-23)`, () => {
    const world = made({ externalAddressText });
    assertEquals(world.states(0).at(-1), expected);
  });
}

Deno.test("what UPnP cannot express is refused at once, and nothing is searched for (U-1.6, U-8.2)", () => {
  const world = new IgdWorld();
  const filter = {
    type: "filter",
    prefixLength: 128,
    remotePort: 0,
    remoteAddress: CLIENT,
  } as const;
  world.map({ protocol: 132 });
  world.map({ internalPort: 0, protocol: 47 });
  world.map({ options: [filter] });
  world.map({
    internalPort: 6_001,
    options: [{ type: "thirdParty", address: IpAddress.parse("192.168.1.9") }],
  });
  world.pass(10_000);
  assertEquals([0, 1, 2, 3].map((id) => world.states(id).at(-1)?.split(" ")[0]), [
    "UNSUPP_PROTOCOL",
    "UNSUPP_PROTOCOL",
    "UNSUPP_OPTION",
    "UNSUPP_OPTION",
  ]);
  assertEquals(world.texts(), []);
});

/** A world with one mapping asked for 5 s ago. */
function made(quirks: IgdQuirks = {}, version: 1 | 2 = 2): IgdWorld {
  const world = new IgdWorld({ igd: { quirks, version } });
  world.map();
  world.pass(5_000);
  return world;
}

function count(world: IgdWorld, start: string): number {
  return world.texts().filter((each) => each.startsWith(start)).length;
}
