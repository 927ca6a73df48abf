import { assert, assertEquals, assertRejects } from "@std/assert";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { lab, type LabOptions } from "../../src/testing/lab.ts";

/** The datagrams of a day of three mappings on a faulty network. */
async function day(options: LabOptions): Promise<string[]> {
  await using world = await lab({
    server: { maxLifetime: 3600 },
    faults: { loss: 0.2, duplicate: 0.1, reorder: 0.1, minDelay: 1, maxDelay: 30 },
    ...options,
  });
  for (const port of [6000, 6001, 6002]) world.handle.request(new InboundMap(port, 7200));
  await world.advance(24 * 3600 * 1000);
  return world.wire.map(({ at, from, text, copies }) => `${at} ${from} ${copies} ${text}`);
}

Deno.test("lab() gives the same run for the same seed, and another for another seed", async () => {
  const [first, again, other] = [
    await day({ seed: 3 }),
    await day({ seed: 3 }),
    await day({ seed: 4 }),
  ];
  assert(first.length > 100);
  assertEquals(again, first);
  assert(other.join() !== first.join());
});

Deno.test("lab() takes no real time", async () => {
  const began = performance.now();
  await using world = await lab();
  world.handle.request(new InboundMap(6000, 7200));
  await world.advance(365 * 24 * 3600 * 1000);
  assert(performance.now() - began < 5_000);
  assertEquals(world.server.mappings.size, 1);
});

Deno.test("lab() records the datagrams with sender, time and decoded text", async () => {
  await using world = await lab({ latency: 7 });
  await world.settled(world.handle.request(new InboundMap(6000, 7200)).ready());
  const [request, response] = world.wire;
  assertEquals([world.wire.length, request?.from, response?.from], [2, "client", "server"]);
  assertEquals([request?.at, response?.at, world.clock.now()], [0, 7, 14]);
  assertEquals([request?.bytes.length, request?.copies], [60, 1]);
  assert(request?.text.startsWith("PCP MAP request, tcp 6000 -> 0.0.0.0:0"), request?.text);
  assertEquals(world.sent(), world.wire.slice(0, 1));
  assertEquals(world.sent(1), []);
});

Deno.test("lab() records lost datagrams with 0 copies", async () => {
  const client = { protocols: ["pcp"] } as const;
  await using world = await lab({ faults: { loss: 1 }, client });
  world.handle.request(new InboundMap(6000, 7200));
  await world.advance(10_000);
  assertEquals(world.sent().map(({ copies }) => copies), [0, 0, 0]);
  assertEquals(world.server.log, []);
});

Deno.test("lab() takes addresses in any spelling, and ports", async () => {
  await using world = await lab({
    clientAddress: "2001:DB8:0:0::10",
    serverAddress: "2001:db8::0:1",
    client: { port: 15351, multicast: false },
  });
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.settled(mapping.ready());
  assertEquals([world.handle.client, world.handle.server, world.handle.port], [
    "2001:db8::10",
    "2001:db8::1",
    15351,
  ]);
  assertEquals(world.wire.map(({ from }) => from), ["client", "server"]);
});

Deno.test("settled() stops at the time at which the promise settles", async () => {
  await using world = await lab({ latency: 50 });
  await world.settled(world.handle.request(new InboundMap(6000, 7200)).ready());
  assertEquals(world.clock.now(), 100);
});

Deno.test("settled() rejects with the promise's reason, and at the limit", async () => {
  await using world = await lab();
  await assertRejects(() => world.settled(Promise.reject(new Error("mine"))), Error, "mine");
  world.server.silent = true;
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  const never = mapping.ready({ signal: new AbortController().signal });
  await assertRejects(
    () => world.settled(never, 60_000),
    Error,
    'it did not within "60000" ms of virtual time',
  );
  never.catch(() => {}); // rejected when the lab shuts down
  assertEquals(world.clock.now() <= 60_000, true);
});

Deno.test("`await using` shuts down client and server, and leaves no alarm and no socket", async () => {
  const block = async () => {
    await using world = await lab();
    await world.settled(world.handle.request(new InboundMap(6000, 7200)).ready());
    return world;
  };
  const world = await block();
  assertEquals(world.handle.isShutDown, true);
  assertEquals([world.server.mappings.size, world.network.openSockets, world.clock.pending], [
    0,
    0,
    0,
  ]);
});

Deno.test("`await using` waits for a silent server as long as shutdown() does", async () => {
  const block = async () => {
    await using world = await lab();
    await world.settled(world.handle.request(new InboundMap(6000, 7200)).ready());
    world.server.silent = true;
    return world;
  };
  const world = await block();
  assertEquals([world.network.openSockets, world.clock.now()], [0, 5_002]);
});
