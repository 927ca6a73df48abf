import { assertEquals } from "@std/assert";
import { Client, type Handle, InboundMap, RequestType, type Store, StoreError } from "../../mod.ts";
import { type Lab, lab } from "../../src/testing/mod.ts";
import { seededWords } from "../../src/testing/random.ts";
import { MemoryStore } from "./memory_store.ts";

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

Deno.test("A mapping is recorded before its request is sent", async () => {
  const store = new MemoryStore();
  await using world = await lab({ client: { store } });
  let savedAtFirstSend = -1;
  const tap = world.network.onDatagram;
  world.network.onDatagram = (datagram) => {
    if (savedAtFirstSend < 0) savedAtFirstSend = store.saved.length;
    tap?.(datagram);
  };
  await world.settled(world.handle.request(new InboundMap(6000, 7200)).ready());
  assertEquals(savedAtFirstSend, 1);
  assertEquals(store.saved.map(({ internalPort, externalPort }) => [internalPort, externalPort]), [[
    6000,
    40000,
  ]]);
});

Deno.test("After a crash the mapping is requested with its nonce and port (C-11.2-N7)", async () => {
  const store = new MemoryStore();
  await using world = await lab({ client: { store }, server: { assignPort: "next" } });
  await world.settled(world.handle.request(new InboundMap(6000, 7200)).ready());
  const [before] = [...world.server.mappings.values()];
  // A crash: the first client is left as it is.
  world.network.failSends = () => undefined;
  const later = new MemoryStore(store.saved);
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

Deno.test("Mappings left by a crash can be deleted", async () => {
  const store = new MemoryStore();
  await using world = await lab({ client: { store } });
  for (const port of [6000, 6001]) {
    await world.settled(world.handle.request(new InboundMap(port, 7200)).ready());
  }
  const later = new MemoryStore(store.saved);
  const handle = await nextRun(world, later);
  assertEquals(await world.settled(handle.deleteLeftovers()), 2);
  assertEquals([world.server.mappings.size, later.saved, handle.mappings], [0, [], []]);
  await world.settled(handle.shutdown());
});

Deno.test("A mapping without a response before the crash is deleted too", async () => {
  const store = new MemoryStore();
  await using world = await lab({ client: { store } });
  world.network.link = ({ from }) => from.hostname === "192.168.1.1" ? [] : [0]; // the response is lost
  world.handle.request(new InboundMap(6000, 7200));
  await world.advance(100);
  assertEquals(world.server.mappings.size, 1);
  world.network.link = undefined;
  const later = new MemoryStore(store.saved);
  const handle = await nextRun(world, later);
  assertEquals(await world.settled(handle.deleteLeftovers()), 1);
  assertEquals(world.server.mappings.size, 0);
  await world.settled(handle.shutdown());
});

Deno.test("shutdown() removes the records of what it deleted, and keeps them with `keep`", async () => {
  for (const keep of [false, true]) {
    const store = new MemoryStore();
    await using world = await lab({ client: { store } });
    await world.settled(world.handle.request(new InboundMap(6000, 7200), RequestType.Once).ready());
    await world.settled(world.handle.shutdown({ keep }));
    assertEquals(store.saved.length, keep ? 1 : 0);
  }
});

Deno.test("A mapping revoked before its record was written is never requested", async () => {
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

Deno.test("An error of the store is reported, and the mapping requested", async () => {
  const store = new MemoryStore();
  const trouble = new StoreError("unwritable", "Cannot keep mappings: the disk is full");
  store.save = () => Promise.reject(trouble);
  await using world = await lab({ client: { store } });
  await world.settled(world.handle.request(new InboundMap(6000, 7200)).ready());
  assertEquals(world.handle.pollError(), trouble);
});
