import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  Client,
  type ClientOptions,
  FileStore,
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
import { mapRequests, opened, unreadErrors } from "./parts.ts";

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

/** A store that holds these, and writes when the test lets it. */
function slowStore(saved: readonly StoredMapping[] = []) {
  const waiting: (() => void)[] = [];
  const store = {
    saved,
    saves: 0,
    load: () => Promise.resolve(store.saved),
    save: (mappings: readonly StoredMapping[]) => {
      store.saves++;
      const kept = structuredClone(mappings);
      return new Promise<void>((resolve) => {
        waiting.push(() => {
          store.saved = kept;
          resolve();
        });
      });
    },
    close: () => Promise.resolve(),
    write: async () => {
      waiting.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  return store;
}

function instantStore(saved: readonly StoredMapping[] = []) {
  const store = slowStore(saved);
  store.save = (mappings) => Promise.resolve(void (store.saved = structuredClone(mappings)));
  return store;
}

function recordsOf(store: Store, now = () => 0): MappingRecords {
  return new MappingRecords(ENDPOINTS, {
    store,
    now,
    reuseTime: 120_000,
    randomWord: seededWords(7),
    onError: (error) => assert(false, String(error)),
  });
}

Deno.test("Ledger takes over what is being deleted, and forgets it when both are gone", () => {
  const records = recordsOf(instantStore());
  const first = records.record(SPEC);
  const second = records.record(SPEC); // asked for again before the deletion is confirmed
  assertEquals(second.known.nonce, first.known.nonce);
  assert(second.known.until > 0, "the server may hold it");
  records.remove(second.record);
  const third = records.record(SPEC);
  assertEquals(third.known.nonce, first.known.nonce);
  records.remove(first.record);
  records.remove(third.record);
  const fourth = records.record(SPEC);
  assertEquals([fourth.known.nonce.equals(first.known.nonce), fourth.known.until], [
    true,
    -Infinity,
  ]);
});

Deno.test("Ledger takes a fresh nonce two minutes after the end (C-15-3)", () => {
  let now = 0;
  const records = recordsOf(instantStore(), () => now);
  const first = records.record(SPEC);
  records.remove(first.record);
  now += 120_000;
  assertEquals(records.record(SPEC).known.nonce.equals(first.known.nonce), false);
});

Deno.test("Ledger: a note that comes while another is written is written too, and one write does for many", async () => {
  const store = slowStore();
  const records = recordsOf(store);
  const told: number[] = [];
  for (const internalPort of [1, 2, 3]) {
    void records.record({ ...SPEC, internalPort }).written?.then(() => told.push(internalPort));
  }
  await new Promise((resolve) => setImmediate(resolve));
  void records.record({ ...SPEC, internalPort: 4 }).written?.then(() => told.push(4));
  await store.write();
  assertEquals([store.saved.length, told], [3, []]);
  await store.write();
  assertEquals([store.saved.length, told, store.saves], [4, [1, 2, 3, 4], 2]);
  const late = records.record({ ...SPEC, internalPort: 5 }).written;
  await new Promise((resolve) => setImmediate(resolve));
  await store.write();
  await late;
  assertEquals(store.saved.length, 5);
});

Deno.test("Ledger forgets what has surely expired: a renewal that was never noted adds a lifetime at most", async () => {
  const store = slowStore();
  const records = recordsOf(store);
  void records.record(SPEC);
  await new Promise((resolve) => setImmediate(resolve));
  await store.write();
  const [note] = store.saved;
  assert(note !== undefined);
  for (const [hoursAgo, left] of [[0.9, 1], [1.1, 0]] as const) {
    const expiresAt = new Date(Date.now() - hoursAgo * 3_600_000).toISOString();
    const later = recordsOf(slowStore([{ ...note, expiresAt }]));
    await later.load();
    assertEquals(later.leftovers.length, left);
  }
});

Deno.test("Ledger keeps what other servers hold until it expires", async () => {
  const other = await savedBy({ ...ENDPOINTS, server: "10.0.0.1" });
  const store = slowStore(other);
  const records = recordsOf(store);
  await records.load();
  assertEquals(records.leftovers, []);
  void records.record(SPEC);
  await new Promise((resolve) => setImmediate(resolve));
  await store.write();
  assertEquals(store.saved.map(({ server }) => server), ["10.0.0.1", ENDPOINTS.server]);
});

Deno.test("A mapping asked for again while its deletion waits is noted with the nonce that the server knows", async () => {
  const store = instantStore();
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

Deno.test("With a store, who asks again during a deletion waits for its end and for the note; meanwhile others come", async () => {
  const store = instantStore();
  await using world = await lab({ client: { store } });
  const mapping = await opened(world);
  world.server.silent = true;
  const revoked = mapping.revoke();
  const waiting = world.handle.request(new InboundMap(6000, 7200).externalPort(6100));
  const dropped = world.handle.request(new InboundMap(6000, 7200).externalPort(6100));
  await world.settled(dropped.revoke()); // the other one still wants it
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

Deno.test("With a store, who asks again during a deletion and lets go is over at once", async () => {
  const store = instantStore();
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

Deno.test("What a crash left is asked for as it is, be the wish another one by now", async () => {
  const store = instantStore();
  await using world = await lab({ client: { store } });
  const mapping = await opened(world, new InboundMap(6000, 7200).externalPort(6100));
  assertEquals(mapping.assigned?.externalPort, 6100);
  const { clock, network } = world;
  const later = instantStore(store.saved);
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

Deno.test("A store of one's own may fail with anything: it is told as a StoreError", async () => {
  const store = slowStore();
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

Deno.test("Client.startAll() refuses a store: two clients would overwrite each other's notes", async () => {
  const options: ClientOptions = { store: slowStore() };
  await assertRejects(
    () => Client.startAll(options),
    TypeError,
    "Cannot start several clients with one store",
  );
});

Deno.test("FileStore takes a file whose fields make no sense for damaged", async () => {
  const [good] = await savedBy(ENDPOINTS);
  const wrong = [
    { externalAddress: "somewhere" },
    { server: "" },
    { kind: "sideways" },
    { kind: "outbound" },
    { internalPort: 70_000 },
    { lifetime: -1 },
    { options: "0" },
    { options: undefined },
    { nonce: "00" },
    { expiresAt: "tomorrow" },
  ];
  const path = await Deno.makeTempDir();
  for (const fields of wrong) {
    const file = `${path}/state.json`;
    await Deno.writeTextFile(
      file,
      JSON.stringify({ version: 1, mappings: [{ ...good, ...fields }] }),
    );
    const error = await assertRejects(() => new FileStore(file).load(), StoreError);
    assertEquals(error.reason, "damaged", JSON.stringify(fields));
  }
  await Deno.remove(path, { recursive: true });
});

/** What a client between these ends saves of one mapping. */
async function savedBy(endpoints: typeof ENDPOINTS): Promise<readonly StoredMapping[]> {
  const store = slowStore();
  const records = new MappingRecords(endpoints, {
    store,
    now: () => 0,
    reuseTime: 120_000,
    randomWord: seededWords(1),
    onError: () => {},
  });
  void records.record(SPEC);
  await new Promise((resolve) => setImmediate(resolve));
  await store.write();
  return store.saved;
}
