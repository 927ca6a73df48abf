import { assert, assertEquals, assertRejects } from "@std/assert";
import { spy } from "@std/testing/mock";
import { NotRunningError, ResultCodeError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { Alert } from "../../src/client/map_handle.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import { RequestType } from "../../src/client/request_type.ts";
import { LocalCode } from "../../src/engine/events.ts";
import { lab } from "../../src/testing/lab.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import {
  fate,
  mapRequests,
  opened,
  remains,
  unread,
  unreadErrors,
  unreadStates,
} from "../helpers/client.ts";

const ASSIGNED = {
  externalAddress: "203.0.113.5",
  externalPort: 40000,
  lifetime: 7200,
  protocol: "pcp",
} as const;

Deno.test("A mapping goes from starting to running, with an alert and a snapshot for each step", async () => {
  await using world = await lab();
  const mapping = world.handle.request(new InboundMap(6000, 7200), RequestType.KeepAlive);
  assertEquals(mapping.state, { type: "starting", attempt: 0 });
  assertEquals(mapping.assigned, undefined);
  assertEquals(mapping.expiresAt, undefined);
  assertEquals(await world.settled(mapping.ready()), ASSIGNED);
  assertEquals(mapping.state, { type: "running" });
  assertEquals(mapping.assigned, ASSIGNED);
  assertEquals(unread(mapping), [
    { type: "stateChange", state: { type: "starting", attempt: 0 } },
    { type: "stateChange", state: { type: "running" } },
    { type: "assigned", ...ASSIGNED },
  ]);
});

Deno.test("A mapping is `requested` until its first request is sent", async () => {
  await using world = await lab();
  world.server.fail(ResultCode.NoResources, { lifetime: 30 });
  const refused = world.handle.request(new InboundMap(6000, 7200));
  await assertRejects(() => world.settled(refused.ready()), ResultCodeError);
  const waiting = world.handle.request(new InboundMap(6001, 7200)); // new mappings are held back for 30 s
  assertEquals(waiting.state, { type: "requested" });
  assertEquals(unread(waiting), []);
  await world.advance(31_000);
  assertEquals(waiting.state, { type: "running" });
});

Deno.test("A mapping counts its retransmissions (C-8.1.1-1)", async () => {
  await using world = await lab();
  world.server.swallow(2);
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.settled(mapping.ready());
  assertEquals(unreadStates(mapping), ["starting 0", "starting 1", "starting 2", "running"]);
});

Deno.test("An outbound mapping gets both kinds of alerts", async () => {
  await using world = await lab();
  const mapping = world.handle.request(new OutboundMap(51000, "198.51.100.7", 443, 3600));
  const assigned = await world.settled(mapping.ready());
  assertEquals(unread(mapping), [
    { type: "stateChange", state: { type: "starting", attempt: 0 } },
    { type: "stateChange", state: { type: "running" } },
    { type: "assigned", ...assigned },
  ]);
});

Deno.test("A renewal that changes nothing causes two state alerts and no assigned alert", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const mapping = await opened(world);
  await world.advance(400_000);
  assertEquals(unread(mapping), [
    { type: "stateChange", state: { type: "updating", attempt: 0, lifetime: 7200 } },
    { type: "stateChange", state: { type: "running" } },
  ]);
});

Deno.test("A mapping that the server moves reports its new address once (C-14.2-3)", async () => {
  await using world = await lab();
  const mapping = await opened(world);
  world.host.changeExternalAddress("203.0.113.77");
  await world.advance(20_000);
  const assigned = unread(mapping).filter(({ type }) => type === "assigned");
  assertEquals(assigned, [{
    type: "assigned",
    externalAddress: "203.0.113.77",
    externalPort: 40000,
    lifetime: 7200,
    protocol: "pcp",
  }]);
  assertEquals(mapping.assigned?.externalAddress, "203.0.113.77");
});

Deno.test("A mapping update in three copies causes one alert (C-14.2-3)", async () => {
  await using world = await lab();
  const mapping = await opened(world);
  await world.advance(10_500); // so that what is left, in whole seconds, differs between the copies
  world.host.update(() => true, { externalPort: 41000 });
  await world.advance(5_000);
  assertEquals(unread(mapping).map(({ type }) => type), ["assigned"]);
  assertEquals(mapping.assigned?.externalPort, 41000);
});

Deno.test("The error state of a refused mapping has the time of the next request, which succeeds (C-8.3-L1)", async () => {
  await using world = await lab();
  world.server.fail(ResultCode.NetworkFailure, { lifetime: 45 });
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  const error = await assertRejects(() => world.settled(mapping.ready()), ResultCodeError);
  assertEquals([error.code, error.resultName, error.lifetime], [7, "NETWORK_FAILURE", 45]);
  assertEquals(mapping.state, { type: "error", code: 7, name: "NETWORK_FAILURE", retryIn: 45 });
  assertEquals(mapping.isOver, false);
  await world.advance(44_000);
  assertEquals(mapRequests(world).length, 1);
  await world.advance(2_000);
  assertEquals(mapping.state, { type: "running" });
  assertEquals(await mapping.ready(), ASSIGNED);
});

Deno.test("A mapping with PREFER_FAILURE fails for good (C-13.2-3)", async () => {
  await using world = await lab();
  world.server.fail(ResultCode.CannotProvideExternal);
  const mapping = world.handle.request(
    new InboundMap(6000, 7200).externalPort(80).preferFailure(),
  );
  const error = await assertRejects(() => world.settled(mapping.ready()), ResultCodeError);
  assertEquals([error.code, error.lifetime], [11, undefined]);
  assertEquals(mapping.state, { type: "error", code: 11, name: "CANNOT_PROVIDE_EXTERNAL" });
  assertEquals(mapping.isOver, true);
  assertEquals(world.handle.mappings, []);
  await mapping.revoke(); // nothing is there, so nothing can be refused
  assertEquals(mapping.state.type, "error");
});

Deno.test("A success without a usable address or port is an error of its own (C-8.3-12)", async () => {
  await using world = await lab();
  world.server.tamper = (reply) => [reply.with(42, 0).with(43, 0)]; // assigned external port 0
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  const error = await assertRejects(() => world.settled(mapping.ready()), ResultCodeError);
  assertEquals([error.code, error.resultName], [
    LocalCode.UnusableAssignment,
    "UNUSABLE_ASSIGNMENT",
  ]);
  assertEquals(mapping.assigned, undefined);
});

Deno.test("A mapping with limits ends in an error without a response (C-8.1.1-6)", async () => {
  await using world = await lab({ client: { protocol: { maximumTransmissions: 3 } } });
  world.server.silent = true;
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  const error = await assertRejects(() => world.settled(mapping.ready()), ResultCodeError);
  assertEquals([error.code, error.resultName], [LocalCode.NoResponse, "NO_RESPONSE"]);
  assertEquals(mapRequests(world).length, 3);
  assertEquals(mapping.isOver, true);
});

Deno.test("ready() resolves at once while there is an assignment, during a renewal too", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const mapping = await opened(world);
  world.server.silent = true;
  await world.advance(400_000);
  assertEquals(mapping.state.type, "updating");
  assertEquals((await mapping.ready()).externalPort, 40000);
  world.server.silent = false;
});

Deno.test("ready() rejects when the mapping ends without an assignment", async () => {
  await using world = await lab();
  world.server.silent = true;
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  const ready = fate(mapping.ready());
  await world.advance(1_000);
  assertEquals(ready.settled, false);
  world.server.silent = false;
  await world.settled(mapping.revoke());
  assert(ready.error instanceof NotRunningError);
  assertEquals(ready.error.toJSON(), {
    name: "NotRunningError",
    message: `Cannot wait for the assignment: mapping "1" is in state "revoked"`,
    mappingId: 1,
    state: { type: "revoked" },
  });
});

Deno.test("An AbortSignal ends a waiting call, and does not change the mapping", async () => {
  await using world = await lab();
  world.server.silent = true;
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  unread(mapping);
  const aborter = new AbortController();
  const { signal } = aborter;
  const ready = fate(mapping.ready({ signal }));
  const alert = fate(mapping.waitAlert({ signal }));
  const revoked = fate(mapping.revoke({ signal }));
  unread(mapping);
  await world.advance(1);
  assertEquals([ready.settled, revoked.settled], [false, false]);
  const second = fate(mapping.waitAlert({ signal }));
  const reason = new Error("enough");
  aborter.abort(reason);
  await world.advance(1);
  assertEquals([ready.error, revoked.error, second.error], [reason, reason, reason]);
  assertEquals(alert.value, {
    type: "stateChange",
    state: { type: "updating", attempt: 0, lifetime: 0 },
  });
  world.server.silent = false;
  await world.advance(10_000); // the deletion continued
  assertEquals(mapping.state, { type: "revoked" });
});

Deno.test("Waiting calls reject at once when the signal was aborted before", async () => {
  await using world = await lab();
  const mapping = await opened(world);
  const signal = AbortSignal.abort(new Error("too late"));
  for (const wait of [mapping.ready({ signal }), mapping.waitAlert({ signal })]) {
    await assertRejects(() => wait, Error, "too late");
  }
  assertEquals(mapping.state, { type: "running" });
});

Deno.test("A long-lived signal does not collect listeners", async () => {
  await using world = await lab();
  const { signal } = new AbortController();
  const add = spy(signal, "addEventListener");
  const remove = spy(signal, "removeEventListener");
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.settled(mapping.ready({ signal }));
  await world.settled(mapping.revoke({ signal }));
  assertEquals([add.calls.length, remove.calls.length], [2, 2]);
});

Deno.test("pollAlert(), waitAlert() and for await read one queue", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.settled(mapping.ready());
  assertEquals(mapping.pollAlert(), {
    type: "stateChange",
    state: { type: "starting", attempt: 0 },
  });
  assertEquals(await mapping.waitAlert(), { type: "stateChange", state: { type: "running" } });
  const read: Alert[] = [];
  const reading = (async () => {
    for await (const alert of mapping) read.push(alert);
  })();
  await world.settled(mapping.revoke());
  await reading; // ends with the mapping
  assertEquals(read, [
    {
      type: "assigned",
      externalAddress: "203.0.113.5",
      externalPort: 40000,
      lifetime: 600,
      protocol: "pcp",
    },
    { type: "stateChange", state: { type: "updating", attempt: 0, lifetime: 0 } },
    { type: "stateChange", state: { type: "revoked" } },
  ]);
  assertEquals(mapping.pollAlert(), undefined);
  assertEquals(await mapping.waitAlert(), undefined);
});

Deno.test("waitAlert() waits for the next alert", async () => {
  await using world = await lab();
  const mapping = await opened(world);
  const alert = fate(mapping.waitAlert());
  await world.advance(3_000_000);
  assertEquals(alert.settled, false);
  await world.advance(1_600_000); // the renewal, at 5/8 of the lifetime at the latest
  assertEquals(alert.value, {
    type: "stateChange",
    state: { type: "updating", attempt: 0, lifetime: 7200 },
  });
});

Deno.test("The newest 256 unread alerts are kept", async () => {
  await using world = await lab({ server: { maxLifetime: 60 } });
  const mapping = await opened(world);
  await world.advance(24 * 3600 * 1000);
  const alerts = unread(mapping);
  assertEquals(alerts.length, 256);
  assertEquals(alerts.at(-1), { type: "stateChange", state: mapping.state });
});

Deno.test("A mapping as JSON is its snapshot", async () => {
  await using world = await lab();
  const inbound = world.handle.request(new InboundMap(6000, 7200), RequestType.Repeat(3));
  assertEquals(JSON.parse(JSON.stringify(inbound)), {
    mappingId: 1,
    kind: "inbound",
    protocol: "tcp",
    internalPort: 6000,
    lifetime: 7200,
    requestType: { repeat: 3 },
    state: { type: "starting", attempt: 0 },
    assigned: null,
    expiresAt: null,
  });
  const before = Date.now();
  const outbound = await opened(
    world,
    new OutboundMap(51000, "198.51.100.7", 443, 3600).protocol(17),
  );
  const { expiresAt, ...rest } = JSON.parse(JSON.stringify(outbound));
  assertEquals(rest, {
    mappingId: 2,
    kind: "outbound",
    protocol: "udp",
    internalPort: 51000,
    lifetime: 3600,
    requestType: "keepAlive",
    state: { type: "running" },
    assigned: outbound.assigned,
    remoteAddress: "198.51.100.7",
    remotePort: 443,
  });
  const left = new Date(expiresAt).getTime() - before;
  const granted = (outbound.assigned?.lifetime ?? 0) * 1000;
  assert(left > granted - 1_000 && left < granted + 5_000, `${left} of ${granted} ms are left`);
  assertEquals(outbound.expiresAt?.toISOString(), expiresAt);
});

Deno.test("Protocols other than TCP and UDP are numbers in JSON", async () => {
  await using world = await lab({ server: { protocols: [132] } });
  const mapping = await opened(world, new InboundMap(6000, 60).protocol(132));
  assertEquals([mapping.protocol, mapping.toJSON().protocol], [132, 132]);
});

Deno.test("A `once` mapping expires after one lifetime, and is then over", async () => {
  await using world = await lab({ server: { maxLifetime: 100 } });
  const mapping = await opened(world, new InboundMap(6000, 7200), RequestType.Once);
  await world.advance(99_000);
  assertEquals(mapping.state, { type: "running" });
  await world.advance(1_100);
  assertEquals(mapping.state, { type: "expired" });
  assertEquals([mapping.isOver, mapping.assigned, mapping.expiresAt], [true, undefined, undefined]);
  assertEquals(unreadStates(mapping), ["expired"]);
  assertEquals(world.sent().length, 1);
  await assertRejects(
    () => mapping.ready(),
    NotRunningError,
    'Cannot wait for the assignment: mapping "1" is in state "expired"',
  );
});

Deno.test("A keep-alive mapping that expired starts again with the same nonce and suggestion (C-11.2.1-10)", async () => {
  await using world = await lab({ server: { maxLifetime: 100 } });
  const mapping = await opened(world);
  world.server.silent = true;
  await world.advance(101_000);
  const states = unreadStates(mapping);
  assertEquals(states.slice(-2), ["expired", "starting 0"]);
  assertEquals([mapping.isOver, mapping.assigned], [false, undefined]);
  world.server.silent = false;
  await world.settled(mapping.ready());
  const all = mapRequests(world);
  const first = all[0];
  assert(first !== undefined && all.length > 2);
  assert(all.every(({ nonce }) => nonce.equals(first.nonce)));
  assert(all.slice(1).every(({ externalPort }) => externalPort === 40000));
});

for (
  const [type, lifetimes] of [
    [RequestType.Once, 1],
    [RequestType.Repeat(1), 1],
    [RequestType.Repeat(2), 2],
    [RequestType.Repeat(5), 5],
  ] as const
) {
  Deno.test(`A request of type ${JSON.stringify(type)} lasts ${lifetimes} lifetimes in all`, async () => {
    await using world = await lab({ server: { maxLifetime: 120 } });
    const mapping = await opened(world, new InboundMap(6000, 7200), type);
    await world.advance(7 * 120_000);
    assertEquals(mapping.state, { type: "expired" });
    assertEquals(world.server.counters.received, { map: lifetimes });
    assertEquals(unreadErrors(world.handle), []);
  });
}

Deno.test("Closing a lab leaves no mapping, alarm or socket", async () => {
  const world = await lab();
  const mapping = await opened(world);
  await world.settled(mapping.revoke());
  await world.settled(world.handle.shutdown());
  assertEquals(await remains(world), { mappings: 0, alarms: 0, sockets: 0 });
});
