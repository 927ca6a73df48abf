import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { NotRunningError, ResultCodeError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import { RequestType } from "../../src/client/request_type.ts";
import { lab } from "../../src/testing/lab.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import { fate, mapRequests, opened, requests, unread, unreadStates } from "../helpers/client.ts";

Deno.test("renew() requests another lifetime at once, and at later renewals", async () => {
  await using world = await lab();
  const mapping = await opened(world, new InboundMap(6000, 600));
  await world.advance(10_000);
  mapping.renew(900);
  assertEquals(mapping.state, { type: "updating", attempt: 0, lifetime: 900 });
  assertEquals(mapping.lifetime, 900);
  await world.advance(2);
  assertEquals(mapping.state, { type: "running" });
  assertEquals(mapping.assigned?.lifetime, 900);
  assertEquals(unread(mapping), [
    { type: "stateChange", state: { type: "updating", attempt: 0, lifetime: 900 } },
    { type: "stateChange", state: { type: "running" } },
    {
      type: "assigned",
      externalAddress: "203.0.113.5",
      externalPort: 40000,
      lifetime: 900,
      protocol: "pcp",
    },
  ]);
  await world.advance(900_000);
  assertEquals(mapRequests(world).slice(1).map(({ lifetime }) => lifetime), [900, 900]);
});

Deno.test("renew() extends a `once` mapping by one lifetime", async () => {
  await using world = await lab();
  const mapping = await opened(world, new InboundMap(6000, 600), RequestType.Once);
  await world.advance(500_000);
  mapping.renew(600);
  await world.advance(500_000);
  assertEquals(mapping.state, { type: "running" });
  await world.advance(101_000);
  assertEquals(mapping.state, { type: "expired" });
});

for (const lifetime of [0, -1, 1.5, 2 ** 32, NaN, Infinity]) {
  Deno.test(`renew(${lifetime}) is refused, and sends nothing`, async () => {
    await using world = await lab();
    const mapping = await opened(world);
    assertThrows(
      () => mapping.renew(lifetime),
      RangeError,
      `lifetime in seconds must be an integer from 1 to 4294967295, got "${lifetime}"`,
    );
    assertEquals([world.sent().length, mapping.lifetime], [1, 7200]);
  });
}

Deno.test("renew() of an unassigned mapping throws an error with the state, and sends nothing", async () => {
  await using world = await lab();
  world.server.silent = true;
  const mapping = world.handle.request(new InboundMap(6000, 600), RequestType.Once);
  const refusal = (state: string) => {
    const sent = world.sent().length;
    const error = assertThrows(() => mapping.renew(60), NotRunningError);
    assertEquals(error.message, `Cannot renew the mapping: mapping "1" is in state "${state}"`);
    assertEquals(world.sent().length, sent);
  };
  refusal("starting");
  world.server.silent = false;
  await world.settled(mapping.ready());
  world.server.silent = true;
  const revoked = mapping.revoke();
  refusal("updating");
  world.server.silent = false;
  await world.settled(revoked);
  refusal("revoked");
});

Deno.test("revoke() resolves when the server has confirmed, and repeats until then (C-15.1-8)", async () => {
  await using world = await lab();
  const mapping = await opened(world);
  world.server.swallow(2);
  const revoked = fate(mapping.revoke());
  await world.advance(8_000);
  assertEquals(revoked.settled, false);
  assertEquals(mapping.state, { type: "updating", attempt: 1, lifetime: 0 });
  await world.advance(2_000);
  assertEquals([revoked.settled, revoked.error], [true, undefined]);
  assertEquals(mapping.state, { type: "revoked" });
  assertEquals([mapping.isOver, mapping.assigned], [true, undefined]);
  assertEquals(world.handle.mappings, []);
  assertEquals(world.server.mappings.size, 0);
  assertEquals(unreadStates(mapping), [
    "updating 0 for 0",
    "updating 1 for 0",
    "updating 2 for 0",
    "revoked",
  ]);
});

Deno.test("revoke() resolves when the mapping has expired anyway, and sends nothing after that (C-15.1-8)", async () => {
  await using world = await lab({ server: { maxLifetime: 60 } });
  const mapping = await opened(world);
  world.server.silent = true;
  await world.settled(mapping.revoke());
  assert(world.clock.now() <= 60_002);
  assertEquals(mapping.state, { type: "revoked" });
  const sent = world.sent().length;
  await world.advance(600_000);
  assertEquals(world.sent().length, sent);
});

Deno.test("revoke() twice is one deletion, and both wait for it", async () => {
  await using world = await lab();
  const mapping = await opened(world);
  await world.settled(Promise.all([mapping.revoke(), mapping.revoke()]));
  await mapping.revoke();
  assertEquals(world.server.counters.received, { map: 1, mapDelete: 1 });
});

Deno.test("revoke() before the first response leaves nothing behind", async () => {
  await using world = await lab();
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.settled(mapping.revoke());
  assertEquals(mapping.state, { type: "revoked" });
  await world.advance(60_000);
  assertEquals(world.server.mappings.size, 0);
});

Deno.test("revoke() before the first request is sent sends nothing", async () => {
  await using world = await lab();
  world.server.fail(ResultCode.NoResources, { lifetime: 60 });
  world.handle.request(new InboundMap(6000, 7200));
  await world.advance(2);
  const waiting = world.handle.request(new InboundMap(6001, 7200));
  await waiting.revoke();
  assertEquals(waiting.state, { type: "revoked" });
  await world.advance(120_000);
  assertEquals(mapRequests(world).filter(({ internalPort }) => internalPort === 6001), []);
});

Deno.test("revoke() during the hold after a refusal sends nothing", async () => {
  await using world = await lab();
  world.server.fail(ResultCode.NetworkFailure, { lifetime: 30 });
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(2);
  assertEquals(mapping.state.type, "error");
  await mapping.revoke();
  assertEquals(mapping.state, { type: "revoked" });
  await world.advance(60_000);
  assertEquals(world.sent().length, 1);
});

Deno.test("revoke() rejects with the code when the server refuses to delete (C-15.1-6)", async () => {
  await using world = await lab();
  const mapping = await opened(world);
  world.server.fail(ResultCode.NotAuthorized);
  const error = await assertRejects(() => world.settled(mapping.revoke()), ResultCodeError);
  assertEquals([error.code, error.resultName], [2, "NOT_AUTHORIZED"]);
  assert(
    error.message.startsWith('Cannot delete the mapping: the server answered "NOT_AUTHORIZED"'),
  );
  assertEquals(mapping.state, { type: "error", code: 2, name: "NOT_AUTHORIZED" });
  const sent = world.sent().length;
  await world.advance(7_200_000);
  assertEquals(world.sent().length, sent); // no loop
});

Deno.test("revoke() of an outbound mapping ends the renewals and sends nothing (C-12.1-D)", async () => {
  await using world = await lab();
  const mapping = await opened(world, new OutboundMap(51000, "198.51.100.7", 443, 600));
  await mapping.revoke();
  assertEquals(mapping.state, { type: "revoked" });
  await world.advance(1_000_000);
  assertEquals(requests(world).length, 1);
});

Deno.test("A mapping requested again after its deletion has the same nonce and suggestion (C-15-3)", async () => {
  await using world = await lab();
  const first = await opened(world);
  await world.settled(first.revoke());
  await world.advance(60_000);
  const second = await opened(world);
  assertEquals(second.assigned, first.assigned ?? second.assigned);
  const [made, , again] = mapRequests(world);
  assert(made !== undefined && again !== undefined && made.nonce.equals(again.nonce));
  assertEquals(again.externalPort, 40000);
});

Deno.test("A mapping requested again during its deletion waits for its end, and is then assigned", async () => {
  await using world = await lab();
  const first = await opened(world);
  const revoked = first.revoke();
  const second = world.handle.request(new InboundMap(6000, 7200));
  await world.settled(second.ready());
  await revoked;
  assertEquals([first.state.type, second.state.type], ["revoked", "running"]);
  assertEquals(world.server.mappings.size, 1);
});

Deno.test("`await using` deletes the mapping, with state dropped", async () => {
  await using world = await lab();
  const mapping = await opened(world);
  const block = async (): Promise<void> => {
    await using held = mapping;
    assertEquals(held.state, { type: "running" });
  };
  await world.settled(block());
  assertEquals(mapping.state, { type: "dropped" });
  assertEquals(world.server.mappings.size, 0);
});

Deno.test("Disposal after revoke() changes nothing, and a refused one is no error", async () => {
  await using world = await lab();
  const revoked = await opened(world);
  await world.settled(revoked.revoke());
  await revoked[Symbol.asyncDispose]();
  assertEquals(revoked.state, { type: "revoked" });
  const refused = await opened(world);
  world.server.fail(ResultCode.NotAuthorized);
  await world.settled(refused[Symbol.asyncDispose]());
  assertEquals(refused.state, { type: "error", code: 2, name: "NOT_AUTHORIZED" });
});
