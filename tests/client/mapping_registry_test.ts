import { assert, assertEquals, assertThrows } from "@std/assert";
import { MappingConflictError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import { RequestType } from "../../src/client/request_type.ts";
import { lab } from "../../src/testing/lab.ts";
import { SlowStore } from "./memory_store.ts";
import { mapRequests, opened, remains, unread, unreadErrors } from "../helpers/client.ts";

Deno.test("Two requests for one port share one mapping at the server, each with its own handle and alerts", async () => {
  await using world = await lab();
  const first = world.handle.request(new InboundMap(6000, 7200));
  const second = world.handle.request(new InboundMap(6000, 7200));
  await world.settled(Promise.all([first.ready(), second.ready()]));
  const third = await opened(world);
  assertEquals(world.server.counters.received, { map: 1 });
  assertEquals(new Set([first.id, second.id, third.id]).size, 3);
  assertEquals(world.handle.mappings, [first, second, third]);
  for (const mapping of [first, second]) {
    assertEquals(
      unread(mapping).map((alert) => alert.type === "assigned" ? "assigned" : alert.state.type),
      ["starting", "running", "assigned"],
    );
    assertEquals(mapping.assigned, third.assigned);
  }
});

Deno.test("A shared mapping is deleted when the last handle is released", async () => {
  await using world = await lab();
  const first = await opened(world);
  const second = await opened(world);
  await first.revoke(); // at once, without a request
  assertEquals([first.state, first.isOver, first.assigned], [{ type: "revoked" }, true, undefined]);
  assertEquals([second.state.type, world.server.mappings.size], ["running", 1]);
  assertEquals(world.handle.mappings, [second]);
  await world.settled(second[Symbol.asyncDispose]());
  assertEquals([second.state.type, first.state.type], ["dropped", "revoked"]);
  assertEquals(world.server.counters.received, { map: 1, mapDelete: 1 });
});

Deno.test("A shared mapping lasts as long as the longest request", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const once = await opened(world, new InboundMap(6000, 7200), RequestType.Once);
  const kept = await opened(world, new InboundMap(6000, 7200), RequestType.KeepAlive);
  await world.advance(3_600_000);
  assertEquals([once.state.type, kept.state.type], ["running", "running"]);
  await world.settled(kept.revoke());
  await world.advance(600_000);
  assertEquals([once.state.type, world.server.mappings.size], ["expired", 0]);
  assertEquals(unreadErrors(world.handle), []);
});

Deno.test("A request with a longer lifetime renews the shared mapping", async () => {
  await using world = await lab();
  const short = await opened(world, new InboundMap(6000, 600));
  const long = world.handle.request(new InboundMap(6000, 1200));
  await world.advance(10);
  assertEquals([short.assigned?.lifetime, long.assigned?.lifetime], [1200, 1200]);
  assertEquals(mapRequests(world).map(({ lifetime }) => lifetime), [600, 1200]);
});

Deno.test("A longer lifetime is requested too if its handle joins before the record is written", async () => {
  const store = new SlowStore();
  const world = await lab({ client: { store } });
  const mappings = [600, 1200].map((lifetime) =>
    world.handle.request(new InboundMap(6000, lifetime))
  );
  await world.advance(10);
  await store.write();
  await world.advance(10);
  assertEquals(mappings.map(({ assigned }) => assigned?.lifetime), [1200, 1200]);
  store.save = () => Promise.resolve();
  while (store.isWriting) await store.write();
  await world[Symbol.asyncDispose]();
});

Deno.test("All handles of a shared mapping get the alerts of its recovery", async () => {
  await using world = await lab();
  const mappings = [await opened(world), await opened(world)];
  for (const mapping of mappings) unread(mapping);
  await world.advance(60_000);
  world.host.restart();
  await world.advance(10_000);
  for (const mapping of mappings) {
    assertEquals(unread(mapping).map(({ type }) => type), [
      "stateChange",
      "stateChange",
      "assigned",
    ]);
  }
});

Deno.test("Requests with another protocol, port or remote peer are not shared", async () => {
  await using world = await lab();
  await opened(world, new InboundMap(6000, 7200));
  await opened(world, new InboundMap(6000, 7200).protocol(17));
  await opened(world, new InboundMap(6001, 7200));
  for (const peer of ["198.51.100.7", "198.51.100.8"]) {
    await opened(world, new OutboundMap(51000, peer, 443, 7200));
  }
  assertEquals(world.server.counters.received, { map: 3, peer: 2 });
});

Deno.test("A request with other options for the same port is refused, and leaves the first alone", async () => {
  await using world = await lab();
  const first = await opened(world);
  const filtered = new InboundMap(6000, 7200).filter(0, "198.51.100.7", 32);
  const error = assertThrows(() => world.handle.request(filtered), MappingConflictError);
  assert(error.message.includes("6000"), error.message);
  assertEquals([first.state.type, world.sent().length], ["running", 1]);
  assertEquals(world.handle.mappings, [first]);
});

Deno.test("shutdown() counts a shared mapping once, and leaves nothing", async () => {
  const world = await lab();
  await opened(world);
  await opened(world);
  assertEquals((await world.settled(world.handle.shutdown())).released, 1);
  assertEquals(await remains(world), { mappings: 0, alarms: 0, sockets: 0 });
});
