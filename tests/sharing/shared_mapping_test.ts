/** Requests of one client with the same key share one mapping at the server. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { MappingConflictError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { MapHandle } from "../../src/client/map_handle.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import { RequestType } from "../../src/client/request_type.ts";
import { lab } from "../../src/testing/lab.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { mapRequests, opened, requests, unreadErrors } from "../helpers/client.ts";

const map = (lifetime = 7200) => new InboundMap(6000, lifetime);

Deno.test("A request with other options is refused with port and protocol in the error, in either order", async () => {
  const conflicts: Record<string, [() => InboundMap, () => InboundMap]> = {
    filters: [map, () => map().filter(0, "198.51.100.0", 24)],
    otherFilters: [
      () => map().filter(0, "192.0.2.0", 24),
      () => map().filter(0, "198.51.100.0", 24),
    ],
    description: [() => map().description("web"), () => map().description("game")],
    portSet: [map, () => map().portSet(4)],
    preferFailure: [map, () => map().externalPort(80).preferFailure()],
    preferredPort: [
      () => map().externalPort(80).preferFailure(),
      () => map().externalPort(81).preferFailure(),
    ],
    preferredAddress: [
      () => map().externalPort(80).externalAddress("203.0.113.5").preferFailure(),
      () => map().externalPort(80).externalAddress("203.0.113.6").preferFailure(),
    ],
  };
  for (const [name, [one, other]] of Object.entries(conflicts)) {
    for (const [first, second] of [[one, other], [other, one]]) {
      await using world = await lab();
      world.server.silent = true;
      const mapping = world.handle.request(first?.() ?? map());
      await world.advance(10);
      const sent = world.sent().length;
      const error = assertThrows(
        () => world.handle.request(second?.() ?? map()),
        MappingConflictError,
        'protocol "6" port "6000"',
        name,
      );
      assertEquals([error.protocol, error.internalPort], [6, 6000]);
      assertEquals([world.handle.mappings, world.sent().length], [[mapping], sent], name);
    }
  }
});

Deno.test("Other suggestions are no conflict; other keys share nothing", async () => {
  await using world = await lab();
  const first = await opened(world, map().externalPort(80));
  const second = await opened(world, map().externalPort(81));
  assertEquals(second.assigned, first.assigned);
  await opened(world, new OutboundMap(6000, "198.51.100.7", 443, 600));
  assertEquals(requests(world).length, 2);
});

Deno.test("A request that joins during the first exchange gets its longer lifetime", async () => {
  await using world = await lab({ latency: 1_000 });
  const short = world.handle.request(map(600));
  await world.advance(500);
  const long = world.handle.request(map(3600));
  await world.advance(10_000);
  assertEquals([short.assigned?.lifetime, long.assigned?.lifetime], [3600, 3600]);
  assertEquals(mapRequests(world).map(({ lifetime }) => lifetime), [600, 3600]);
  assertEquals(world.server.mappings.size, 1);
});

Deno.test("A request that joins late for one lifetime gets a whole one", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const first = await opened(world, map(600), RequestType.Once);
  await world.advance(290_000);
  const second = world.handle.request(map(600), RequestType.Once);
  await world.advance(590_000);
  assertEquals([first.state.type, second.state.type], ["running", "running"]);
  await world.advance(20_000);
  assertEquals([first.state.type, second.state.type], ["expired", "expired"]);
  assertEquals(world.server.mappings.size, 0);
});

Deno.test("A shared mapping has the lifetimes of its longest request (Once, Repeat, KeepAlive)", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const once = await opened(world, map(600), RequestType.Once);
  const thrice = await opened(world, map(600), RequestType.Repeat(3));
  await world.advance(1_100_000);
  assertEquals([once.state.type, thrice.state.type], ["running", "running"]);
  await world.advance(1_000_000);
  assertEquals([once.state.type, thrice.state.type], ["expired", "expired"]);
  assertEquals(unreadErrors(world.handle), []);
});

Deno.test("After the release of the longest request the others get their own lifetimes and no more", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const once = await opened(world, map(600), RequestType.Once);
  const keen = await opened(world, map(600), RequestType.KeepAlive);
  await world.advance(3_000_000);
  await keen.revoke();
  assertEquals(once.state.type, "running");
  await world.advance(601_000);
  assertEquals([once.state.type, world.server.mappings.size], ["expired", 0]);
});

Deno.test("A request during the deletion gets its own mapping after it", async () => {
  await using world = await lab();
  const first = await opened(world);
  const revoked = first.revoke();
  const second = world.handle.request(map());
  await world.settled(revoked);
  await world.settled(second.ready());
  assertEquals(mapRequests(world).map(({ lifetime }) => lifetime), [7200, 0, 7200]);
  assertEquals([first.state.type, second.state.type], ["revoked", "running"]);
  assertEquals(world.server.mappings.size, 1);
});

Deno.test("A refusal reaches all handles of a shared mapping, later ones included", async () => {
  await using world = await lab();
  world.server.fail(2, { lifetime: 600, times: Infinity });
  const first = world.handle.request(map());
  const second = world.handle.request(map());
  await world.advance(1_000);
  const third = world.handle.request(map());
  assertEquals([first, second, third].map(({ state }) => state.type), ["error", "error", "error"]);
  assertEquals(world.sent().length, 1);
  await first.revoke();
  await second.revoke();
  await third.revoke();
  await world.advance(3_600_000);
  assertEquals(world.sent().length, 1);
});

Deno.test("Any sequence of requests and releases: one mapping while there is a handle, none after", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    await using world = await lab({ seed, server: { maxLifetime: 600 } });
    let members: MapHandle[] = [];
    for (let act = 0; act < 60; act++) {
      const roll = random();
      if (roll < 0.45) members.push(world.handle.request(map(600 + Math.floor(random() * 600))));
      else if (roll < 0.8 && members.length > 0) {
        const [leaver] = members.splice(Math.floor(random() * members.length), 1);
        void leaver?.revoke();
      } else await world.advance(random() * 20_000);
    }
    await world.advance(30_000);
    const wanted = members.length > 0 ? 1 : 0;
    assertEquals(world.server.mappings.size, wanted, `seed ${seed}`);
    assert(members.every(({ state }) => state.type === "running"), `seed ${seed}`);
    const revoked = Promise.all(members.map((member) => member.revoke()));
    members = [];
    await world.settled(revoked);
    assertEquals([world.server.mappings.size, world.handle.mappings.length], [0, 0]);
    assertEquals(world.server.counters.violations, {});
  }
});
