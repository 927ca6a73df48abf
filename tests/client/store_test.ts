import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Client, FileStore, type Handle, InboundMap, RequestType, StoreError } from "../../mod.ts";
import type { Store, StoredMapping } from "../../mod.ts";
import { type Lab, lab } from "../../src/testing/mod.ts";
import { seededWords } from "../../src/testing/random.ts";

/** Remembers what was saved, as a disk does. */
class MemoryStore implements Store {
  saved: readonly StoredMapping[] = [];
  saves = 0;
  load(): Promise<readonly StoredMapping[]> {
    return Promise.resolve(this.saved);
  }
  save(mappings: readonly StoredMapping[]): Promise<void> {
    this.saved = structuredClone(mappings);
    this.saves++;
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The next run of the program after a crash, in the same world. */
function nextRun(world: Lab, store: Store, seed = 99): Promise<Handle> {
  return Client.start("192.168.1.10", "192.168.1.1", {
    clock: world.clock,
    network: world.network,
    randomWord: seededWords(seed),
    random: () => 0.5,
    store,
  });
}

Deno.test("a mapping is noted before its request leaves", async () => {
  const store = new MemoryStore();
  await using world = await lab({ client: { store } });
  let notedAtFirstSend = -1;
  const tap = world.network.onDatagram;
  world.network.onDatagram = (datagram) => {
    if (notedAtFirstSend < 0) notedAtFirstSend = store.saved.length;
    tap?.(datagram);
  };
  await world.settled(world.handle.request(new InboundMap(6000, 7200)).ready());
  assertEquals(notedAtFirstSend, 1);
  assertEquals(store.saved.map(({ internalPort, externalPort }) => [internalPort, externalPort]), [[
    6000,
    40000,
  ]]);
});

Deno.test("after a crash the same mapping comes back with its nonce and port (C-11.2-N7)", async () => {
  const store = new MemoryStore();
  await using world = await lab({ client: { store }, server: { assignPort: "next" } });
  await world.settled(world.handle.request(new InboundMap(6000, 7200)).ready());
  const [before] = [...world.server.mappings.values()];
  // A crash: the first client is left as it is, and never heard of again.
  world.network.failSends = () => undefined;
  const saved = store.saved;
  const later = new MemoryStore();
  later.saved = saved;
  const handle = await nextRun(world, later);
  assertEquals(handle.leftovers.map(({ internalPort }) => internalPort), [6000]);
  const assigned = await world.settled(handle.request(new InboundMap(6000, 7200)).ready());
  assertEquals(assigned.externalPort, 40000);
  assertEquals(handle.leftovers, []);
  assertEquals(world.server.mappings.size, 1);
  assertEquals([...world.server.mappings.values()][0]?.nonce, before?.nonce);
  assertEquals(world.server.counters.refused, {});
  await world.settled(handle.shutdown());
});

Deno.test("what a crash left and nobody wants any more can be deleted", async () => {
  const store = new MemoryStore();
  await using world = await lab({ client: { store } });
  for (const port of [6000, 6001]) {
    await world.settled(world.handle.request(new InboundMap(port, 7200)).ready());
  }
  const later = new MemoryStore();
  later.saved = store.saved;
  const handle = await nextRun(world, later);
  assertEquals(await world.settled(handle.deleteLeftovers()), 2);
  assertEquals([world.server.mappings.size, later.saved, handle.mappings], [0, [], []]);
  await world.settled(handle.shutdown());
});

Deno.test("a mapping that was asked for and never confirmed before the crash is deleted too", async () => {
  const store = new MemoryStore();
  await using world = await lab({ client: { store } });
  world.network.link = ({ from }) => from.hostname === "192.168.1.1" ? [] : [0]; // the answer is lost
  world.handle.request(new InboundMap(6000, 7200));
  await world.advance(100);
  assertEquals(world.server.mappings.size, 1);
  world.network.link = undefined;
  const later = new MemoryStore();
  later.saved = store.saved;
  const handle = await nextRun(world, later);
  assertEquals(await world.settled(handle.deleteLeftovers()), 1);
  assertEquals(world.server.mappings.size, 0);
  await world.settled(handle.shutdown());
});

Deno.test("shutdown forgets what it deleted, and with keep what it left stays noted", async () => {
  for (const keep of [false, true]) {
    const store = new MemoryStore();
    await using world = await lab({ client: { store } });
    await world.settled(world.handle.request(new InboundMap(6000, 7200), RequestType.Once).ready());
    await world.settled(world.handle.shutdown({ keep }));
    assertEquals(store.saved.length, keep ? 1 : 0);
  }
});

Deno.test("a mapping revoked before it was noted is never asked for", async () => {
  let write = (): void => {};
  const store = new MemoryStore();
  store.save = () => new Promise((resolve) => write = resolve);
  await using world = await lab({ client: { store } });
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  const revoked = mapping.revoke();
  await world.advance(10);
  write();
  await world.advance(10);
  write();
  await world.settled(revoked);
  assertEquals([mapping.state, world.sent()], [{ type: "revoked" }, []]);
  store.save = () => Promise.resolve();
});

Deno.test("a store that cannot be written is told, and the mapping opened all the same", async () => {
  const store = new MemoryStore();
  const trouble = new StoreError("unwritable", "Cannot keep mappings: the disk is full");
  store.save = () => Promise.reject(trouble);
  await using world = await lab({ client: { store } });
  await world.settled(world.handle.request(new InboundMap(6000, 7200)).ready());
  assertEquals(world.handle.pollError(), trouble);
});

Deno.test("FileStore keeps mappings in a file that only its owner reads", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/state.json`;
  const store = new FileStore(path);
  assertEquals(await store.load(), []);
  await store.save([STORED]);
  await store.close();
  assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  const again = new FileStore(path);
  assertEquals(await again.load(), [STORED]);
  await again.close();
});

Deno.test("FileStore tells the second client that the file is in use", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/state.json`;
  const first = new FileStore(path);
  await first.load();
  const error = await assertRejects(() => new FileStore(path).load(), StoreError);
  assertEquals(error.reason, "inUse");
  await first.close();
  const second = new FileStore(path);
  await second.load();
  await second.close();
});

Deno.test("FileStore moves a damaged file aside, and begins anew after that", async () => {
  for (const text of ["", "{", "[]", '{"version":1}', '{"version":1,"mappings":[{}]}']) {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/state.json`;
    await Deno.writeTextFile(path, text);
    const error = await assertRejects(() => new FileStore(path).load(), StoreError);
    assertEquals(error.reason, "damaged");
    const aside = (await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name)
      .find((name) => name.includes("damaged"));
    assertEquals(await Deno.readTextFile(`${folder.path}/${aside}`), text);
    assertStringIncludes(error.message, aside ?? "no file aside");
    const store = new FileStore(path);
    assertEquals(await store.load(), []);
    await store.close();
  }
});

Deno.test("FileStore does not touch a file of a newer version", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/state.json`;
  await Deno.writeTextFile(path, '{"version":2,"mappings":"of another kind"}');
  const error = await assertRejects(() => new FileStore(path).load(), StoreError);
  assertEquals(error.reason, "newer");
  assertEquals(await Deno.readTextFile(path), '{"version":2,"mappings":"of another kind"}');
});

Deno.test("FileStore names the file that cannot be written", async () => {
  const error = await assertRejects(
    () => new FileStore("/nowhere/at/all/state.json").load(),
    StoreError,
  );
  assertEquals(error.reason, "unwritable");
  assertStringIncludes(error.message, '"/nowhere/at/all/state.json"');
});

const STORED: StoredMapping = {
  server: "192.168.1.1",
  port: 5351,
  client: "192.168.1.10",
  kind: "inbound",
  protocol: 6,
  internalPort: 6000,
  lifetime: 7200,
  nonce: "a0a1a2a3a4a5a6a7a8a9aaab",
  externalAddress: "203.0.113.5",
  externalPort: 40000,
  expiresAt: "2999-01-01T00:00:00.000Z",
  options: "",
};

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
