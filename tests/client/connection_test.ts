import { assert, assertEquals } from "@std/assert";
import { Client } from "../../src/client/client.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { lab } from "../../src/testing/lab.ts";
import { encodeRequest, encodeResponse } from "../../src/wire/message.ts";
import { IpAddress } from "../../src/wire/address.ts";
import {
  deliver,
  mapRequests,
  multicast,
  opened,
  unread,
  unreadErrors,
} from "../helpers/client.ts";

const announcement = (
  epoch: number,
  changes: { result?: number; lifetime?: number } = {},
): Uint8Array => encodeResponse({ type: "announce", result: 0, lifetime: 0, epoch, ...changes });

Deno.test("A restart announced by multicast is recovered from within 5 s, at random times (C-14.1.3-1, C-14.1.3-5)", async () => {
  const waits: number[] = [];
  for (let seed = 1; seed <= 30; seed++) {
    await using world = await lab({ seed });
    await opened(world);
    await world.advance(60_000);
    const at = world.clock.now();
    world.host.restart();
    await world.advance(6_000);
    const [again] = mapRequests(world, at);
    assert(again !== undefined && world.server.mappings.size === 1);
    waits.push(again.at - at);
  }
  assert(Math.max(...waits) <= 5_002, `${Math.max(...waits)} ms`);
  assert(Math.max(...waits) > 3_500 && Math.min(...waits) < 1_500, `${waits}`);
});

Deno.test("A restart announced to the socket of the requests counts too (C-14.1.3-2)", async () => {
  await using world = await lab({ client: { multicast: false } });
  await opened(world);
  await world.advance(60_000);
  world.host.restart({ announce: false });
  await deliver(world, announcement(0));
  await world.advance(6_000);
  assertEquals(unreadErrors(world.handle).map(({ name }) => name), ["ServerRestartedError"]);
  assertEquals(world.server.mappings.size, 1);
});

Deno.test("An announcement with a continuing epoch changes nothing (C-14.1.3-6)", async () => {
  await using world = await lab();
  const mapping = await opened(world);
  await world.advance(60_000);
  world.host.announce();
  await world.advance(200_000);
  assertEquals([unread(mapping), unreadErrors(world.handle), world.sent().length], [[], [], 1]);
  assertEquals(world.handle.stats().epoch, 187); // the last copy came 127.75 s after the first
});

Deno.test("The lifetime of an announcement is ignored (C-14.1.3-8)", async () => {
  await using world = await lab();
  await opened(world);
  await world.advance(60_000);
  await multicast(world, announcement(0, { lifetime: 99 }));
  await world.advance(6_000);
  assertEquals(mapRequests(world).length, 2);
});

const UNHEARD: readonly (readonly [string, Uint8Array])[] = [
  ["a failed announcement (C-14.1.3-9)", announcement(0, { result: 2 })],
  [
    "an ANNOUNCE request (C-14.1.3-13)",
    encodeRequest({ type: "announce", lifetime: 0, clientAddress: IpAddress.parse("192.168.1.1") }),
  ],
  [
    "a NAT-PMP announcement (C-14.1.3-10)",
    new Uint8Array([0, 128, 0, 0, 0, 0, 0, 1, 203, 0, 113, 5]),
  ],
  ["an announcement of version 3", announcement(0).with(0, 3)],
  ["an announcement cut off", announcement(0).slice(0, 20)],
  ["nothing at all", new Uint8Array(0)],
  ["1500 octets", new Uint8Array(1500).fill(0x82)],
];

for (const [what, bytes] of UNHEARD) {
  Deno.test(`On the announcement port ${what} changes nothing but a counter`, async () => {
    await using world = await lab();
    const mapping = await opened(world);
    await world.advance(60_000);
    await multicast(world, bytes);
    await world.advance(10_000);
    assertEquals([unread(mapping), unreadErrors(world.handle), world.sent().length], [[], [], 1]);
    const { ignored, received } = world.handle.stats();
    assertEquals([Object.values(ignored), received], [[1], 2]);
  });
}

Deno.test("An announcement from another address or port is ignored (C-14.1.3-4)", async () => {
  await using world = await lab();
  const mapping = await opened(world);
  await world.advance(60_000);
  const sink = { datagram() {}, error() {} };
  for (
    const local of [{ hostname: "192.168.1.66", port: 5351 }, {
      hostname: "192.168.1.1",
      port: 5350,
    }]
  ) {
    const socket = await world.network.open(local, sink);
    await socket.send(announcement(0), { hostname: "224.0.0.1", port: 5350 });
  }
  await world.advance(10_000);
  assertEquals([unread(mapping), unreadErrors(world.handle), world.sent().length], [[], [], 1]);
  assertEquals(world.handle.stats().ignored, { source: 2 });
});

Deno.test("A flood of forged announcements costs a bounded number of requests, and no mapping (C-14.1.3-11)", async () => {
  await using world = await lab();
  const mapping = await opened(world);
  await world.advance(60_000);
  for (let second = 0; second < 600; second++) {
    await multicast(world, announcement(second % 2 === 0 ? 0 : 1_000_000));
    await world.advance(999);
  }
  assert(mapRequests(world).length <= 1 + 2 + 11, `${mapRequests(world).length} requests`);
  assertEquals([mapping.state.type, mapping.assigned?.externalPort], ["running", 40000]);
  assert(unreadErrors(world.handle).length <= 100);
});

Deno.test("A client that cannot listen notices the restart at its next renewal", async () => {
  await using world = await lab({ server: { maxLifetime: 600 }, client: { multicast: false } });
  const mapping = await opened(world);
  await world.advance(60_000);
  world.host.restart();
  await world.advance(10_000);
  assertEquals([world.server.mappings.size, unread(mapping)], [0, []]);
  await world.advance(310_000);
  assertEquals(world.server.mappings.size, 1);
  assertEquals(unreadErrors(world.handle).map(({ name }) => name), ["ServerRestartedError"]);
});

Deno.test("Another server's restart concerns only its own client (C-8.5-8)", async () => {
  await using world = await lab({ server: { epoch: 100_000 } });
  const { clock, network } = world;
  await opened(world);
  const other = await lab({ serverAddress: "192.168.1.2", clientAddress: "192.168.1.30" });
  await opened(other);
  const handle = await Client.start("192.168.1.20", "192.168.1.1", { clock, network });
  await world.settled(handle.request(new InboundMap(7000, 7200)).ready());
  await world.advance(60_000);
  const foreign = await network.open({ hostname: "192.168.1.2", port: 5351 }, {
    datagram() {},
    error() {},
  });
  await foreign.send(announcement(0), { hostname: "224.0.0.1", port: 5350 });
  await world.advance(10_000);
  for (const client of [handle, world.handle]) {
    assertEquals([unreadErrors(client), client.stats().ignored], [[], { source: 1 }]);
  }
  await world.settled(handle.shutdown());
  await other[Symbol.asyncDispose]();
});
