import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  Client,
  type ClientOptions,
  InboundMap,
  type Store,
  type StoredMapping,
  StoreError,
} from "../../mod.ts";
import { MappingRecords } from "../../src/client/persistence/mapping_records.ts";
import type { MappingSpec } from "../../src/engine/mapping_spec.ts";
import { lab } from "../../src/testing/mod.ts";
import { seededWords } from "../../src/testing/random.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { MemoryStore, SlowStore } from "./memory_store.ts";
import { lastNonce, mapRequests, opened, unreadErrors } from "../helpers/client.ts";

const ENDPOINTS = { server: "192.168.1.1", port: 5351, client: "192.168.1.10" };
const SPEC: MappingSpec = {
  opcode: "map",
  protocol: 6,
  internalPort: 6000,
  lifetime: 3_600,
  externalPort: 0,
  externalAddress: IpAddress.ANY_IPV4,
  options: [],
};

function recordsOf(store: Store): MappingRecords {
  return new MappingRecords(ENDPOINTS, {
    store,
    now: () => 0,
    reusable: () => undefined,
    randomWord: seededWords(7),
    onError: (error) => assert(false, String(error)),
  });
}

Deno.test("MappingRecords uses the nonce of a mapping that is being deleted again, until both are removed", () => {
  const records = recordsOf(new MemoryStore());
  const first = records.record(SPEC);
  const second = records.record(SPEC); // requested again before the deletion is confirmed
  assertEquals(second.known.nonce, first.known.nonce);
  assert(second.known.until > 0, "the server may hold it");
  records.remove(second.record);
  const third = records.record(SPEC);
  assertEquals(third.known.nonce, first.known.nonce);
  records.remove(first.record);
  records.remove(third.record);
  assertEquals(records.record(SPEC).known.until, -Infinity);
});

Deno.test("A mapping requested again has the nonce of the ended one for the engine's reuse time (C-15-3)", async () => {
  const stores = [{}, { store: new MemoryStore() }];
  for (const store of stores) {
    for (const reuseTime of [120_000, 10_000]) {
      await using world = await lab({ client: { ...store, protocol: { reuseTime } } });
      for (const [pause, isSame] of [[reuseTime - 1_000, true], [reuseTime, false]] as const) {
        const udp = () => new InboundMap(6000, 7200).protocol(17);
        await world.settled((await opened(world, udp())).revoke());
        const before = lastNonce(world);
        await world.advance(pause);
        const mapping = await opened(world, udp());
        assertEquals(lastNonce(world).equals(before), isSame, `${reuseTime} ms, after ${pause} ms`);
        await world.settled(mapping.revoke());
      }
    }
  }
});

Deno.test("MappingRecords writes several records at once, and one that comes during a write after it", async () => {
  const store = new SlowStore();
  const records = recordsOf(store);
  const written: number[] = [];
  for (const internalPort of [1, 2, 3]) {
    void records.record({ ...SPEC, internalPort }).written?.then(() => written.push(internalPort));
  }
  await new Promise((resolve) => setImmediate(resolve));
  void records.record({ ...SPEC, internalPort: 4 }).written?.then(() => written.push(4));
  await store.write();
  assertEquals([store.saved.length, written], [3, []]);
  await store.write();
  assertEquals([store.saved.length, written, store.saves], [4, [1, 2, 3, 4], 2]);
  const late = records.record({ ...SPEC, internalPort: 5 }).written;
  await new Promise((resolve) => setImmediate(resolve));
  await store.write();
  await late;
  assertEquals(store.saved.length, 5);
});

Deno.test("MappingRecords drops a mapping one lifetime after its recorded end: an unrecorded renewal adds no more", async () => {
  const store = new SlowStore();
  const records = recordsOf(store);
  void records.record(SPEC);
  await new Promise((resolve) => setImmediate(resolve));
  await store.write();
  const [stored] = store.saved;
  assert(stored !== undefined);
  for (const [hoursAgo, left] of [[0.9, 1], [1.1, 0]] as const) {
    const expiresAt = new Date(Date.now() - hoursAgo * 3_600_000).toISOString();
    const later = recordsOf(new SlowStore([{ ...stored, expiresAt }]));
    await later.load();
    assertEquals(later.leftovers.length, left);
  }
});

Deno.test("MappingRecords keeps the mappings of other servers until they expire", async () => {
  const other = await savedBy({ ...ENDPOINTS, server: "10.0.0.1" });
  const store = new SlowStore(other);
  const records = recordsOf(store);
  await records.load();
  assertEquals(records.leftovers, []);
  void records.record(SPEC);
  await new Promise((resolve) => setImmediate(resolve));
  await store.write();
  assertEquals(store.saved.map(({ server }) => server), ["10.0.0.1", ENDPOINTS.server]);
});

Deno.test("A mapping requested again during its deletion is recorded with the nonce that the server has", async () => {
  const store = new MemoryStore();
  await using world = await lab({ client: { store } });
  const mapping = await opened(world);
  world.server.silent = true;
  const revoked = mapping.revoke();
  await world.advance(10);
  const again = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(10);
  assertEquals(store.saved.map(({ nonce }) => nonce), [`${world.server.mapping(6, 6000)?.nonce}`]);
  world.server.silent = false;
  await world.settled(revoked);
  const { externalPort } = await world.settled(again.ready());
  assertEquals([externalPort, store.saved.length], [40_000, 1]);
  assertEquals(new Set(mapRequests(world).map(({ nonce }) => `${nonce}`)).size, 1);
});

Deno.test("With a store, a mapping requested again during its deletion waits for its end, and other requests do not", async () => {
  const store = new MemoryStore();
  await using world = await lab({ client: { store } });
  const mapping = await opened(world);
  world.server.silent = true;
  const revoked = mapping.revoke();
  const waiting = world.handle.request(new InboundMap(6000, 7200).externalPort(6100));
  const dropped = world.handle.request(new InboundMap(6000, 7200).externalPort(6100));
  await world.settled(dropped.revoke()); // the other handle stays
  world.handle.request(new InboundMap(6001, 7200));
  await world.advance(100);
  assertEquals(store.saved.map(({ internalPort, externalPort }) => [internalPort, externalPort]), [
    [6000, 40_000], // a crash now must find what the server may still hold
    [6001, 0],
  ]);
  assertEquals(waiting.state.type, "requested");
  world.server.silent = false;
  await world.settled(revoked);
  assertEquals((await world.settled(waiting.ready())).externalPort, 6100);
  await world.advance(60_000);
  assertEquals(store.saved.map(({ externalPort }) => externalPort).sort(), [40_001, 6100]);
  assertEquals([world.server.mappings.size, world.server.counters.refused], [2, {}]);
});

Deno.test("With a store, a mapping requested again during its deletion is stored before its request is sent", async () => {
  const store = new MemoryStore();
  await using world = await lab({ client: { store }, server: { assignPort: "same" } });
  const { clock } = world;
  store.save = async (mappings) => { // takes 20 ms
    const copy = structuredClone(mappings);
    const { promise, resolve } = Promise.withResolvers<void>();
    clock.alarm(clock.now() + 20, resolve);
    await promise;
    store.saved = copy;
  };
  const unrecorded: number[] = [];
  const tap = world.network.onDatagram;
  world.network.onDatagram = (datagram) => {
    tap?.(datagram);
    const last = mapRequests(world).at(-1);
    if (last === undefined || last.lifetime === 0) return;
    const { internalPort, externalPort } = last; // another suggestion makes another mapping at common servers
    const isRecorded = store.saved.some((stored) =>
      stored.internalPort === internalPort && stored.externalPort === externalPort
    );
    if (!isRecorded) unrecorded.push(externalPort);
  };
  let mapping = await opened(world, new InboundMap(6000, 7200).externalPort(6100));
  for (const [port, pause] of [[6200, 0], [6300, 100], [6400, 10]] as const) {
    world.server.silent = pause > 0;
    const revoked = mapping.revoke();
    mapping = world.handle.request(new InboundMap(6000, 7200).externalPort(port));
    await world.advance(pause);
    world.server.silent = false;
    await world.settled(revoked);
    await world.settled(mapping.ready());
  }
  assertEquals([unrecorded, world.server.mappings.size, world.server.counters.refused], [
    [],
    1,
    {},
  ]);
});

Deno.test("With a store, a mapping requested again during its deletion and revoked is over at once", async () => {
  const store = new MemoryStore();
  await using world = await lab({ client: { store } });
  const mapping = await opened(world);
  world.server.silent = true;
  const revoked = mapping.revoke();
  const again = world.handle.request(new InboundMap(6000, 7200));
  await again.revoke();
  assertEquals([again.state, mapping.isOver], [{ type: "revoked" }, false]);
  const third = world.handle.request(new InboundMap(6000, 7200));
  world.server.silent = false;
  await world.settled(revoked);
  await world.settled(third.ready());
  assertEquals([world.server.mappings.size, store.saved.length], [1, 1]);
});

Deno.test("A mapping left by a crash is requested with its own external port, not with another suggestion", async () => {
  const store = new MemoryStore();
  await using world = await lab({ client: { store } });
  const mapping = await opened(world, new InboundMap(6000, 7200).externalPort(6100));
  assertEquals(mapping.assigned?.externalPort, 6100);
  const { clock, network } = world;
  const later = new MemoryStore(store.saved);
  const handle = await Client.start(ENDPOINTS.client, ENDPOINTS.server, {
    clock,
    network,
    store: later,
  });
  const again = handle.request(new InboundMap(6000, 7200).externalPort(6200));
  assertEquals((await world.settled(again.ready())).externalPort, 6100);
  assertEquals(mapRequests(world).map(({ externalPort }) => externalPort), [6100, 6100]);
  await world.settled(handle.shutdown());
});

Deno.test("Any error of a user's store is reported as a StoreError", async () => {
  const store = new SlowStore();
  store.save = () => Promise.reject(new Error("no such table"));
  await using world = await lab({ client: { store } });
  await opened(world);
  const [error] = unreadErrors(world.handle);
  assertInstanceOf(error, StoreError);
  assertEquals([error.reason, error.message], [
    "unwritable",
    "Cannot keep mappings: no such table",
  ]);
});

Deno.test("Client.startAll() refuses a store: two clients would overwrite each other's records", async () => {
  const options: ClientOptions = { store: new SlowStore() };
  await assertRejects(
    () => Client.startAll(options),
    TypeError,
    "Cannot start several clients with one store",
  );
});

/** What a client between these endpoints saves of one mapping. */
async function savedBy(endpoints: typeof ENDPOINTS): Promise<readonly StoredMapping[]> {
  const store = new SlowStore();
  const records = new MappingRecords(endpoints, {
    store,
    now: () => 0,
    reusable: () => undefined,
    randomWord: seededWords(1),
    onError: () => {},
  });
  void records.record(SPEC);
  await new Promise((resolve) => setImmediate(resolve));
  await store.write();
  return store.saved;
}
