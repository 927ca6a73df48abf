import { assert, assertEquals } from "@std/assert";
import type { KnownMapping } from "../../src/engine/events.ts";
import type { IgdQuirks } from "../../src/testing/server/igd/options.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { Nonce } from "../../src/wire/nonce.ts";
import { CLIENT, GATEWAY, IgdWorld } from "../helpers/igd_world.ts";

const MINUTE = 60_000;
const BYEBYE = notify("byebye");
const ALIVE = notify("alive");

Deno.test("a mapping deleted behind our back is noticed within 5 minutes, and made again (U-9.2, Q-22)", () => {
  const world = made();
  world.map({ internalPort: 6_001 });
  world.pass(MINUTE);
  world.igd.drop();
  const since = world.now;
  world.pass(5 * MINUTE);
  assertEquals(world.igd.mappings.size, 2, "the rest is looked at, too");
  assertEquals(world.all("entryLost", since).length, 2);
  assertEquals(world.states(0, since), ["updating 3600", "running"]);
});

Deno.test("one mapping is looked at every 5 minutes, the one whose last look is the longest ago (U-9.2)", () => {
  const world = made();
  world.map({ internalPort: 6_001 });
  world.pass(MINUTE);
  const since = world.now;
  world.pass(20 * MINUTE);
  const looks = world.sent.filter(({ at, text }) => at > since && text.startsWith("GetSpecific"));
  assertEquals(looks.map(({ text }) => text.slice(-4)), ["6000", "6001", "6000", "6001"]);
  assertEquals(looks.map(({ at }, n) => Math.round((at - (looks[0]?.at ?? 0)) / MINUTE) - 5 * n), [
    ...[0, 0, 0, 0],
  ]);
});

Deno.test("the interval of looks comes from the configuration (U-9.2)", () => {
  const world = new IgdWorld({ config: { upnpLookInterval: 10_000 } });
  world.map();
  world.pass(1_000);
  world.igd.drop();
  world.pass(11_000);
  assertEquals(world.igd.mappings.size, 1);
});

Deno.test("another host deletes the mapping again and again: made again three times, then held (U-9.2, S-10, Q-35)", () => {
  const world = new IgdWorld({ config: { upnpLookInterval: 30_000 } });
  const id = world.map();
  for (let minute = 0; minute < 5; minute++) {
    world.pass(MINUTE);
    world.igd.drop();
  }
  world.pass(5_000);
  const added = world.actions().filter((each) => each.startsWith("Add")).length;
  assertEquals(added, 4, "once, and three times more");
  assert(world.states(id).includes("NO_RESOURCES retry 60"));
  world.pass(20 * MINUTE);
  assertEquals(world.state(id)?.type, "running", "once that has ended");
});

for (const mappings of ["lost", "kept", "permanent"] as const) {
  for (const byebye of [true, false]) {
    Deno.test(`a restart with mappings ${mappings}, byebye ${byebye}: restored (U-9.3, Q-21)`, () => {
      const world = made();
      world.pass(MINUTE);
      const since = world.now;
      world.restart({ byebye, mappings });
      world.pass(MINUTE);
      assertEquals(world.igd.mappings.size, 1);
      assertEquals(world.state(0)?.type, "running");
      assertEquals(world.all("serverRestarted", since).length, 1);
    });
  }
}

Deno.test("a restart without any sign is noticed by looking (U-9.3, Q-21)", () => {
  const world = made();
  world.restart({ byebye: false, alive: false });
  world.pass(6 * MINUTE);
  assertEquals(world.igd.mappings.size, 1);
});

Deno.test("a gateway that is away for a minute is found again, and the mapping stays running (U-9.3, Q-21)", () => {
  const world = made();
  world.pass(MINUTE);
  const since = world.now;
  world.restart({ downtime: MINUTE });
  world.pass(5 * MINUTE);
  assertEquals(world.igd.mappings.size, 1);
  assertEquals(world.states(0, since).filter((state) => !/^(running|updating)/.test(state)), []);
});

Deno.test("a BOOTID of -1 is no sign of a restart (U-9.4)", () => {
  const world = new IgdWorld({ igd: { bootId: -1 } });
  world.map();
  world.pass(MINUTE);
  world.datagram(ALIVE.replace("41", "-1"));
  world.pass(MINUTE);
  assertEquals(world.all("serverRestarted"), []);
});

Deno.test("a thousand forged byebyes bring one search (U-9.5, S-3)", () => {
  const world = made();
  world.pass(MINUTE);
  const since = world.now;
  for (let n = 0; n < 1_000; n++) world.datagram(BYEBYE);
  world.pass(20_000);
  const searches = world.texts(since).filter((each) => each === "search IGD:1 192.168.1.1");
  assertEquals(searches.length, 1);
  assertEquals(world.all("serverRestarted"), []);
  assertEquals(world.state(0)?.type, "running");
});

Deno.test("an announcement of another host changes nothing (U-9.5, U-3.1, S-2)", () => {
  const world = made();
  const since = world.now;
  world.datagram(BYEBYE, IpAddress.parse("192.168.1.66"));
  world.pass(MINUTE);
  assertEquals(world.texts(since + 1).filter((each) => each.startsWith("search")), []);
});

for (const reportedLease of [0, 120, 86_400]) {
  Deno.test(`a remaining lease of ${reportedLease} is no deadline (U-9.6, Q-17)`, () => {
    const world = made({ reportedLease });
    world.pass(50 * MINUTE);
    assertEquals(world.states(0).filter((state) => state === "expired"), []);
    assertEquals(world.igd.mappings.size, 1);
    if (reportedLease > 0) return;
    assertEquals(
      world.actions().filter((each) => each.startsWith("Delete")),
      [],
      "it says nothing",
    );
  });
}

Deno.test("renewed at 1/2, 3/4 and 7/8 of the lease, each with one AddPortMapping (U-10.1, U-10.4)", () => {
  const world = made();
  world.pass(1_000);
  world.igd.quirks = { refusesPorts: { below: 65_536, with: 606 } };
  world.intercept = () => undefined;
  const since = world.now;
  world.igd.quirks = { failuresFirst: 1_000 };
  world.pass(58 * MINUTE);
  const adds = world.sent.filter(({ at, text }) => at > since && text.startsWith("Add"));
  const parts = adds.slice(0, 3).map(({ at }) => Math.round(100 * at / 3_600_000));
  assertEquals(parts, [50, 75, 88]);
  assertEquals(new Set(adds.map(({ text }) => text)), new Set(["AddPortMapping 6000 6000 3600"]));
  assertEquals(world.state(0)?.type, "running", "to the end of the lease");
  const [refused] = world.all("renewalRefused", since);
  assertEquals([refused?.code, refused?.upnpCode], [8, 501]);
});

Deno.test("a refresh that is refused with 718 becomes a deletion and a new mapping (U-10.2, Q-18)", () => {
  const world = made({ refusesRefresh: true });
  const since = world.now;
  world.pass(31 * MINUTE);
  assertEquals(world.all("renewalRefused"), []);
  const actions = world.actions(since).filter((each) => /^(Add|Delete)/.test(each));
  assertEquals(actions, [
    "AddPortMapping 6000 6000 3600",
    "DeletePortMapping 6000",
    "AddPortMapping 6000 6000 3600",
  ]);
  world.pass(180 * MINUTE);
  assertEquals(world.igd.mappings.size, 1);
});

Deno.test("a gateway whose leases a refresh does not extend gets each mapping anew (U-10.3, Q-19)", () => {
  const world = made({ ignoresRefresh: true });
  const since = world.now;
  world.pass(61 * MINUTE);
  const [add, deletion] = ["AddPortMapping 6000 6000 3600", "DeletePortMapping 6000"];
  assertEquals(world.actions(since).filter((each) => /^(Add|Delete)/.test(each)), [
    ...[add, deletion, add], // the first renewal, which extends nothing
    ...[deletion, add],
  ]);
  world.pass(240 * MINUTE);
  assertEquals(world.igd.mappings.size, 1);
  assertEquals(world.all("entryLost"), []);
  assertEquals(world.states(0).filter((state) => state === "expired"), []);
});

Deno.test("the first renewal is looked at 1 s later, and an extended lease is left alone (U-10.3)", () => {
  const world = new IgdWorld({ igd: { version: 1 } });
  world.map({ lifetime: 7_000 });
  world.pass(7_100_000);
  assertEquals(world.actions().filter((each) => each.startsWith("Delete")), []);
  const [, renewal, next] = world.sent.filter(({ text }) => text.startsWith("AddPort"));
  assert(renewal !== undefined && next !== undefined);
  const around = (at: number) =>
    world.sent.filter((sent) => Math.abs(sent.at - at) < 5_000)
      .map((sent) => `${sent.at - at} ${sent.text.split(" ")[0]}`);
  assertEquals(around(renewal.at).filter((each) => !each.endsWith("adding")), [
    "-1 GetSpecificPortMappingEntry",
    "0 AddPortMapping",
    "1001 GetSpecificPortMappingEntry",
  ]);
  assertEquals(around(next.at).filter((each) => each.includes("GetSpecific")), []);
});

Deno.test("renew() asks for the new lease at once (U-10.5)", () => {
  const world = made();
  world.pass(MINUTE);
  const since = world.now;
  world.step({ type: "renew", id: 0, lifetime: 7_200 });
  world.pass(10);
  assert(world.actions(since).includes("AddPortMapping 6000 6000 7200"));
  assertEquals(world.granted(0)?.lifetime, 7_200);
});

Deno.test("a deletion names the external port and protocol (U-11.1, U-11.2)", () => {
  const world = made();
  world.release(0);
  world.pass(1_000);
  assertEquals(world.actions().at(-1), "DeletePortMapping 6000");
  assertEquals(world.states(0).at(-1), "revoked");
  assertEquals(world.igd.mappings.size, 0);
  assertEquals(world.igd.counters.violations, {});
});

Deno.test("what is gone already is deleted (U-11.2)", () => {
  const world = made();
  world.igd.drop();
  world.release(0);
  world.pass(1_000);
  assertEquals(world.states(0).at(-1), "revoked");
});

Deno.test("a mapping of an earlier run is searched for at once, and keeps its port (U-14.2)", () => {
  const protocols = ["pcp", "nat-pmp", "upnp"] as const;
  const world = new IgdWorld({ igd: { version: 1 }, protocols });
  world.igd.insert(0, { externalPort: 41_000, internalPort: 6_000, internalClient: `${CLIENT}` });
  const id = world.map({}, { known: known(41_000) });
  world.pass(500);
  assertEquals(world.granted(id)?.externalPort, 41_000);
  assertEquals(world.sent[0]?.at, 0);
  assertEquals(world.igd.mappings.size, 1);
});

Deno.test("a mapping of an earlier run that is not wanted any more is deleted (U-11.3, U-14.3)", () => {
  const world = new IgdWorld({ igd: { version: 1 } });
  world.igd.insert(0, { externalPort: 41_000, internalPort: 6_000, internalClient: `${CLIENT}` });
  const id = world.map({}, { known: known(41_000), release: "dropped" });
  world.pass(5_000);
  assertEquals(world.igd.mappings.size, 0);
  assertEquals(world.states(id).at(-1), "dropped");
});

Deno.test("a port that is another host's by now is not deleted (U-11.3, S-5)", () => {
  const world = new IgdWorld({ igd: { version: 1 } });
  world.igd.insert(0, { externalPort: 41_000, internalClient: "192.168.1.66" });
  world.map({}, { known: known(41_000), release: "dropped" });
  world.pass(5_000);
  assertEquals(world.igd.mappings.size, 1);
  assertEquals(world.actions().filter((each) => each.startsWith("Delete")), []);
});

Deno.test("an entry of this host's former address is deleted, and made anew (U-11.6)", () => {
  const world = new IgdWorld({ igd: { version: 1 } });
  const client = IpAddress.parse("192.168.1.99");
  world.igd.insert(0, { externalPort: 6_000, internalClient: `${client}` });
  const id = world.map({}, { known: known(6_000, { client }) });
  world.pass(5_000);
  assert(world.actions().includes("DeletePortMapping 6000"));
  assertEquals(world.state(id)?.type, "running");
});

Deno.test("all mappings are deleted one by one at the end (U-11.4)", () => {
  const world = new IgdWorld();
  const ids = Array.from({ length: 20 }, (_, n) => world.map({ internalPort: 6_000 + n }));
  world.pass(5_000);
  for (const id of ids) world.release(id, "dropped");
  world.pass(5_000);
  assertEquals(world.igd.mappings.size, 0);
  assertEquals(world.mostOpen, 1);
  assert(ids.every((id) => world.states(id).at(-1) === "dropped"));
});

Deno.test("a permanent mapping is deleted at the end of its lifetimes (U-11.5, S-9, Q-13)", () => {
  const world = new IgdWorld({ igd: { version: 1, quirks: { refusesFiniteLeases: 725 } } });
  const id = world.map({ lifetime: 600 }, { lifetimes: 1 });
  world.pass(599_000);
  assertEquals(world.igd.mappings.size, 1);
  world.pass(5_000);
  assertEquals(world.igd.mappings.size, 0);
  assertEquals(world.states(id).at(-1), "expired");
});

Deno.test("a permanent mapping is recorded before it is made (U-14.3, S-9, Q-13)", () => {
  const world = new IgdWorld({ igd: { version: 1, quirks: { refusesFiniteLeases: 725 } } });
  world.map();
  world.pass(5_000);
  const index = world.texts().indexOf("AddPortMapping 6000 6000 0");
  const before = world.sent[index - 1]?.action;
  assert(before?.type === "adding");
  assertEquals([before.externalPort, before.record.permanent], [6_000, true]);
});

Deno.test("a gateway that keeps refusing the deletion of a permanent mapping is asked three times (U-11.2, U-11.5)", () => {
  const world = new IgdWorld({ igd: { version: 1, quirks: { refusesFiniteLeases: 725 } } });
  const id = world.map();
  world.pass(5_000);
  world.igd.quirks = { failuresFirst: 1_000 };
  world.release(id);
  world.pass(60 * MINUTE);
  const deletes = world.actions().filter((each) => each.startsWith("Delete"));
  assertEquals(deletes.length, 3);
  assertEquals(world.state(id)?.type, "error");
});

Deno.test("the external address is asked for with every fifth look, and a change reported (U-12.1, U-12.2, Q-23)", () => {
  let external = "203.0.113.5";
  const world = new IgdWorld({ igd: { version: 1 }, external: () => external });
  world.map({ lifetime: 86_400 });
  world.pass(MINUTE);
  external = "203.0.113.99";
  world.pass(20 * MINUTE);
  assertEquals(`${world.granted(0)?.externalAddress}`, "203.0.113.5");
  world.pass(5 * MINUTE);
  assertEquals(`${world.granted(0)?.externalAddress}`, external);
});

Deno.test("a line that goes down leaves the address as it was (U-12.1, Q-23)", () => {
  const world = made();
  world.igd.isConnected = false;
  world.pass(26 * MINUTE);
  assertEquals(`${world.granted(0)?.externalAddress}`, "203.0.113.5");
  assertEquals(world.state(0)?.type, "running");
});

Deno.test("the external address is answered without a mapping (U-12.3)", () => {
  const world = new IgdWorld();
  world.step({ type: "inquire" });
  world.pass(5_000);
  const [answer] = world.all("inquired");
  assertEquals([answer?.protocol, answer?.result, `${answer?.address}`], [
    "upnp",
    0,
    "203.0.113.5",
  ]);
  assertEquals(world.actions().filter((each) => each.startsWith("Add")), []);
});

Deno.test("an announcement before any search changes nothing (U-9.5)", () => {
  const world = new IgdWorld();
  world.datagram(ALIVE, GATEWAY);
  world.pass(MINUTE);
  assertEquals(world.texts(), []);
});

function made(quirks: IgdQuirks = {}): IgdWorld {
  const world = new IgdWorld({ igd: { version: 1, quirks } });
  world.map();
  world.pass(1_000);
  assertEquals(world.state(0)?.type, "running");
  return world;
}

function known(
  suggestedPort: number,
  more: { readonly client?: IpAddress } = {},
): KnownMapping {
  const service = "urn:schemas-upnp-org:service:WANIPConnection:1";
  return {
    nonce: new Nonce(1, 2, 3),
    suggestedAddress: IpAddress.parse("203.0.113.5"),
    suggestedPort,
    until: 3_600_000,
    grantedBy: "upnp",
    upnp: { service, description: "portcontrol", ...more },
  };
}

function notify(nts: string): string {
  return [
    "NOTIFY * HTTP/1.1",
    "HOST: 239.255.255.250:1900",
    "NT: upnp:rootdevice",
    `NTS: ssdp:${nts}`,
    "LOCATION: http://192.168.1.1:5000/rootDesc.xml",
    "USN: uuid:6f2a1c00-0000-4000-8000-00000000a001::upnp:rootdevice",
    "BOOTID.UPNP.ORG: 41",
    "",
    "",
  ].join("\r\n");
}
