import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Client } from "../../src/client/client.ts";
import {
  ClosedError,
  RenewalRefusedError,
  ResultCodeError,
  type ServerRestartedError,
} from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { PcpError } from "../../src/pcp_error.ts";
import { RequestType } from "../../src/client/request_type.ts";
import { lab } from "../../src/testing/lab.ts";
import type { Network, Sink } from "../../src/transport/transport.ts";
import { Opcode } from "../../src/wire/opcode.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import {
  fate,
  mapRequests,
  opened,
  requests,
  SERVER,
  unread,
  unreadErrors,
} from "../helpers/client.ts";

Deno.test("handle.request() is synchronous, and requests keep-alive mappings by default", async () => {
  await using world = await lab();
  const first = world.handle.request(new InboundMap(6000, 60));
  const second = world.handle.request(new InboundMap(6001, 60), RequestType.Once);
  assertEquals([first.requestType, second.requestType], ["keepAlive", "once"]);
  assert(first.id !== second.id);
  assertEquals(world.handle.mappings, [first, second]);
});

Deno.test("handle.mappings are those that are not over, oldest first", async () => {
  await using world = await lab({ server: { maxLifetime: 60 } });
  const once = await opened(world, new InboundMap(6000, 60), RequestType.Once);
  const kept = await opened(world, new InboundMap(6001, 60));
  const revoked = await opened(world, new InboundMap(6002, 60));
  assertEquals(world.handle.mappings, [once, kept, revoked]);
  await world.settled(revoked.revoke());
  await world.advance(61_000);
  assertEquals(world.handle.mappings, [kept]);
});

Deno.test("Responses reach their mappings in any order (C-8.3-10)", async () => {
  await using world = await lab();
  let delay = 100;
  world.network.link = ({ to }) => [to.port === 5351 ? 0 : delay -= 10]; // each response overtakes the one before
  const mappings = Array.from({ length: 10 }, (_, index) => {
    return world.handle.request(new InboundMap(6000 + index, 60));
  });
  await world.settled(Promise.all(mappings.map((mapping) => mapping.ready())));
  assertEquals(
    mappings.map(({ assigned }) => assigned?.externalPort),
    mappings.map(({ internalPort }) => world.server.mapping(6, internalPort)?.externalPort),
  );
  assertEquals(world.handle.stats().ignored, {});
});

Deno.test("A burst of 1,000 requests is paced, and all get assignments (C-14.1.3-12)", async () => {
  await using world = await lab();
  const mappings = Array.from({ length: 1000 }, (_, index) => {
    return world.handle.request(new InboundMap(1 + index, 7200));
  });
  assert(world.sent().length <= 128, `${world.sent().length} requests at one instant`);
  await world.settled(Promise.all(mappings.map((mapping) => mapping.ready())), 2_000);
  assertEquals(world.server.counters.received, { map: 1000 });
});

Deno.test("A failed send is reported and repeated on schedule; the client continues", async () => {
  await using world = await lab();
  world.network.failSends = ({ port }) =>
    port === 5351 ? new Error("network is unreachable") : undefined;
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(4_000);
  const errors = unreadErrors(world.handle);
  assertEquals(
    errors.map((error) => error.toJSON()),
    [1, 2].map(() => ({
      name: "SocketError",
      message:
        'Cannot send to "192.168.1.1" port "5351", trying again later: network is unreachable',
      operation: "send",
    })),
  );
  assertEquals(mapping.state, { type: "starting", attempt: 1 });
  world.network.failSends = undefined;
  await world.settled(mapping.ready());
  assert(world.clock.now() < 11_000);
  assertEquals(world.handle.stats().sendErrors, 2);
});

Deno.test("Renewals whose sends fail continue until the end of the lifetime", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const mapping = await opened(world);
  world.network.failSends = () => new Error("no buffer space available");
  await world.advance(560_000);
  assert(unreadErrors(world.handle).length >= 3);
  assert(mapping.assigned !== undefined);
  world.network.failSends = undefined;
  await world.advance(40_000);
  assertEquals([mapping.state.type, world.server.mappings.size], ["running", 1]);
});

Deno.test("Receive errors are reported on either socket; the client continues", async () => {
  const world = await lab();
  const { clock, network } = world;
  const sinks: Sink[] = [];
  const tapped: Network = {
    name: "tapped",
    open(options, sink) {
      sinks.push(sink);
      return network.open(options, sink);
    },
  };
  const handle = await Client.start("192.168.1.20", SERVER, { clock, network: tapped });
  for (const sink of sinks) sink.error(new Error("the network is down"));
  assertEquals(unreadErrors(handle).map((error) => error.toJSON()), [
    {
      name: "SocketError",
      message: 'Cannot receive on "192.168.1.20": the network is down',
      operation: "receive",
    },
    {
      name: "SocketError",
      message: 'Cannot receive on "224.0.0.1": the network is down',
      operation: "receive",
    },
  ]);
  await world.settled(handle.request(new InboundMap(6000, 60)).ready());
  await world.settled(handle.shutdown());
  await world[Symbol.asyncDispose]();
});

Deno.test("pollError(), waitError() and errors() read one queue, which is closed with the client", async () => {
  const world = await lab();
  let port = 6000;
  const trouble = async (text: string): Promise<void> => {
    world.network.failSends = () => new Error(text);
    world.handle.request(new InboundMap(port++, 60));
    await world.advance(1);
  };
  const waiting = fate(world.handle.waitError());
  const second = fate(world.handle.waitError({ signal: AbortSignal.abort(new Error("too late")) }));
  await trouble("A");
  await trouble("B");
  await trouble("C");
  await world.advance(1);
  assertEquals(causeOf(waiting.value as PcpError), "A");
  assertEquals((second.error as Error).message, "too late");
  assertEquals(causeOf(world.handle.pollError()), "B");
  const read: string[] = [];
  const reading = (async () => {
    for await (const error of world.handle.errors()) read.push(causeOf(error));
  })();
  await world.advance(1);
  await trouble("D");
  world.network.failSends = undefined;
  await world[Symbol.asyncDispose]();
  await reading;
  assertEquals(read, ["C", "D"]);
  assertEquals(await world.handle.waitError(), undefined);
  assertEquals(world.handle.pollError(), undefined);
});

Deno.test("The newest 100 unread errors are kept", async () => {
  await using world = await lab();
  world.network.failSends = () => new Error("network is unreachable");
  for (let port = 1; port <= 300; port++) world.handle.request(new InboundMap(port, 60));
  await world.advance(60_000);
  assertEquals(unreadErrors(world.handle).length, 100);
});

Deno.test("A refused renewal is reported, and does not end the mapping (C-8.3-L10)", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const mapping = await opened(world);
  world.server.fail(ResultCode.NetworkFailure, { lifetime: 30 });
  await world.advance(376_000);
  const [error] = unreadErrors(world.handle);
  assert(error instanceof RenewalRefusedError);
  assertEquals([error.mappingId, error.code, error.retryIn], [mapping.id, 7, 30]);
  assertEquals(mapping.state, { type: "running" });
  const sent = world.sent().length;
  await world.advance(200_000);
  assertEquals([mapping.state.type, world.sent().length], ["running", sent + 1]);
});

Deno.test("A restart of the server is reported once, and every mapping is restored (C-14.1.3-7)", async () => {
  await using world = await lab({ server: { assignPort: "same" } });
  const mappings = [];
  for (let port = 6000; port < 6010; port++) {
    mappings.push(await opened(world, new InboundMap(port, 7200)));
  }
  await world.advance(60_000);
  world.host.restart();
  await world.advance(200_000); // ten copies of the announcement in 128 s
  const errors = unreadErrors(world.handle);
  assertEquals(errors.map(({ name }) => name), ["ServerRestartedError"]);
  assertEquals((errors[0] as ServerRestartedError).epoch, 0);
  assertEquals(world.server.mappings.size, 10);
  assertEquals(mapRequests(world, 60_000).length, 10);
  for (const mapping of mappings) {
    assertEquals(
      unread(mapping).map((alert) => alert.type === "assigned" ? "assigned" : alert.state.type),
      [
        "updating",
        "running",
        "assigned",
      ],
    );
  }
});

Deno.test("announce() returns the server's epoch and the round trip (C-14.1-1, C-14.1-2)", async () => {
  await using world = await lab({ server: { epoch: 1000 }, latency: 20 });
  await world.advance(5_000);
  assertEquals(await world.settled(world.handle.announce()), { epoch: 1005, roundTrip: 40 });
  const [request] = requests(world);
  assertEquals([request?.type, request?.lifetime, world.sent()[0]?.bytes.length], [
    "announce",
    0,
    24,
  ]);
});

Deno.test("announce() repeats the request until a response or an abort", async () => {
  await using world = await lab();
  world.server.silent = true;
  const aborter = new AbortController();
  const waits = [1, 2].map(() => fate(world.handle.announce({ signal: aborter.signal })));
  await world.advance(10_000);
  assertEquals(world.sent().length, 3); // at 0, 3 and 9 s: one request for both
  aborter.abort(new Error("enough"));
  await world.advance(3_600_000);
  assertEquals(waits.map(({ error }) => (error as Error).message), ["enough", "enough"]);
  assertEquals(world.sent().length, 3);
  world.server.silent = false;
  assertEquals((await world.settled(world.handle.announce())).epoch, 3610);
});

Deno.test("announce() repeats the request until the last caller has aborted", async () => {
  await using world = await lab();
  world.server.swallow(2);
  const aborter = new AbortController();
  const aborted = fate(world.handle.announce({ signal: aborter.signal }));
  const other = world.handle.announce();
  await world.advance(1_000);
  aborter.abort(new Error("enough"));
  const { epoch } = await world.settled(other); // at the third transmission, after 3 + 6 s
  assert(epoch >= 8 && epoch <= 10, `${epoch}`);
  assertEquals((aborted.error as Error).message, "enough");
});

Deno.test("announce() rejects with the code when the server refuses", async () => {
  await using world = await lab();
  world.server.fail(ResultCode.UnsuppOpcode, { opcode: Opcode.Announce, lifetime: 60 });
  const error = await assertRejects(() => world.settled(world.handle.announce()), ResultCodeError);
  assertEquals([error.code, error.resultName, error.lifetime], [4, "UNSUPP_OPCODE", 60]);
});

Deno.test("announce() with an aborted signal sends nothing", async () => {
  await using world = await lab();
  const signal = AbortSignal.abort(new Error("too late"));
  await assertRejects(() => world.handle.announce({ signal }), Error, "too late");
  assertEquals(world.sent(), []);
});

Deno.test("externalAddress() uses a short mapping of a random high port, and leaves none behind (C-11.6-1, G-1)", async () => {
  await using world = await lab();
  assertEquals(await world.settled(world.handle.externalAddress()), "203.0.113.5");
  const [request] = mapRequests(world);
  assertEquals([request?.protocol, request?.lifetime], [17, 120]);
  assert((request?.internalPort ?? 0) >= 49_152, `${request?.internalPort}`);
  assertEquals(world.server.mappings.size, 0);
  assertEquals(world.handle.mappings, []);
  await world.advance(3_600_000);
  assertEquals(world.server.counters.received, { map: 1, mapDelete: 1 });
});

Deno.test("externalAddress() called twice at once resolves both", async () => {
  await using world = await lab();
  const { handle } = world;
  const both = Promise.all([handle.externalAddress(), handle.externalAddress()]);
  assertEquals(await world.settled(both), ["203.0.113.5", "203.0.113.5"]);
  assertEquals(world.server.mappings.size, 0);
  assertEquals(world.server.counters.refused, {});
});

Deno.test("externalAddress() rejects with the code, or with the signal's reason, and leaves none behind", async () => {
  await using world = await lab();
  world.server.fail(ResultCode.NetworkFailure);
  const error = await assertRejects(
    () => world.settled(world.handle.externalAddress()),
    ResultCodeError,
  );
  assertEquals(error.code, 7);
  await world.advance(60_000);
  world.server.silent = true;
  const aborter = new AbortController();
  const aborted = fate(world.handle.externalAddress({ signal: aborter.signal }));
  await world.advance(1_000);
  aborter.abort(new Error("enough"));
  await world.advance(1);
  assertEquals((aborted.error as Error).message, "enough");
  world.server.silent = false;
  await world.advance(60_000);
  assertEquals(world.server.mappings.size, 0);
});

Deno.test("After shutdown() every request throws a ClosedError", async () => {
  const world = await lab();
  await world[Symbol.asyncDispose]();
  assertThrows(
    () => world.handle.request(new InboundMap(6000, 60)),
    ClosedError,
    "Cannot request a mapping: the client was shut down, start another one",
  );
  await assertRejects(() => world.handle.announce(), ClosedError);
  await assertRejects(() => world.handle.externalAddress(), ClosedError);
  assertEquals(world.sent(), []);
  assertEquals(world.handle.mappings, []);
});

Deno.test("A call with an invalid argument throws without sending anything", async () => {
  await using world = await lab();
  assertThrows(() => world.handle.request(new InboundMap(6000, 60).protocol(0)), RangeError);
  const mapping = world.handle.request(new InboundMap(6000, 60));
  assertEquals(mapping.id, 1);
});

function causeOf(error: PcpError | undefined): string {
  return error?.cause instanceof Error ? error.cause.message : "no cause";
}
