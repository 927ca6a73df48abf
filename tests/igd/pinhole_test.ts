import { assert, assertEquals } from "@std/assert";
import type { IgdQuirks } from "../../src/testing/server/igd/options.ts";
import { CLIENT6, GLOBAL6, IgdWorld } from "../helpers/igd_world.ts";

Deno.test("a pinhole: found over IPv6, made from the address that it is for, and granted (U-13.1, U-13.4, U-13.5)", () => {
  const world = made();
  const granted = world.granted(0);
  assertEquals([`${granted?.externalAddress}`, granted?.externalPort], [`${CLIENT6}`, 6_000]);
  assertEquals(granted?.upnp?.uniqueId, 1);
  assertEquals(world.actions(), ["GetFirewallStatus", "AddPinhole 6000 3600"]);
  for (const { action } of world.sent) {
    if (action.type === "exchange") {
      assertEquals([`${action.from}`, `${action.address}`], [`${CLIENT6}`, `${GLOBAL6}`]);
    }
  }
  assertEquals(world.igd.counters.violations, {});
});

Deno.test("both groups of IPv6 and the gateway are searched, with the interface (U-13.2)", () => {
  const world = made();
  const to = world.texts().filter((each) => each.startsWith("search")).slice(0, 6);
  assertEquals(to, [
    "search IGD:1 ff02::c%eth0",
    "search IGD:1 ff05::c",
    "search IGD:1 fe80::1%eth0",
    "search IGD:2 ff02::c%eth0",
    "search IGD:2 ff05::c",
    "search IGD:2 fe80::1%eth0",
  ]);
});

Deno.test("a global address that LOCATION names must answer a search itself (U-3.4, S-1, Q-33)", () => {
  const world = made();
  assert(world.texts().includes(`search IGD:1 ${GLOBAL6}`));
});

for (
  const host of [
    "2001:db8:77::66",
    "::1",
    "fe80::66",
    `${CLIENT6}`,
    "ff02::c",
    "::ffff:192.168.1.1",
  ]
) {
  Deno.test(`no connection to ${host}, which LOCATION names (U-3.4, S-1)`, () => {
    const locations = [`http://[${host}]:5000/rootDesc.xml`];
    const world = new IgdWorld({ family: "IPv6", igd: { quirks: { locations } } });
    world.map();
    world.pass(5_000);
    assertEquals(world.texts().filter((each) => each.startsWith("GET")), []);
    assertEquals(world.texts().filter((each) => each === `search IGD:1 ${host}`).length <= 1, true);
  });
}

Deno.test("a firewall that is off: granted at once, nothing made, and looked at (U-13.3, Q-33)", () => {
  const world = made({ firewall: "off" });
  assertEquals(world.state(0)?.type, "running");
  assertEquals(world.igd.pinholes.size, 0);
  world.igd.quirks = {};
  world.pass(301_000);
  assertEquals(world.igd.pinholes.size, 1, "once it is on");
  assertEquals(world.state(0)?.type, "running");
});

Deno.test("pinholes that the owner does not allow: NOT_AUTHORIZED, nothing asked (U-13.3, Q-33)", () => {
  const world = made({ firewall: "noPinholes" });
  assertEquals(world.states(0).at(-1), "NOT_AUTHORIZED retry 60");
  assertEquals(world.actions(), ["GetFirewallStatus"]);
});

Deno.test("another external port with prefer-failure: CANNOT_PROVIDE_EXTERNAL, nothing sent (U-13.5)", () => {
  const world = new IgdWorld({ family: "IPv6" });
  world.map({ externalPort: 7_000, options: [{ type: "preferFailure" }] });
  world.pass(5_000);
  assertEquals(world.states(0).at(-1), "CANNOT_PROVIDE_EXTERNAL");
  assertEquals(world.actions(), ["GetFirewallStatus"]);
});

Deno.test("a pinhole is renewed with AddPinhole and the same values (U-13.6)", () => {
  const world = made();
  world.pass(1_850_000);
  assertEquals(world.actions().filter((each) => each.startsWith("AddPinhole")), [
    "AddPinhole 6000 3600",
    "AddPinhole 6000 3600",
  ]);
  assertEquals(world.igd.pinholes.size, 1);
});

Deno.test("a pinhole is deleted by its number in the same boot (U-13.7)", () => {
  const world = made();
  world.release(0);
  world.pass(1_000);
  assertEquals(world.actions().slice(2), ["DeletePinhole 1"]);
  assertEquals(world.igd.pinholes.size, 0);
  assertEquals(world.states(0).at(-1), "revoked");
});

Deno.test("after a restart of the gateway the number is asked for before the deletion (U-13.6, U-13.7, Q-33)", () => {
  const world = made();
  world.map({ internalPort: 6_001 });
  world.pass(1_000);
  const since = world.now;
  world.restart();
  world.pass(60_000);
  assertEquals(world.igd.pinholes.size, 2);
  world.release(0);
  world.release(1);
  world.pass(1_000);
  assertEquals(world.igd.pinholes.size, 0);
  assertEquals(world.actions(since).filter((each) => each.startsWith("UpdatePinhole")), []);
  assertEquals(world.igd.counters.violations, {});
});

Deno.test("a pinhole that ends while the gateway restarts is deleted by its new number (U-13.7, Q-33)", () => {
  const world = made();
  const since = world.now;
  world.restart();
  world.pass(1);
  world.release(0);
  world.pass(10_000);
  const pinholes = world.actions(since).filter((each) => each.includes("Pinhole"));
  assertEquals(pinholes, ["AddPinhole 6000 3600", "DeletePinhole 1"]);
  assertEquals(world.states(0).at(-1), "revoked");
  assertEquals(world.igd.pinholes.size, 0);
});

for (const unknownPinhole of [704, 402, 501]) {
  Deno.test(`error ${unknownPinhole} to DeletePinhole: done (U-13.8, Q-33)`, () => {
    const world = made({ unknownPinhole });
    world.pass(1_000);
    for (const id of world.igd.pinholes.keys()) assertEquals(id, 1);
    world.igd.quirks = { unknownPinhole };
    world.restart({ byebye: false, alive: false });
    world.release(0);
    world.pass(1_000);
    assertEquals(world.states(0).at(-1), "revoked");
  });
}

Deno.test("a gateway without pinholes: nothing usable over IPv6, and the search goes on later (U-13.9)", () => {
  const world = new IgdWorld({ family: "IPv6", igd: { pinholes: false } });
  world.map();
  world.pass(6_000);
  assertEquals(world.states(0).at(-1), "UNSUPP_VERSION retry 5");
  assertEquals(world.actions(), []);
});

Deno.test("the external address over IPv6 is the own one (U-12.3)", () => {
  const world = new IgdWorld({ family: "IPv6" });
  world.step({ type: "inquire" });
  world.pass(5_000);
  assertEquals(`${world.all("inquired")[0]?.address}`, `${CLIENT6}`);
});

function made(quirks: IgdQuirks = {}): IgdWorld {
  const world = new IgdWorld({ family: "IPv6", igd: { quirks } });
  world.map();
  world.pass(1_000);
  return world;
}
