/** Mappings that are over here, and that the server may hold: a later run with the same store has their nonces. */

import { assertEquals, assertNotEquals } from "@std/assert";
import type { MapHandle } from "../../src/client/map_handle.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import { type Lab, lab } from "../../src/testing/lab.ts";
import { opened, requests } from "../helpers/client.ts";
import type { Nonce } from "../../src/wire/nonce.ts";
import { MemoryStore } from "./memory_store.ts";

const inbound = () => new InboundMap(6000, 7200).protocol(17);
const outbound = () => new OutboundMap(6000, "198.51.100.7", 7000, 7200);

/** The nonce of the last request, of MAP or PEER. */
function lastNonce(world: Lab): Nonce {
  const request = requests(world).findLast(({ type }) => type === "map" || type === "peer");
  if (request === undefined || !("nonce" in request)) throw new Error("Nothing was requested");
  return request.nonce as Nonce;
}

/** A mapping ends in one run and is requested by the next: whether with the same nonce, and what the store has between. */
async function again(
  map: () => InboundMap | OutboundMap,
  end: (mapping: MapHandle, world: Lab) => Promise<unknown>,
): Promise<{ isSame: boolean; stored: (true | undefined)[]; leftovers: number }> {
  const store = new MemoryStore();
  const before = await lab({ client: { store } });
  const mapping = await opened(before, map());
  const nonce = lastNonce(before);
  await end(mapping, before);
  await before[Symbol.asyncDispose]();
  const stored = (await store.load()).map(({ ended }) => ended);
  await using world = await lab({ client: { store }, seed: 2 });
  const leftovers = world.handle.leftovers.length;
  await opened(world, map());
  return { isSame: lastNonce(world).equals(nonce), stored, leftovers };
}

Deno.test("the next run has the nonce of an outbound mapping, which cannot be deleted (G-12, C-15-3)", async () => {
  const result = await again(outbound, (mapping) => mapping.revoke());
  assertEquals(result, { isSame: true, stored: [true], leftovers: 0 });
});

Deno.test("the next run has the nonce of a mapping whose deletion was refused (G-12, C-15-3)", async () => {
  const result = await again(inbound, async (mapping, world) => {
    world.server.fail(2, { lifetime: 1800 });
    await world.settled(mapping[Symbol.asyncDispose]());
  });
  assertEquals(result, { isSame: true, stored: [true], leftovers: 0 });
});

Deno.test("the next run has the nonce of a mapping whose deletion was answered with a rest of lifetime (G-12, C-15-3)", async () => {
  const result = await again(inbound, async (mapping, world) => {
    world.server.tamper = (reply) => [reply.with(6, 0x0e)]; // 3584 s
    await world.settled(mapping.revoke());
    world.server.tamper = undefined;
  });
  assertEquals(result, { isSame: true, stored: [true], leftovers: 0 });
});

Deno.test("a deleted mapping leaves nothing in the store (C-15-3)", async () => {
  const result = await again(inbound, (mapping, world) => world.settled(mapping.revoke()));
  assertEquals(result, { isSame: false, stored: [], leftovers: 0 });
});

Deno.test("what is kept is used once, and not for another mapping (G-12)", async () => {
  const store = new MemoryStore();
  const before = await lab({ client: { store } });
  await (await opened(before, outbound())).revoke();
  const nonce = lastNonce(before);
  await before[Symbol.asyncDispose]();
  await using world = await lab({ client: { store }, seed: 2 });
  await opened(world, new OutboundMap(6000, "198.51.100.7", 7001, 7200));
  assertNotEquals(lastNonce(world).toString(), nonce.toString());
  await opened(world, outbound());
  assertEquals(lastNonce(world).toString(), nonce.toString());
  assertEquals((await store.load()).filter(({ ended }) => ended).length, 0);
});
