/** Recovery after a restart of the server (RFC 6887 sections 8.5, 14.1.3, 16.3.1). */

import { assert, assertEquals } from "@std/assert";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import { RequestType } from "../../src/client/request_type.ts";
import { lab } from "../../src/testing/lab.ts";
import { mapRequests, opened, requests } from "../helpers/client.ts";

Deno.test("requests after a restart suggest the assigned port and have the requested lifetime (C-8.5-9, C-11.2.1-7)", async () => {
  await using world = await lab({ server: { maxLifetime: 600, assignPort: 7000 } });
  const first = await opened(world, new InboundMap(6000, 7200));
  const second = await opened(world, new InboundMap(6001, 3600));
  const peer = await opened(world, new OutboundMap(5000, "198.51.100.7", 443, 900));
  const before = [first, second, peer].map(({ assigned }) => assigned?.externalPort);
  await world.advance(60_000);
  const restartAt = world.clock.now();
  world.host.restart();
  await world.advance(10_000);
  const again = requests(world, restartAt).map((request) =>
    request.type === "map" || request.type === "peer"
      ? [request.internalPort, request.externalPort, `${request.externalAddress}`, request.lifetime]
      : []
  );
  const address = "203.0.113.5";
  assertEquals(again, [
    [6000, before[0], address, 7200],
    [6001, before[1], address, 3600],
    [5000, before[2], address, 900],
  ]);
  assertEquals(before, [first, second, peer].map(({ assigned }) => assigned?.externalPort));
});

Deno.test("revoked, dropped, expired and failed mappings are not recovered (C-8.5-9, C-14.1.3-11)", async () => {
  await using world = await lab();
  const revoked = await opened(world, new InboundMap(6000, 7200));
  const dropped = await opened(world, new InboundMap(6001, 7200));
  const expired = await opened(world, new InboundMap(6002, 60), RequestType.Once);
  const failed = world.handle.request(
    new InboundMap(6003, 7200).externalPort(6000).preferFailure(),
  );
  await world.settled(revoked.revoke());
  await world.settled(dropped[Symbol.asyncDispose]());
  world.server.insert(world.clock.now(), {
    kind: "static",
    protocol: 6,
    internalAddress: "192.168.1.99",
    internalPort: 1,
    externalPort: 6005,
  });
  const taken = world.handle.request(new InboundMap(6004, 7200).externalPort(6005).preferFailure());
  await world.advance(120_000);
  assertEquals([revoked, dropped, expired, taken].map(({ state }) => state.type), [
    "revoked",
    "dropped",
    "expired",
    "error",
  ]);
  await world.settled(failed.revoke());
  const sent = world.sent().length;
  for (let restart = 0; restart < 5; restart++) {
    world.host.restart();
    await world.advance(200_000);
  }
  assertEquals(world.sent().length, sent);
  assertEquals(world.server.mappings.size, 0);
});

Deno.test("a thousand mappings are recovered without a burst and without loss (C-14.1.3-12)", async () => {
  await using world = await lab({ server: { logLimit: 10 } });
  const mappings = Array.from(
    { length: 1_000 },
    (_, n) => world.handle.request(new InboundMap(10_000 + n, 7200)),
  );
  await world.advance(10_000);
  await world.advance(600_000);
  const restartAt = world.clock.now();
  world.host.restart();
  await world.advance(60_000);
  assert(mappings.every(({ state }) => state.type === "running"));
  assertEquals(world.server.mappings.size, 1_000);
  const sends = world.sent(restartAt);
  assertEquals(sends.length, 1_000);
  let most = 0;
  for (const { at } of sends) {
    most = Math.max(most, sends.filter((other) => other.at >= at && other.at < at + 1).length);
    if (most > 128) break;
  }
  assert(most <= 128, `${most} within a millisecond`);
});

Deno.test("a mapping that is being deleted when the server restarts is not renewed (C-8.5-9)", async () => {
  await using world = await lab();
  const mapping = await opened(world);
  await world.advance(60_000);
  world.server.silent = true;
  const revoked = mapping.revoke();
  await world.advance(1_000);
  world.server.silent = false;
  world.host.restart();
  await world.settled(revoked);
  await world.advance(100_000);
  assertEquals([mapping.state.type, world.server.mappings.size], ["revoked", 0]);
  assert(mapRequests(world, 60_100).every(({ lifetime }) => lifetime === 0));
});

Deno.test("after each of three restarts the mappings get their ports again (C-14.1.3-7, C-14.1.3-11)", async () => {
  await using world = await lab({ server: { assignPort: "same" } });
  const mappings = [];
  for (const port of [6000, 6001, 6002]) {
    mappings.push(await opened(world, new InboundMap(port, 7200)));
  }
  for (let restart = 0; restart < 3; restart++) {
    await world.advance(130_000);
    world.host.restart();
    assertEquals(world.server.mappings.size, 0);
    await world.advance(10_000);
    assertEquals(world.server.mappings.size, 3);
    assertEquals(mappings.map(({ assigned }) => assigned?.externalPort), [6000, 6001, 6002]);
  }
});
