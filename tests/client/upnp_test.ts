/** UPnP through the API: a whole client at a simulated gateway in virtual time. */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InboundMap, OutboundMap, RequestType, ResultCodeError } from "../../mod.ts";
import { type IgdOptions, type Lab, lab, type LabOptions } from "../../src/testing/mod.ts";
import { isSearch, unreadErrors } from "../helpers/client.ts";
import { MemoryStore } from "./memory_store.ts";

function upnpLab(igd: IgdOptions = {}, client: LabOptions["client"] = {}): Promise<Lab> {
  return lab({ server: { protocols: ["upnp"], closedPort: "refused", igd }, client });
}

function actions(world: Lab): string[] {
  return world.exchanges.map(({ request }) => {
    const text = new TextDecoder().decode(request);
    return /^SOAPAction: .*#(?<action>\w+)"/m.exec(text)?.groups?.["action"] ??
      text.slice(0, text.indexOf(" HTTP"));
  });
}

Deno.test("the first mapping takes less than 1 s after a refusal and 4 s after silence, and no error is reported", async () => {
  for (const version of [1, 2] as const) {
    for (const [closedPort, most] of [["refused", 1_000], ["silent", 4_000]] as const) {
      await using world = await lab({
        server: { protocols: ["upnp"], closedPort, igd: { version } },
      });
      const mapping = world.handle.request(new InboundMap(6000, 3_600));
      assertEquals(await world.settled(mapping.ready()), {
        externalAddress: "203.0.113.5",
        externalPort: 6000,
        lifetime: 3_600,
        protocol: "upnp",
      });
      assert(world.clock.now() < most, `${closedPort}: ${world.clock.now()} ms`);
      assertEquals([world.handle.protocol, world.handle.gateway.state], ["upnp", "answers"]);
      await world.advance(4_000_000);
      assertEquals([mapping.state.type, world.igd.mappings.size], ["running", 1]);
      await world.settled(mapping.revoke());
      assertEquals([mapping.state.type, world.igd.mappings.size], ["revoked", 0]);
      assertEquals([unreadErrors(world.handle), world.igd.counters.violations], [[], {}]);
      assertEquals(world.handle.gateway.state, "answers");
    }
  }
});

Deno.test("UPnP alone is forced: nothing goes to the port of PCP", async () => {
  await using world = await lab({
    server: { protocols: ["pcp", "upnp"] },
    client: { protocols: ["upnp"] },
  });
  const mapping = world.handle.request(new InboundMap(6000, 600));
  const { protocol } = await world.settled(mapping.ready());
  assertEquals(protocol, "upnp");
  await world.advance(3_600_000);
  assert(world.sent().every(({ bytes }) => isSearch(bytes)));
});

Deno.test("what UPnP cannot express is refused with the code of PCP and the name of the protocol", async () => {
  // Where PCP is allowed its second transmission may still be answered.
  await refusesWhatItCannotExpress(await upnpLab(), 4_000);
  await refusesWhatItCannotExpress(await upnpLab({}, { protocols: ["upnp"] }), 100);
});

async function refusesWhatItCannotExpress(lab: Lab, most: number): Promise<void> {
  await using world = lab;
  await world.settled(world.handle.request(new InboundMap(6000, 600)).ready());
  const before = world.exchanges.length;
  const cases = [
    [new OutboundMap(6001, "198.51.100.7", 7000, 600), 4, "outbound"],
    [new InboundMap(6002, 600).filter(0, "198.51.100.7", 32), 5, "filter"],
    [new InboundMap(0, 600).protocol(17), 9, "allPorts"],
    [new InboundMap(0, 600).protocol(0), 9, "allPorts"],
    [new InboundMap(0, 600).protocol(47), 9, "allPorts"],
  ] as const;
  for (const [map, code, part] of cases) {
    const since = world.clock.now();
    const mapping = world.handle.request(map);
    const error = await assertRejects(() => world.settled(mapping.ready()), ResultCodeError);
    assertEquals([error.code, error.unsupported], [code, { protocol: "upnp", part }]);
    assertStringIncludes(error.message, "UPnP");
    assert(world.clock.now() - since < most, `${part}: ${world.clock.now() - since} ms`);
  }
  assertEquals(world.exchanges.length, before);
}

Deno.test("assigned has the description as the router keeps it, and names what UPnP cannot do (U-8.10)", async () => {
  await using world = await upnpLab();
  const maps = [
    [new InboundMap(6000, 600).description("game server"), "game server", undefined],
    [new InboundMap(7000, 600).description("a<b>&ü"), "ab", undefined],
    [new InboundMap(8000, 600).description("web").portSet(4), "web", ["portSet"]],
  ] as const;
  for (const [map, description, ignored] of maps) {
    const assigned = await world.settled(world.handle.request(map).ready());
    assertEquals([assigned.description, assigned.ignoredOptions], [description, ignored]);
    const kept = [...world.igd.mappings.values()].at(-1)?.description;
    assertEquals(kept, description);
  }
});

Deno.test("a refusal has the gateway's own number beside the code of PCP (Q-24)", async () => {
  await using world = await upnpLab({ quirks: { refusesPorts: { below: 65_536, with: 606 } } });
  const mapping = world.handle.request(new InboundMap(6000, 600));
  const error = await assertRejects(() => world.settled(mapping.ready()), ResultCodeError);
  assertEquals([error.code, error.resultName, error.upnpCode], [2, "NOT_AUTHORIZED", 606]);
  assertStringIncludes(error.message, "(2, in UPnP 606)");
  const { state } = mapping;
  assertEquals(state.type === "error" && state.upnpCode, 606);
  const diagnosis = await world.settled(world.handle.diagnose());
  assertEquals(diagnosis.findings.map(({ code }) => code), ["upnp", "upnpRefused"]);
  assertEquals([diagnosis.ok, diagnosis.refusal], [false, { code: 2, name: "NOT_AUTHORIZED" }]);
});

Deno.test("diagnose() says that the router speaks UPnP, and makes no mapping (U-14.5, U-12.3)", async () => {
  await using world = await lab({
    server: { protocols: ["upnp"], closedPort: "refused", externalAddress: "20.30.40.1" },
  });
  const { protocol, ok, externalAddress, findings } = await world.settled(world.handle.diagnose());
  assertEquals([protocol, ok, externalAddress], ["UPnP", true, "20.30.40.1"]);
  assertEquals(findings.map(({ code }) => code), ["upnp", "public"]);
  assertEquals(await world.settled(world.handle.externalAddress()), "20.30.40.1");
  assertEquals(actions(world).filter((action) => action.startsWith("Add")), []);
});

Deno.test("the first question of a client may be that for the external address (U-12.3)", async () => {
  for (const closedPort of ["refused", "silent"] as const) {
    await using world = await lab({ server: { protocols: ["upnp"], closedPort } });
    assertEquals(await world.settled(world.handle.externalAddress(), 10_000), "203.0.113.5");
    assertEquals([world.handle.protocol, world.igd.mappings.size], ["upnp", 0]);
  }
});

Deno.test("diagnose() names what keeps UPnP from being used (U-14.5)", async () => {
  const neighbour = "192.168.1.66";
  const elsewhere = await upnpLab({ quirks: { neighbour } });
  elsewhere.igd.quirks = { neighbour, locations: [] };
  const unreadable = await upnpLab({ quirks: { hostile: "nesting" } });
  const nothing = await upnpLab();
  nothing.igd.silent = true;
  for (
    const [world, codes] of [
      [elsewhere, ["noServer", "upnpElsewhere"]],
      [unreadable, ["noServer", "upnpUnreadable"]],
      [nothing, ["noServer"]],
    ] as const
  ) {
    const { protocol, findings } = await world.settled(world.handle.diagnose());
    assertEquals([protocol, findings.map(({ code }) => code)], [null, codes]);
    assertStringIncludes(findings[0]?.text ?? "", "switch on UPnP, NAT-PMP or PCP");
    await world[Symbol.asyncDispose]();
  }
});

Deno.test("a mapping of an earlier run is asked for over UPnP at once, with its port (U-14.2)", async () => {
  const store = new MemoryStore();
  const first = await upnpLab({}, { store });
  await first.settled(first.handle.request(new InboundMap(6000, 3_600).externalPort(7000)).ready());
  const left = structuredClone(store.saved);
  assertEquals([left[0]?.grantedBy, left[0]?.externalPort], ["upnp", 7000]);
  await using world = await upnpLab({}, { store: new MemoryStore(left) });
  world.igd.insert(0, {
    externalPort: 7000,
    internalPort: 6000,
    internalClient: "192.168.1.10",
    description: "portcontrol",
    lease: 3_600,
  });
  const { externalPort } = await world.settled(
    world.handle.request(new InboundMap(6000, 3_600)).ready(),
  );
  assertEquals([externalPort, [...world.igd.mappings.keys()]], [7000, ["TCP 7000"]]);
  const [search] = world.sent().filter(({ bytes }) => isSearch(bytes));
  assert((search?.at ?? Infinity) < 50, `the search began at ${search?.at} ms`);
  await first[Symbol.asyncDispose]();
});

Deno.test("what a crash left is deleted when it is not asked for again, unless it was kept (U-14.3)", async () => {
  for (const keep of [false, true]) {
    const store = new MemoryStore();
    const first = await upnpLab({}, { store });
    await first.settled(first.handle.request(new InboundMap(6000, 3_600)).ready());
    if (keep) await first.settled(first.handle.shutdown({ keep }));
    const left = structuredClone(store.saved);
    await using world = await upnpLab({}, { store: new MemoryStore(left) });
    world.igd.insert(0, {
      externalPort: 6000,
      internalClient: "192.168.1.10",
      description: "portcontrol",
      lease: 3_600,
    });
    await world.advance(60_000);
    assertEquals([world.igd.mappings.size, world.handle.leftovers.length], keep ? [1, 1] : [0, 0]);
    assertEquals(await world.settled(world.handle.deleteLeftovers()), keep ? 1 : 0);
    assertEquals(world.igd.mappings.size, 0);
    if (!keep) await first[Symbol.asyncDispose]();
  }
});

Deno.test("renew() asks for another lease at once; Once and Repeat end with the last one (U-10.5, U-11.5)", async () => {
  await using world = await upnpLab();
  const mapping = world.handle.request(new InboundMap(6000, 600), RequestType.Repeat(2));
  await world.settled(mapping.ready());
  mapping.renew(900);
  assertEquals(mapping.state.type, "updating");
  await world.advance(100);
  assertEquals([mapping.state.type, mapping.assigned?.lifetime], ["running", 900]);
  await world.advance(2_000_000);
  assertEquals([mapping.state.type, world.igd.mappings.size], ["expired", 0]);
});
