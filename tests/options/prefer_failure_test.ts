/** PREFER_FAILURE (RFC 6887 section 13.2), and suggestions without it. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ResultCodeError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { lab } from "../../src/testing/lab.ts";
import { deliver, lastNonce, mapRequests, mapSuccess, opened } from "../helpers/client.ts";

const picky = () => new InboundMap(6000, 7200).externalPort(6000).preferFailure();

Deno.test("PREFER_FAILURE is not sent by default, and requires a port (C-13.2-1, C-13.2-2)", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const mapping = await opened(world, new InboundMap(6000, 7200).externalPort(6000));
  await world.advance(1_000_000);
  await world.settled(mapping.revoke());
  assertEquals(mapRequests(world).flatMap(({ options }) => options), []);
  const portless = new InboundMap(6000, 7200).preferFailure();
  assertThrows(() => world.handle.request(portless), RangeError, "external port");
});

Deno.test("a success with another port is ignored, a later refusal is not (C-13.2-3)", async () => {
  await using world = await lab();
  world.server.silent = true;
  const mapping = world.handle.request(picky());
  await world.advance(100);
  const nonce = lastNonce(world);
  await deliver(world, mapSuccess(world, nonce, { externalPort: 40000 }));
  assertEquals([mapping.state.type, mapping.assigned], ["starting", undefined]);
  await deliver(world, mapSuccess(world, nonce, { result: 11, lifetime: 30, externalPort: 6000 }));
  const state = mapping.state;
  assertEquals(state.type === "error" && [state.name, state.retryIn], [
    "CANNOT_PROVIDE_EXTERNAL",
    undefined,
  ]);
  assertEquals(world.handle.stats().ignored, { notSuggested: 1 });
});

Deno.test("a port in use ends the mapping, and no other port is tried (C-13.2-4)", async () => {
  await using world = await lab();
  world.server.insert(0, {
    kind: "static",
    protocol: 6,
    internalAddress: "192.168.1.99",
    internalPort: 6000,
    externalPort: 6000,
  });
  const mapping = world.handle.request(picky());
  await assertRejects(() => world.settled(mapping.ready()), ResultCodeError, "CANNOT_PROVIDE");
  assertEquals(mapping.isOver, true);
  await world.advance(86_400_000);
  assertEquals(world.sent().length, 1);
});

Deno.test("renewals carry PREFER_FAILURE with the assigned port, the deletion does not (C-15.1-7)", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const mapping = await opened(world, picky());
  await world.advance(400_000);
  await world.settled(mapping.revoke());
  assertEquals(mapRequests(world).map(({ options }) => options.length), [1, 1, 0]);
  assertEquals(world.server.counters.violations, {});
});
