import { assert, assertEquals, assertRejects } from "@std/assert";
import { Client } from "../../src/client/client.ts";
import { ClosedError, NotRunningError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { MapHandle } from "../../src/client/map_handle.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import { type Lab, lab } from "../../src/testing/lab.ts";
import { fate, opened, remains, unread } from "../helpers/client.ts";

const NOTHING = { mappings: 0, alarms: 0, sockets: 0 };

Deno.test("shutdown() deletes every mapping and waits for the confirmations; nothing is left", async () => {
  const world = await lab();
  const mappings: MapHandle[] = [];
  for (let port = 6000; port < 6005; port++) {
    mappings.push(await opened(world, new InboundMap(port, 7200)));
  }
  const ended = fate(world.handle.shutdown());
  assertEquals([world.handle.isShutDown, ended.settled], [true, false]);
  await world.advance(2);
  assertEquals(ended.value, { released: 5, unconfirmed: 0, kept: 0 });
  assertEquals(world.server.counters.received, { map: 5, mapDelete: 5 });
  for (const mapping of mappings) {
    assertEquals([mapping.state, mapping.isOver], [{ type: "dropped" }, true]);
    assertEquals(unread(mapping).at(-1), { type: "stateChange", state: { type: "dropped" } });
  }
  assertEquals(world.handle.mappings, []);
  assertEquals(await remains(world), NOTHING);
});

Deno.test("shutdown() repeats deletions that are lost", async () => {
  const world = await lab();
  await opened(world);
  world.server.swallow(1);
  assertEquals(await world.settled(world.handle.shutdown()), {
    released: 1,
    unconfirmed: 0,
    kept: 0,
  });
  assert(world.clock.now() >= 2_700 && world.clock.now() <= 3_310);
  assertEquals(await remains(world), NOTHING);
});

Deno.test("shutdown() waits no longer than its timeout, and counts unconfirmed deletions", async () => {
  for (
    const [options, timeout] of [[{}, 5_000], [{ shutdownTimeout: 1_500 }, 1_500], [{
      shutdownTimeout: 0,
    }, 0]] as const
  ) {
    const world = await lab({ client: options });
    const mapping = await opened(world);
    world.server.silent = true;
    const began = world.clock.now();
    assertEquals(await world.settled(world.handle.shutdown()), {
      released: 0,
      unconfirmed: 1,
      kept: 0,
    });
    assertEquals(world.clock.now() - began, timeout);
    assertEquals([mapping.state, mapping.isOver], [{ type: "dropped" }, true]);
    assertEquals((await remains(world)).sockets, 0);
  }
});

Deno.test("a gateway that never answered is waited for 1 s, by every end and with any number of mappings", async () => {
  const ends: Record<string, (world: Lab, mappings: MapHandle[]) => Promise<unknown>> = {
    "shutdown()": ({ handle }) => handle.shutdown(),
    "await using": async ({ handle }, mappings) => {
      for (const mapping of mappings) await mapping[Symbol.asyncDispose]();
      await handle[Symbol.asyncDispose]();
    },
  };
  for (const [name, end] of Object.entries(ends)) {
    for (const silence of [0, 500, 5_000, 600_000]) {
      const world = await lab();
      world.server.silent = true;
      const mappings = [6000, 6001, 6002].map((port) =>
        world.handle.request(new InboundMap(port, 60))
      );
      await world.advance(silence);
      const began = world.clock.now();
      await world.settled(end(world, mappings));
      assertEquals(world.clock.now() - began, 1_000, `${name} after ${silence} ms`);
      assertEquals(mappings.map(({ state }) => state.type), ["dropped", "dropped", "dropped"]);
      assertEquals((await remains(world)).sockets, 0);
    }
  }
});

Deno.test("a gateway that refused PCP's version, or answered once, is waited for the whole timeout", async () => {
  for (const server of [{}, { natPmpOnly: true }]) {
    const world = await lab({ server });
    await opened(world);
    world.server.silent = true;
    await world.advance(60_000);
    const began = world.clock.now();
    await world.settled(world.handle.shutdown());
    const waited = world.clock.now() - began;
    // NAT-PMP has fewer repetitions (RFC 6886 section 3.1).
    assert(waited > 1_000 && waited <= 5_000, `${waited} ms`);
  }
});

Deno.test("a gateway that answers within that second is waited for the whole timeout", async () => {
  const world = await lab({ latency: 400 });
  const isDeletion = (request: Uint8Array): boolean =>
    request.subarray(4, 8).every((octet) => octet === 0);
  world.server.tamper = (reply, request) => isDeletion(request) ? [] : [reply];
  world.handle.request(new InboundMap(6000, 7200));
  const ended = fate(world.handle.shutdown());
  await world.advance(4_999);
  assertEquals(ended.settled, false);
  await world.advance(1);
  assertEquals(ended.value, { released: 0, unconfirmed: 1, kept: 0 });
});

Deno.test("a mapping disposed of at a gateway that never answered is deleted further", async () => {
  await using world = await lab();
  world.server.silent = true;
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(2_000);
  await world.settled(mapping[Symbol.asyncDispose]());
  assertEquals([mapping.isOver, mapping.state.type], [false, "updating"]);
  world.server.silent = false;
  await world.advance(10_000);
  assertEquals(mapping.state, { type: "dropped" });
});

Deno.test("shutdown() ends within its timeout when sends fail", async () => {
  const world = await lab();
  await opened(world);
  world.network.failSends = () => new Error("network is unreachable");
  assertEquals((await world.settled(world.handle.shutdown())).unconfirmed, 1);
  assert(world.clock.now() < 5_100);
});

Deno.test("shutdown({ keep: true }) leaves the mappings at the server, and resolves at once", async () => {
  const world = await lab();
  const mapping = await opened(world);
  const outbound = await opened(world, new OutboundMap(51000, "198.51.100.7", 443, 600));
  const sent = world.sent().length;
  assertEquals(await world.handle.shutdown({ keep: true }), {
    released: 0,
    unconfirmed: 0,
    kept: 2,
  });
  assertEquals([mapping.state.type, outbound.state.type], ["dropped", "dropped"]);
  assertEquals([mapping.assigned, mapping.isOver], [undefined, true]);
  await world.advance(10_000);
  assertEquals([world.sent().length, world.server.mappings.size], [sent, 2]);
  assertEquals(world.network.openSockets, 1); // the server's
});

Deno.test("A second shutdown() returns the same result", async () => {
  const world = await lab();
  await opened(world);
  const first = world.handle.shutdown();
  const second = world.handle.shutdown({ keep: true });
  assertEquals(await world.settled(second), { released: 1, unconfirmed: 0, kept: 0 });
  assertEquals(await first, await second);
  await world.handle[Symbol.asyncDispose]();
  assertEquals(world.server.counters.received, { map: 1, mapDelete: 1 });
});

Deno.test("shutdown() sends nothing for outbound mappings, nor for refused ones", async () => {
  const world = await lab();
  await opened(world, new OutboundMap(51000, "198.51.100.7", 443, 600));
  world.server.fail(8, { lifetime: 60 });
  world.handle.request(new InboundMap(6000, 60));
  await world.advance(2);
  const sent = world.sent().length;
  assertEquals(await world.handle.shutdown(), { released: 2, unconfirmed: 0, kept: 0 });
  assertEquals(world.sent().length, sent);
});

Deno.test("shutdown() without mappings resolves at once, and closes the sockets", async () => {
  const world = await lab();
  assertEquals(await world.handle.shutdown(), { released: 0, unconfirmed: 0, kept: 0 });
  assertEquals(world.network.openSockets, 1);
  assertEquals(await remains(world), NOTHING);
});

Deno.test("shutdown() deletes a mapping whose request has no response yet", async () => {
  const world = await lab({ latency: 50 });
  world.handle.request(new InboundMap(6000, 7200));
  assertEquals((await world.settled(world.handle.shutdown())).released, 1);
  assertEquals(await remains(world), NOTHING);
});

Deno.test("shutdown() settles all waiting calls", async () => {
  const world = await lab();
  world.server.silent = true;
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  unread(mapping);
  const ready = fate(mapping.ready());
  const external = fate(world.handle.externalAddress());
  const announced = fate(world.handle.announce());
  const error = fate(world.handle.waitError());
  const reading = fate((async () => {
    const states = [];
    for await (const alert of mapping) {
      if (alert.type === "stateChange") states.push(alert.state.type);
    }
    return states;
  })());
  await world.settled(world.handle.shutdown());
  await world.advance(1);
  assert(ready.error instanceof NotRunningError);
  assert(external.error instanceof NotRunningError);
  assert(announced.error instanceof ClosedError);
  assertEquals([error.settled, error.value], [true, undefined]);
  assertEquals(reading.value, ["updating", "dropped"]);
});

Deno.test("shutdown() waits for a deletion under way, which ends as revoked", async () => {
  const world = await lab();
  const mapping = await opened(world);
  world.server.swallow(1);
  const revoked = fate(mapping.revoke());
  await world.advance(1_000);
  await world.settled(world.handle.shutdown());
  assertEquals(mapping.state, { type: "revoked" });
  assertEquals([revoked.settled, revoked.error], [true, undefined]);
  assertEquals(await remains(world), NOTHING);
});

Deno.test("Datagrams after shutdown() change nothing", async () => {
  const world = await lab({ latency: 100 });
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.handle.shutdown({ keep: true });
  const stats = world.handle.stats();
  world.host.restart();
  await world.advance(200_000);
  assertEquals([mapping.state.type, mapping.assigned], ["dropped", undefined]);
  assertEquals([world.handle.stats(), world.sent().length], [stats, 1]);
});

Deno.test("Calls on a mapping after shutdown() are harmless", async () => {
  const world = await lab();
  const mapping = await opened(world);
  await world.settled(world.handle.shutdown());
  await mapping.revoke();
  await mapping[Symbol.asyncDispose]();
  let error: unknown;
  try {
    mapping.renew(60);
  } catch (caught) {
    error = caught;
  }
  assert(error instanceof NotRunningError);
  await assertRejects(() => mapping.ready(), NotRunningError);
});

Deno.test("`await using` shuts the client down", async () => {
  const world = await lab();
  const { clock, network } = world;
  const block = async (): Promise<MapHandle> => {
    await using handle = await Client.start("192.168.1.20", "192.168.1.1", { clock, network });
    const mapping = handle.request(new InboundMap(6000, 7200));
    await mapping.ready();
    return mapping;
  };
  const mapping = await world.settled(block());
  assertEquals(mapping.state, { type: "dropped" });
  await world.settled(world.handle.shutdown());
  assertEquals(await remains(world), NOTHING);
});

Deno.test("1,000 mappings are deleted in time, paced, and none is left", async () => {
  const world = await lab();
  const mappings = Array.from(
    { length: 1000 },
    (_, index) => world.handle.request(new InboundMap(1 + index, 7200)),
  );
  await world.settled(Promise.all(mappings.map((mapping) => mapping.ready())));
  assertEquals((await world.settled(world.handle.shutdown())).released, 1000);
  assertEquals(world.server.counters.received, { map: 1000, mapDelete: 1000 });
  assertEquals(await remains(world), NOTHING);
});

Deno.test("A deletion that overtakes the request leaves nothing at the server (C-15.1-9)", async () => {
  const world = await lab();
  let first = true;
  world.network.link = ({ to }) => {
    const delay = first && to.port === 5351 ? 500 : 0;
    first = false;
    return [delay];
  };
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.settled(mapping.revoke());
  await world.advance(2_000);
  assertEquals(world.server.mappings.size, 0);
  await world[Symbol.asyncDispose]();
});
