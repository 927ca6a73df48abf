/** Mappings that are over when the client moves to another network: it has their nonces when it returns. */

import { assertEquals } from "@std/assert";
import type { ClientOptions } from "../../src/client/client_options.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { MapHandle } from "../../src/client/map_handle.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import type { Lab } from "../../src/testing/lab.ts";
import { CLIENT, opened, SERVER, wallTimeOf } from "../helpers/client.ts";
import { anotherServer, LOOK, movingLab } from "./fake_machine.ts";
import { MemoryStore } from "./memory_store.ts";

const CAFE = { client: "10.0.0.7", server: "10.0.0.1" };
const HOME = { client: CLIENT, server: SERVER };
const MINUTE = 60_000;

const inbound = () => new InboundMap(6000, 7200);
const outbound = () => new OutboundMap(6000, "198.51.100.7", 7000, 7200);

/** What the last request of a mapping had, for a server: nonce, suggested external address and port. */
function lastRequest({ server }: Pick<Lab, "server">): string[] {
  const request = server.log.findLast(({ request }) => request?.type !== "announce")?.request;
  if (request?.type !== "map" && request?.type !== "peer") throw new Error("Nothing was requested");
  return [request.nonce, request.externalAddress, request.externalPort].map(String);
}

interface Return {
  readonly map: () => InboundMap | OutboundMap;
  readonly end: (mapping: MapHandle, world: Lab) => Promise<unknown>;
  /** Milliseconds in the other network. */
  readonly away: number;
  readonly client?: ClientOptions;
}

/** A mapping ends, the client moves and returns, and requests it again: whether with the same nonce. */
async function again({ map, end, away, client = {} }: Return): Promise<boolean> {
  const { world, machine } = await movingLab({ client });
  await using _ = world;
  using _time = wallTimeOf(world.clock);
  const cafe = await anotherServer(world, CAFE.server);
  const mapping = await opened(world, map());
  const [nonce] = lastRequest(world);
  await end(mapping, world);
  machine.network = CAFE;
  await world.advance(LOOK + away);
  machine.network = HOME;
  await world.advance(LOOK * 2);
  await opened(world, map());
  cafe.close();
  return lastRequest(world)[0] === nonce;
}

const revoke = (mapping: MapHandle, world: Lab) => world.settled(mapping.revoke());

const HELD: readonly (readonly [string, Omit<Return, "away" | "client">])[] = [
  ["an outbound mapping, which cannot be deleted", { map: outbound, end: revoke }],
  ["a mapping whose deletion was refused", {
    map: inbound,
    end: async (mapping, world) => {
      world.server.fail(2, { lifetime: 1800 });
      await world.settled(mapping[Symbol.asyncDispose]());
    },
  }],
  ["a mapping whose deletion was answered with a rest of lifetime", {
    map: inbound,
    end: async (mapping, world) => {
      world.server.tamper = (reply) => [reply.with(6, 0x0e)]; // 3584 s
      await revoke(mapping, world);
      world.server.tamper = undefined;
    },
  }],
];

for (const [what, held] of HELD) {
  Deno.test(`a client that returns to a network has the nonce of ${what}, with a store and without (G-12, C-15-3)`, async () => {
    for (const client of [{}, { store: new MemoryStore() }]) {
      assertEquals(await again({ ...held, client, away: 25 * MINUTE }), true);
    }
  });
}

Deno.test("a client that returns when the server holds the mapping no more has another nonce (G-12)", async () => {
  for (const client of [{}, { store: new MemoryStore() }]) {
    assertEquals(await again({ map: outbound, end: revoke, client, away: 125 * MINUTE }), false);
  }
});

Deno.test("a client that returns has the nonce of a deleted mapping while its port may be reserved (C-15-3)", async () => {
  const tcp = { map: inbound, end: revoke };
  assertEquals(await again({ ...tcp, away: 100 * MINUTE }), true);
  assertEquals(await again({ ...tcp, away: 125 * MINUTE }), false);
  const udp = { map: () => inbound().protocol(17), end: revoke };
  assertEquals(await again({ ...udp, away: MINUTE }), true);
  assertEquals(await again({ ...udp, away: 3 * MINUTE }), false);
});

Deno.test("what is kept for a network is used there, and once (G-12)", async () => {
  const { world, machine } = await movingLab();
  await using _ = world;
  const cafe = await anotherServer(world, CAFE.server);
  await revoke(await opened(world, inbound()), world);
  const [nonce] = lastRequest(world);
  machine.network = CAFE;
  await world.advance(LOOK * 2);
  const there = await opened(world, inbound());
  const [another, , suggestedPort] = lastRequest(cafe);
  assertEquals([another === nonce, suggestedPort], [false, "0"]);
  await revoke(there, world);
  machine.network = HOME;
  await world.advance(LOOK * 2);
  const mapping = await opened(world, inbound());
  assertEquals(lastRequest(world), [nonce, "203.0.113.5", "40000"]);
  machine.network = CAFE;
  await world.advance(LOOK * 2);
  assertEquals([mapping.state.type, lastRequest(cafe)[0]], ["running", another]);
  cafe.close();
});

Deno.test("what is kept survives several moves before it is used (G-12)", async () => {
  const { world, machine } = await movingLab();
  await using _ = world;
  const cafe = await anotherServer(world, CAFE.server);
  await (await opened(world, outbound())).revoke();
  const [nonce] = lastRequest(world);
  for (const network of [CAFE, HOME, CAFE, HOME]) {
    machine.network = network;
    await world.advance(LOOK * 2);
  }
  await opened(world, outbound());
  assertEquals(lastRequest(world)[0], nonce);
  cafe.close();
});
