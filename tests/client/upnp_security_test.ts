/** The security rules of UPnP, through a whole client at a simulated gateway in virtual time. */

import { assert, assertEquals } from "@std/assert";
import { InboundMap, MappingLostError, RequestType } from "../../mod.ts";
import { type IgdOptions, type Lab, lab, type LabOptions } from "../../src/testing/mod.ts";
import { listFiles, readFile } from "../tools/repository.ts";
import { isSearch, unreadErrors } from "../helpers/client.ts";
import { MemoryStore } from "./memory_store.ts";

const GATEWAY = "192.168.1.1";
const OTHER = "192.168.1.66";

function upnpLab(igd: IgdOptions = {}, client: LabOptions["client"] = {}): Promise<Lab> {
  return lab({ server: { protocols: ["upnp"], closedPort: "refused", igd }, client });
}

async function opened(world: Lab, map = new InboundMap(6000, 3_600)) {
  const mapping = world.handle.request(map);
  await world.settled(mapping.ready(), 60_000);
  return mapping;
}

/** Where datagrams and connections of the client went, without the groups. */
function targets(world: Lab, sent: ReadonlySet<string>): string[] {
  const hosts = [...sent, ...world.exchanges.map(({ to }) => to.hostname)];
  return [...new Set(hosts)].filter((host) => !host.startsWith("239.")).sort();
}

function tapTargets(world: Lab): Set<string> {
  const sent = new Set<string>();
  const before = world.network.onDatagram;
  world.network.onDatagram = (datagram) => {
    before?.(datagram);
    if (datagram.from.hostname === "192.168.1.10") sent.add(datagram.to.hostname);
  };
  return sent;
}

for (
  const [name, igd, isOpened] of [
    [
      "a LOCATION on another host",
      { quirks: { locations: [`http://${OTHER}:5000/rootDesc.xml`] } },
      true,
    ],
    ["a control URL on another host", { quirks: { controlUrls: "elsewhere" } }, false],
    ["a redirection to another host", { quirks: { redirect: `http://${OTHER}/` } }, false],
  ] as const satisfies readonly (readonly [string, IgdOptions, boolean])[]
) {
  Deno.test(`${name} makes the client ask the gateway only (U-3.2, U-3.5, Q-05, Q-29, S-1)`, async () => {
    await using world = await upnpLab(igd);
    const sent = tapTargets(world);
    const mapping = world.handle.request(new InboundMap(6000, 3_600));
    await world.advance(30_000);
    assertEquals(mapping.state.type === "running", isOpened, mapping.state.type);
    assertEquals(targets(world, sent), [GATEWAY]);
    assertEquals(world.igd.counters.neighbourConnections, 0);
  });
}

Deno.test("another host that answers faster is not used (U-3.1, Q-06, S-2)", async () => {
  await using world = await upnpLab({ quirks: { neighbour: OTHER } });
  const mapping = await opened(world);
  assertEquals(mapping.state.type, "running");
  assertEquals(world.igd.counters.neighbourConnections, 0);
  assert((world.handle.stats().ignored.source ?? 0) > 0);
  assertEquals(targets(world, new Set()), [GATEWAY]);
});

for (const hostile of ["description", "endless", "headers", "nesting"] as const) {
  Deno.test(`a gateway with a hostile ${hostile} fails, in bounded time and memory (U-15.3, U-15.4, U-15.6, Q-28, S-3)`, async () => {
    await using world = await upnpLab({ quirks: { hostile } });
    const mapping = world.handle.request(new InboundMap(6000, 3_600));
    await world.advance(60_000);
    assert(mapping.state.type !== "running", mapping.state.type);
    const read = world.exchanges.map(({ response }) => response.length);
    assert(Math.max(0, ...read) <= 300_000, `${Math.max(...read)} octets`);
    assert(world.exchanges.length <= 40, `${world.exchanges.length} exchanges`);
    world.igd.quirks = {};
    await world.advance(1_900_000);
    assertEquals(mapping.state.type, "running");
  });
}

Deno.test("the port of another host is left alone at a gateway that overwrites (U-8.4, U-11.3, Q-20, S-5)", async () => {
  const world = await upnpLab({ version: 1, quirks: { overwrites: true } });
  world.igd.insert(world.clock.now(), { externalPort: 6000, internalClient: OTHER });
  const mapping = await opened(world);
  assert((mapping.assigned?.externalPort ?? 0) >= 10_000, JSON.stringify(mapping.assigned));
  await world[Symbol.asyncDispose]();
  assertEquals(
    [...world.igd.mappings.values()].map(({ internalClient }) => String(internalClient)),
    [
      OTHER,
    ],
  );
});

Deno.test("no request has port 0, or asks for what is not enabled (U-8.2, S-6)", async () => {
  for (const version of [1, 2] as const) {
    const world = await upnpLab({ version });
    await opened(world);
    await opened(world, new InboundMap(80, 600));
    await world.advance(4_000_000);
    await world[Symbol.asyncDispose]();
    const requests = world.exchanges.map(({ request }) => new TextDecoder().decode(request));
    const adds = requests.filter((text) => /#Add(Any)?PortMapping"/.test(text));
    assert(adds.length >= 2);
    assert(adds.every((text) => text.includes("<NewEnabled>1</NewEnabled>")));
    assert(requests.every((text) => !/Port>0<\//.test(text)));
    assert(requests.every((text) => !text.includes("DeletePortMappingRange")));
    assertEquals(world.igd.counters.violations, {});
  }
});

Deno.test("a description cannot change a request (U-8.10, S-7)", async () => {
  await using world = await upnpLab({ version: 1 });
  const text = 'a</NewPortMappingDescription><NewExternalPort>1\r\nX: y" &ü';
  const mapping = await opened(world, new InboundMap(6000, 600).description(text));
  assertEquals(mapping.assigned?.externalPort, 6000);
  const [{ description } = { description: "" }] = [...world.igd.mappings.values()];
  assert(/^[\w .-]{1,60}$/.test(description), description);
  assertEquals(world.igd.counters.violations, {});
});

Deno.test("a permanent mapping ends with its time, with revoke(), and after a crash (U-11.5, U-14.3, Q-13, S-9)", async () => {
  const quirks = { refusesFiniteLeases: 725 };
  await using world = await upnpLab({ version: 1, quirks });
  const once = world.handle.request(new InboundMap(6000, 600), RequestType.Once);
  const assigned = await world.settled(once.ready());
  assertEquals([assigned.permanent, assigned.lifetime], [true, 600]);
  assertEquals(unreadErrors(world.handle).map(({ name }) => name), ["PermanentMappingError"]);
  await world.advance(610_000);
  assertEquals([once.state.type, world.igd.mappings.size], ["expired", 0]);
  const kept = await opened(world);
  await world.settled(kept.revoke());
  assertEquals(world.igd.mappings.size, 0);

  const store = new MemoryStore();
  const crashed = await upnpLab({ version: 1, quirks }, { store });
  await opened(crashed);
  assertEquals(unreadErrors(crashed.handle), []);
  const left = structuredClone(store.saved);
  assertEquals(left[0]?.upnp?.permanent, true);
  await using next = await upnpLab({ version: 1, quirks }, { store: new MemoryStore(left) });
  next.igd.insert(0, {
    externalPort: 6000,
    internalClient: "192.168.1.10",
    description: "portcontrol",
  });
  assertEquals(next.handle.leftovers.length, 1);
  await next.advance(30_000);
  assertEquals([next.igd.mappings.size, next.handle.leftovers], [0, []]);
  await crashed[Symbol.asyncDispose]();
});

Deno.test("a mapping that others delete is restored three times in ten minutes, then reported (U-9.2, Q-35, S-10)", async () => {
  await using world = await upnpLab({ quirks: { deletedEvery: 60_000 } }, {
    protocol: { upnpLookInterval: 10_000 },
  });
  const mapping = await opened(world);
  await world.advance(600_000);
  const lost = unreadErrors(world.handle).filter((error) => error instanceof MappingLostError);
  assert(lost.length >= 3 && lost.length <= 5, `${lost.length} losses`);
  const { state } = mapping;
  assert(state.type === "error", state.type);
  assertEquals(state.name, "NO_RESOURCES");
});

Deno.test("nothing but simulated gateways listens for connections (U-3.6, S-11)", async () => {
  const files = await listFiles(/^(mod\.ts|src\/(?!testing\/|transport\/memory).*\.ts)$/);
  const found: string[] = [];
  for (const file of files) {
    if (/createServer|Deno\.listen\(|\.listen\(/.test(await readFile(file))) found.push(file);
  }
  assertEquals(found, []);
});

Deno.test("nothing of UPnP leaves while PCP or NAT-PMP answers, or if it is not allowed (U-1.1, U-1.6, S-12)", async () => {
  const cases: readonly LabOptions[] = [
    { server: { protocols: ["pcp", "nat-pmp", "upnp"] } },
    { server: { protocols: ["nat-pmp", "upnp"] } },
    { server: { protocols: ["upnp"] }, client: { protocols: ["pcp", "nat-pmp"] } },
    { server: { protocols: ["upnp"], closedPort: "refused" }, client: { protocols: ["pcp"] } },
  ];
  for (const options of cases) {
    await using world = await lab(options);
    world.handle.request(new InboundMap(6000, 120));
    await world.advance(600_000);
    assertEquals(world.sent().filter(({ bytes }) => isSearch(bytes)), [], JSON.stringify(options));
    assertEquals(world.exchanges, []);
  }
});
