import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { NetworkChangedError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { MapHandle } from "../../src/client/map_handle.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import { RequestType } from "../../src/client/request_type.ts";
import type { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import { MemoryStore } from "./memory_store.ts";
import { anotherServer, LOOK, movingLab } from "./fake_machine.ts";
import {
  CLIENT,
  fate,
  mapRequests,
  opened,
  remains,
  SERVER,
  unread,
  unreadErrors,
} from "../helpers/client.ts";

const MOVED = "192.168.1.77";
const CAFE = { client: "10.0.0.7", server: "10.0.0.1" };
const HOME = { client: CLIENT, server: SERVER };

Deno.test("After a change of address the mapping is requested from the new one with its port, with one alert and one error (C-11.5-3, C-16.4-2)", async () => {
  const { world, machine } = await movingLab({ server: { assignPort: "same" } });
  await using _ = world;
  const mapping = await opened(world, new InboundMap(6000, 7200));
  await world.advance(LOOK);
  machine.network = { client: MOVED, server: SERVER };
  await world.advance(LOOK);
  const last = world.server.log.at(-1);
  assert(last?.request?.type === "map");
  assertEquals([`${last.from.address}`, `${last.request.clientAddress}`], [MOVED, MOVED]);
  assertEquals(last.request.externalPort, 6000);
  assertEquals(world.handle.client, MOVED);
  assertEquals(briefly(mapping), ["requested", "starting", "running", "assigned 6001"]); // the server still has the old one
  const [error, ...others] = unreadErrors(world.handle);
  assert(error instanceof NetworkChangedError);
  assertEquals([error.client, error.server, others], [MOVED, SERVER, []]);
  await world.advance(3 * 3_600_000);
  assertEquals(holders(world.server), [`${MOVED} 6001`]);
  assertEquals(world.server.counters.refused, {});
});

Deno.test("A hundred mappings move with one assigned alert each, and one error in all", async () => {
  const { world, machine } = await movingLab();
  await using _ = world;
  const host = await anotherServer(world, CAFE.server, { assignPort: "same" });
  const mappings = Array.from(
    { length: 100 },
    (_, i) => world.handle.request(new InboundMap(6000 + i, 7200)),
  );
  await world.settled(Promise.all(mappings.map((mapping) => mapping.ready())));
  const ports = mappings.map(({ assigned }) => assigned?.externalPort);
  mappings.forEach(unread);
  machine.network = CAFE;
  await world.advance(LOOK + 1_000);
  for (const mapping of mappings) {
    assertEquals(briefly(mapping), [
      "requested",
      "starting",
      "running",
      `assigned ${mapping.assigned?.externalPort}`,
    ]);
  }
  assertEquals(mappings.map(({ assigned }) => assigned?.externalPort), ports);
  assertEquals(host.server.counters.received, { map: 100 });
  assertEquals(unreadErrors(world.handle).map(({ name }) => name), ["NetworkChangedError"]);
  host.close();
});

Deno.test("Another server gets requests with new nonces, without the holds of the old server (C-8.3-NEW)", async () => {
  const { world, machine } = await movingLab();
  await using _ = world;
  const host = await anotherServer(world, CAFE.server);
  const running = await opened(world);
  const [before] = mapRequests(world);
  world.server.fail(8, { lifetime: 1_800, times: Infinity }); // NO_RESOURCES holds every new mapping back
  const held = world.handle.request(new InboundMap(6001, 7200));
  await world.advance(100);
  assertEquals(held.state.type, "error");
  machine.network = CAFE;
  await world.advance(LOOK);
  assertEquals([running.state.type, held.state.type], ["running", "running"]);
  const asked = host.server.log.map(({ request }) => request?.type === "map" ? request : undefined);
  assertEquals(asked.map((request) => request?.internalPort), [6000, 6001]);
  assertEquals(asked.map((request) => request?.nonce.equals(before?.nonce ?? request.nonce)), [
    false,
    false,
  ]);
  assertEquals(world.handle.server, CAFE.server);
  host.close();
});

Deno.test("A client that returns while its old mapping exists gets it again, with its nonce and port", async () => {
  for (const options of [{}, { client: { store: new MemoryStore() } }]) {
    const { world, machine } = await movingLab(options);
    const host = await anotherServer(world, CAFE.server, { assignPort: 50_000 });
    const mapping = await opened(world);
    const nonce = world.server.mapping(6, 6000)?.nonce;
    machine.network = CAFE;
    await world.advance(LOOK * 2);
    machine.network = HOME;
    await world.advance(LOOK * 2);
    assertEquals(mapping.assigned?.externalPort, 40_000);
    assertEquals(world.server.mapping(6, 6000)?.nonce, nonce);
    assertEquals([world.server.counters.refused, world.server.mappings.size], [{}, 1]);
    await world.settled(world.handle.shutdown());
    host.close();
    assertEquals(await remains(world), { mappings: 0, alarms: 0, sockets: 0 });
  }
});

Deno.test("A request without a response before a move has the same nonce after the return: the server may hold its mapping", async () => {
  const { world, machine } = await movingLab();
  await using _ = world;
  const host = await anotherServer(world, CAFE.server);
  world.server.silent = true;
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(LOOK);
  machine.network = CAFE;
  await world.advance(LOOK * 2);
  machine.network = HOME;
  world.server.silent = false;
  await world.advance(LOOK * 2);
  assertEquals(mapping.state.type, "running");
  assertEquals(new Set(mapRequests(world).map(({ nonce }) => `${nonce}`)).size, 1);
  host.close();
});

Deno.test("After a minute without a network mappings are requested at once, with the same nonces", async () => {
  const { world, machine } = await movingLab();
  await using _ = world;
  const mapping = await opened(world, new InboundMap(6000, 120));
  await world.advance(LOOK);
  machine.network = undefined;
  world.network.failSends = () => new Error("Network is unreachable");
  await world.advance(180_000);
  assertEquals([mapping.assigned, world.server.mappings.size], [undefined, 0]);
  machine.network = HOME;
  world.network.failSends = undefined;
  await world.advance(LOOK);
  assertEquals([mapping.state.type, world.server.mappings.size], ["running", 1]);
  assertEquals(new Set(mapRequests(world).map(({ nonce }) => `${nonce}`)).size, 1);
  assertEquals(
    unreadErrors(world.handle).filter((error) => error instanceof NetworkChangedError),
    [],
  );
});

Deno.test("An address that cannot be used yet is tried again at every check", async () => {
  const { world, machine } = await movingLab();
  await using _ = world;
  const mapping = await opened(world);
  machine.network = { client: MOVED, server: SERVER };
  world.network.failOpen = ({ hostname }) =>
    hostname === MOVED ? new Error("Cannot assign requested address") : undefined;
  await world.advance(LOOK * 3);
  assertEquals(unreadErrors(world.handle).map(({ name }) => name), [
    "SocketError",
    "SocketError",
    "SocketError",
  ]);
  assertEquals(world.handle.client, CLIENT);
  world.network.failOpen = undefined;
  await world.advance(LOOK);
  assertEquals([world.handle.client, mapping.state.type], [MOVED, "running"]);
  assertEquals(world.network.openSockets, 3); // the server's, and two of the client
});

Deno.test("After a sleep every mapping is requested again at once, and nothing else changes (F-16)", async () => {
  const { world, machine } = await movingLab();
  await using _ = world;
  const mappings = [await opened(world), await opened(world, new InboundMap(6001, 7200))];
  await world.advance(60_000);
  world.host.server.restart(world.clock.now(), { announce: false }); // while the machine slept
  machine.ahead += 8 * 3_600_000;
  const woken = world.clock.now();
  await world.advance(LOOK + 10);
  assertEquals(mapRequests(world, woken).map(({ internalPort }) => internalPort).sort(), [
    6000,
    6001,
  ]);
  assertEquals(world.server.mappings.size, 2);
  for (const mapping of mappings) {
    assertEquals(mapping.assigned?.externalPort, mapping.internalPort + 34_000);
  }
  assertEquals(unreadErrors(world.handle).map(({ name }) => name), ["ServerRestartedError"]);
});

Deno.test("A wall clock set by a day causes one refresh at most (C-8.5-6)", async () => {
  const { world, machine } = await movingLab();
  await using _ = world;
  const mapping = await opened(world);
  await world.advance(60_000);
  for (const [step, refreshes] of [[-86_400_000, 0], [86_400_000, 1]] as const) {
    const at = world.clock.now();
    machine.ahead += step;
    await world.advance(600_000);
    assertEquals(mapRequests(world, at).length, refreshes);
  }
  assertEquals([mapping.state.type, mapping.assigned?.externalPort], ["running", 40_000]);
  assertEquals(unreadErrors(world.handle), []);
});

Deno.test("A shutdown during a move ends both connections, and leaves nothing pending", async () => {
  const { world, machine } = await movingLab();
  const mapping = await opened(world);
  const { promise, resolve } = Promise.withResolvers<void>();
  const open = world.network.open.bind(world.network);
  world.network.open = async (options, sink) => {
    if (options.hostname === MOVED) await promise;
    return await open(options, sink);
  };
  machine.network = { client: MOVED, server: SERVER };
  await world.advance(LOOK);
  const ended = fate(world.handle.shutdown());
  await world.advance(100);
  resolve();
  await world.advance(100);
  assertEquals(ended.value, { released: 1, unconfirmed: 0, kept: 0 });
  assertEquals(mapping.state, { type: "dropped" });
  assertEquals(await remains(world), { mappings: 0, alarms: 0, sockets: 0 });
});

Deno.test("A shutdown right after a move deletes the new mapping; the old one expires", async () => {
  const { world, machine } = await movingLab();
  await opened(world, new InboundMap(6000, 600));
  machine.network = { client: MOVED, server: SERVER };
  await world.advance(LOOK); // its request is on its way
  const summary = await world.settled(world.handle.shutdown());
  assertEquals(summary, { released: 1, unconfirmed: 0, kept: 0 });
  assertEquals(holders(world.server), [`${CLIENT} 40000`]);
  await world.advance(600_000);
  assertEquals(await remains(world), { mappings: 0, alarms: 0, sockets: 0 });
});

Deno.test("A mapping that is being deleted during a move ends as revoked: its server is out of reach", async () => {
  const { world, machine } = await movingLab();
  await using _ = world;
  const host = await anotherServer(world, CAFE.server);
  const mapping = await opened(world);
  world.server.silent = true;
  const revoked = fate(mapping.revoke());
  await world.advance(10);
  assertEquals(revoked.settled, false);
  machine.network = CAFE;
  await world.advance(LOOK);
  assertEquals([revoked.settled, revoked.error, mapping.state], [true, undefined, {
    type: "revoked",
  }]);
  assertEquals([host.server.log, world.handle.mappings], [[], []]);
  const again = await opened(world); // another mapping
  assertEquals([again.state.type, host.server.mappings.size], ["running", 1]);
  host.close();
});

Deno.test("A mapping revoked just after a move is deleted at the new server", async () => {
  const { world, machine } = await movingLab();
  await using _ = world;
  const host = await anotherServer(world, CAFE.server);
  const mapping = await opened(world);
  machine.network = CAFE;
  await world.advance(LOOK);
  await world.settled(mapping.revoke());
  assertEquals([host.server.mappings.size, host.server.counters.received], [0, {
    map: 1,
    mapDelete: 1,
  }]);
  host.close();
});

Deno.test("A renewed lifetime, a suggested port and an outbound mapping stay the same after a move", async () => {
  const { world, machine } = await movingLab();
  await using _ = world;
  const host = await anotherServer(world, CAFE.server, { assignPort: "same" });
  const renewed = await opened(world, new InboundMap(6000, 600));
  renewed.renew(1_200);
  await opened(world, new InboundMap(6001, 600).externalPort(7001));
  await opened(world, new OutboundMap(6002, "198.51.100.7", 7000, 600));
  machine.network = CAFE;
  await world.advance(LOOK);
  const asked = host.server.log.flatMap(({ request }) =>
    request?.type === "map" || request?.type === "peer"
      ? [[request.internalPort, request.lifetime, request.externalPort]]
      : []
  );
  assertEquals(asked, [[6000, 1_200, 40_000], [6001, 600, 7001], [6002, 600, 0]]);
  assertEquals(world.handle.mappings.map(({ state }) => state.type), [
    "running",
    "running",
    "running",
  ]);
  host.close();
});

Deno.test("A move does not request mappings that are over", async () => {
  const { world, machine } = await movingLab();
  await using _ = world;
  const host = await anotherServer(world, CAFE.server);
  const once = await opened(world, new InboundMap(6000, 120), RequestType.Once);
  const revoked = await opened(world, new InboundMap(6001, 120));
  await world.settled(revoked.revoke());
  await world.advance(200_000);
  assertEquals([once.state.type, revoked.state.type], ["expired", "revoked"]);
  machine.network = CAFE;
  await world.advance(LOOK * 20);
  assertEquals(host.server.log, []);
  host.close();
});

Deno.test("ANNOUNCE requests under way during a move are sent to the new server", async () => {
  const { world, machine } = await movingLab();
  await using _ = world;
  const host = await anotherServer(world, CAFE.server, { externalAddress: "198.51.100.9" });
  world.server.silent = true;
  const announced = fate(world.handle.announce());
  const address = fate(world.handle.externalAddress());
  await world.advance(10);
  machine.network = CAFE;
  await world.advance(LOOK * 2);
  assertEquals([announced.settled, announced.error, address.value], [
    true,
    undefined,
    "198.51.100.9",
  ]);
  assertEquals(host.server.mappings.size, 0);
  host.close();
});

Deno.test("With a store, mappings of the other network stay recorded, and are used again or deleted", async () => {
  const store = new MemoryStore();
  const { world, machine } = await movingLab({ client: { store } });
  const host = await anotherServer(world, CAFE.server);
  const kept = await opened(world);
  const unwanted = await opened(world, new InboundMap(6001, 7200));
  machine.network = CAFE;
  await world.advance(LOOK + 100);
  assertEquals(owners(store), [CAFE.server, CAFE.server, SERVER, SERVER]);
  const nonces = store.saved.map(({ nonce }) => nonce);
  assertEquals(new Set(nonces).size, 4);
  await world.settled(unwanted.revoke());
  machine.network = HOME;
  await world.advance(LOOK * 20);
  assertEquals(kept.assigned?.externalPort, 40_000);
  assertEquals(world.handle.leftovers.map(({ internalPort }) => internalPort), [6001]);
  assertEquals(await world.settled(world.handle.deleteLeftovers()), 1);
  assertEquals(holders(world.server), [`${CLIENT} 40000`]);
  await world.settled(world.handle.shutdown());
  assertEquals(owners(store), [CAFE.server]); // alive there until it expires
  host.close();
  assertEquals(await remains(world), { mappings: 0, alarms: 0, sockets: 0 });
});

Deno.test("With a store, a request after a move waits for its record, and not for that of an earlier move", async () => {
  const store = new MemoryStore();
  const { world, machine } = await movingLab({ client: { store } });
  const host = await anotherServer(world, CAFE.server);
  const mapping = await opened(world);
  let write = (): void => {};
  store.save = () => new Promise((resolve) => write = resolve);
  machine.network = CAFE;
  await world.advance(LOOK * 3);
  assertEquals([host.server.log.length, mapping.state.type], [0, "requested"]);
  machine.network = HOME;
  await world.advance(LOOK * 20);
  store.save = (mappings) => Promise.resolve(void (store.saved = structuredClone(mappings)));
  write();
  await world.advance(LOOK);
  assertEquals([host.server.log.length, mapping.state.type], [0, "running"]);
  assertEquals(mapping.assigned?.externalPort, 40_000);
  assertNotEquals(owners(store).indexOf(SERVER), -1);
  await world.settled(world.handle.shutdown());
  host.close();
  assertEquals(await remains(world), { mappings: 0, alarms: 0, sockets: 0 });
});

/** The unread alerts in short, such as `starting`, `assigned 40000`. */
function briefly(mapping: MapHandle): string[] {
  return unread(mapping).map((alert) =>
    alert.type === "assigned" ? `assigned ${alert.externalPort}` : alert.state.type
  );
}

/** The internal address and the external port of each mapping. */
function holders(server: SimulatedServer): string[] {
  return [...server.mappings.values()].map(({ internalAddress, externalPort }) =>
    `${internalAddress} ${externalPort}`
  );
}

function owners(store: MemoryStore): string[] {
  return store.saved.map(({ server }) => server).sort();
}
