import { assertEquals } from "@std/assert";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { lab } from "../../src/testing/lab.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import { deliver, opened } from "../helpers/client.ts";

const FRESH = {
  sent: 0,
  received: 0,
  sendErrors: 0,
  retransmissions: 0,
  ignored: {},
  mappings: {},
  roundTrip: null,
  epoch: null,
};

Deno.test("stats() of a fresh client are empty", async () => {
  await using world = await lab();
  assertEquals(world.handle.stats(), FRESH);
});

Deno.test("stats() count datagrams sent, received, retransmitted and ignored, and are plain JSON", async () => {
  const client = { protocols: ["pcp"] } as const;
  await using world = await lab({ latency: 10, server: { epoch: 100 }, client });
  world.server.swallow(1);
  await opened(world); // sent twice
  await opened(world, new InboundMap(6001, 60));
  await deliver(world, new Uint8Array(3));
  await deliver(world, new Uint8Array(3));
  await deliver(world, new Uint8Array(1104).fill(0x82).with(0, 2));
  world.server.fail(ResultCode.NetworkFailure, { lifetime: 1000 });
  world.handle.request(new InboundMap(6002, 60));
  await world.advance(30);
  world.server.silent = true;
  world.handle.request(new InboundMap(6003, 60));
  await world.advance(10);
  const stats = world.handle.stats();
  assertEquals(stats, {
    sent: 5,
    received: 6,
    sendErrors: 0,
    retransmissions: 1,
    ignored: { tooShort: 2, tooLong: 1 },
    mappings: { running: 2, error: 1, starting: 1 },
    roundTrip: 20,
    epoch: 103,
  });
  assertEquals(JSON.parse(JSON.stringify(stats)), stats);
  world.server.silent = false;
});

Deno.test("stats() count failed sends", async () => {
  await using world = await lab();
  world.network.failSends = () => new Error("network is unreachable");
  world.handle.request(new InboundMap(6000, 60));
  await world.advance(1);
  const { sent, sendErrors } = world.handle.stats();
  assertEquals([sent, sendErrors], [1, 1]);
});

Deno.test("stats() are a snapshot", async () => {
  await using world = await lab();
  const before = world.handle.stats();
  await opened(world);
  await deliver(world, new Uint8Array(3));
  assertEquals(before, FRESH);
});

Deno.test("stats() stay after shutdown(), without mappings", async () => {
  const world = await lab();
  await opened(world);
  await world[Symbol.asyncDispose]();
  const { sent, received, mappings } = world.handle.stats();
  assertEquals([sent, received, mappings], [2, 2, {}]);
});
