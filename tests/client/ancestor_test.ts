/** Defects of the Rust crate pcp-rs, by their numbers: each stays fixed here. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { AnnouncementError, NotRunningError, ResultCodeError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import { RequestType } from "../../src/client/request_type.ts";
import { lab } from "../../src/testing/lab.ts";
import type { TappedDatagram } from "../../src/transport/memory.ts";
import { decodeOptions, encodeOption, type Option, optionLength } from "../../src/wire/option.ts";
import {
  deliver,
  fate,
  lastNonce,
  mapRequests,
  mapSuccess,
  opened,
  requests,
  unread,
  unreadErrors,
  unreadStates,
} from "../helpers/client.ts";

Deno.test("One restart is reported once: the new epoch is remembered (defect 1)", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  await opened(world);
  await world.advance(1_000_000);
  world.host.restart({ announce: false });
  await world.advance(10_000_000);
  assertEquals(unreadErrors(world.handle).map(({ name }) => name), ["ServerRestartedError"]);
});

Deno.test("A response that reveals a restart is accepted: its request is not repeated (defect 2)", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const mapping = await opened(world);
  await world.advance(1_000_000);
  const at = world.clock.now();
  world.host.restart({ announce: false });
  await world.advance(380_000);
  assertEquals(unreadErrors(world.handle).length, 1);
  assertEquals(mapRequests(world, at).length, 1); // the renewal only
  assertEquals([mapping.state.type, world.server.mappings.size], ["running", 1]);
});

Deno.test("The epoch is checked against the time of receipt, however late the alert is read (defect 3)", async () => {
  await using world = await lab({ server: { maxLifetime: 120 } });
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  const read: string[] = [];
  const reading = (async () => {
    for await (const alert of mapping) {
      read.push(alert.type);
      const { promise, resolve } = Promise.withResolvers<void>();
      world.clock.alarm(world.clock.now() + 1_000_000, resolve); // a very slow reader
      await promise;
    }
  })();
  await world.advance(10_000_000);
  assert(read.length > 8 && world.server.counters.received["map"] !== 1);
  assertEquals(unreadErrors(world.handle), []);
  await world.settled(mapping.revoke());
  await world.settled(reading, 1e9);
});

Deno.test("Announcements are received by a socket that joined their group, not one bound to the client's address (defect 4)", async () => {
  await using world = await lab();
  await opened(world);
  const heard: TappedDatagram[] = [];
  world.network.onDatagram = (datagram) => void heard.push(datagram);
  await world.advance(60_000);
  world.host.restart();
  await world.advance(10_000);
  assertEquals(heard[0]?.to, { hostname: "224.0.0.1", port: 5350 });
  assertEquals(unreadErrors(world.handle).map(({ name }) => name), ["ServerRestartedError"]);
  assertEquals(world.server.mappings.size, 1);
});

Deno.test("A client works when another program has port 5350 (defect 5)", async () => {
  const world = await lab();
  const { network, clock } = world;
  network.failOpen = ({ port }) => port === 5350 ? new Error("the address is in use") : undefined;
  const { Client } = await import("../../src/client/client.ts");
  const handle = await Client.start("192.168.1.20", "192.168.1.1", { clock, network });
  assert(handle.pollError() instanceof AnnouncementError);
  const mapping = handle.request(new InboundMap(6000, 7200));
  assertEquals((await world.settled(mapping.ready())).externalAddress, "203.0.113.5");
  await world.settled(handle.shutdown());
  await world[Symbol.asyncDispose]();
});

Deno.test("Link-local IPv6 works: the interface is kept for the socket (defect 6)", async () => {
  await using world = await lab({ clientAddress: "fe80::10%eth0", serverAddress: "fe80::1%eth0" });
  const to = new Set<string>();
  world.network.onDatagram = (datagram) => void to.add(datagram.to.hostname);
  const mapping = await opened(world);
  assertEquals(mapping.state, { type: "running" });
  assert(to.has("fe80::1%eth0"), [...to].join());
});

Deno.test("An announcement without a restart resends nothing (defect 7)", async () => {
  await using world = await lab();
  await opened(world);
  await world.advance(60_000);
  world.host.announce();
  await world.advance(200_000);
  assertEquals(world.sent().length, 1);
});

Deno.test("Recovery does not request revoked, dropped, expired or failed mappings (defect 8)", async () => {
  await using world = await lab();
  const revoked = await opened(world, new InboundMap(6001, 7200));
  const dropped = await opened(world, new InboundMap(6002, 7200));
  await opened(world, new InboundMap(6003, 30), RequestType.Once);
  await world.settled(revoked.revoke());
  await world.settled(dropped[Symbol.asyncDispose]());
  world.server.fail(11);
  world.handle.request(new InboundMap(6004, 7200).externalPort(80).preferFailure());
  await opened(world, new InboundMap(6005, 7200));
  await world.advance(60_000);
  const at = world.clock.now();
  world.host.restart();
  await world.advance(200_000);
  assertEquals(mapRequests(world, at).map(({ internalPort }) => internalPort), [6005]);
});

Deno.test("A renewal suggests the assigned address and port (defect 9)", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  await opened(world);
  await world.advance(400_000);
  const [, renewal] = mapRequests(world);
  assertEquals([renewal?.externalPort, `${renewal?.externalAddress}`], [40000, "203.0.113.5"]);
});

Deno.test("A renewal requests the original lifetime, not the granted one (defect 10)", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const mapping = await opened(world);
  await world.advance(2_000_000);
  assertEquals(new Set(mapRequests(world).map(({ lifetime }) => lifetime)), new Set([7200]));
  assertEquals([mapping.lifetime, mapping.assigned?.lifetime], [7200, 600]);
});

Deno.test("A deletion is repeated until the server has confirmed it (defect 11)", async () => {
  await using world = await lab();
  const mapping = await opened(world);
  world.server.swallow(3);
  const revoked = fate(mapping.revoke());
  await world.advance(10_000);
  assertEquals([revoked.settled, world.server.mappings.size], [false, 1]);
  await world.advance(20_000);
  assertEquals([revoked.settled, world.server.mappings.size], [true, 0]);
});

Deno.test("The response to a deletion ends the mapping (defect 12)", async () => {
  await using world = await lab();
  const mapping = await opened(world);
  await world.settled(mapping.revoke());
  await deliver(world, mapSuccess(world, lastNonce(world))); // a late copy of the first response
  await world.advance(10_000_000);
  assertEquals(mapping.state, { type: "revoked" });
  assertEquals(unreadStates(mapping), ["updating 0 for 0", "revoked"]);
});

Deno.test("renew() checks the state, and shutdown() deletes (defect 13)", async () => {
  const world = await lab();
  const revoked = await opened(world);
  const mapping = await opened(world, new InboundMap(6001, 7200));
  await world.settled(revoked.revoke());
  assertThrows(() => revoked.renew(60), NotRunningError);
  await world[Symbol.asyncDispose]();
  assertEquals([mapping.state.type, world.server.mappings.size], ["dropped", 0]);
  assertEquals(world.server.counters.received, { map: 2, mapDelete: 2 });
});

for (const lifetime of [2, 4, 8, 10, 60, 86_400]) {
  Deno.test(`A mapping of ${lifetime} s lasts its lifetime, and is renewed before its end if there is time (defect 14)`, async () => {
    await using world = await lab({ server: { maxLifetime: lifetime } });
    const once = await opened(world, new InboundMap(6000, lifetime), RequestType.Once);
    const kept = await opened(world, new InboundMap(6001, lifetime));
    await world.advance(lifetime * 1000 - 100);
    assertEquals(once.state, { type: "running" });
    await world.advance(101);
    assertEquals(once.state, { type: "expired" });
    await world.advance(lifetime * 20_000);
    const states = unreadStates(kept);
    // Two renewals are 4 s apart (RFC 6887 section 11.2.1); with less, the mapping is requested again.
    if (lifetime > 8) assert(!states.includes("expired"), states.join());
    assertEquals(kept.isOver, false);
    assert((world.server.counters.received["map"] ?? 0) >= 15);
  });
}

Deno.test("Repeat(3) is three lifetimes in all (defect 15)", async () => {
  await using world = await lab();
  const mapping = await opened(world, new InboundMap(6000, 600), RequestType.Repeat(3));
  await world.advance(1_190_000); // each renewal is sent after 1/2 to 5/8 of 600 s
  assertEquals(mapping.state, { type: "running" });
  await world.advance(170_000);
  assertEquals([mapping.state.type, mapRequests(world).length], ["expired", 3]);
});

Deno.test("A refused request is repeated after the error's lifetime, UNSUPP_VERSION included (defect 16)", async () => {
  await using world = await lab();
  world.server.fail(7, { lifetime: 40 });
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(39_000);
  assertEquals([mapping.state.type, world.sent().length], ["error", 1]);
  await world.advance(2_000);
  assertEquals([mapping.state.type, world.sent().length], ["running", 2]);

  await using old = await lab({ server: { supportedVersion: 1 } });
  const refused = old.handle.request(new InboundMap(6000, 7200));
  await old.advance(1_700_000);
  assertEquals([refused.state.type, mapRequests(old).length], ["error", 1]);
  await old.advance(110_000);
  assertEquals(mapRequests(old).length, 2); // after half an hour
});

Deno.test("Unknown result codes, options and protocols are read (defect 17)", async () => {
  await using world = await lab({ server: { protocols: [253] } });
  world.server.fail(77, { lifetime: 20 });
  const mapping = world.handle.request(new InboundMap(6000, 7200).protocol(253));
  const refused = fate(mapping.ready());
  await world.advance(2);
  assert(refused.error instanceof ResultCodeError);
  assertEquals([refused.error.code, refused.error.resultName], [77, "RESULT_77"]);
  world.server.tamper = (
    reply,
  ) => [withOptions(reply, [{ type: "unknown", code: 201, data: new Uint8Array(5) }])];
  await world.advance(30_000);
  assertEquals([mapping.state.type, mapping.protocol], ["running", 253]);
});

for (const length of [4, 8, 12, 20, 24]) {
  Deno.test(`A version error of ${length} octets is understood (defect 18)`, async () => {
    await using world = await lab({ server: { supportedVersion: 1, versionErrorLength: length } });
    const mapping = world.handle.request(new InboundMap(6000, 7200));
    await world.advance(10_000);
    assert(mapping.state.type === "error");
    assertEquals([mapping.state.code, mapping.state.name], [1, "UNSUPP_VERSION"]);
    assertEquals(mapRequests(world).length, 1);
  });
}

Deno.test("The options of a response are found in any order (defect 19)", async () => {
  await using world = await lab({
    server: { thirdParty: true, quirks: { echoOptions: true } },
    client: { allowThirdParty: true },
  });
  const optionCounts: number[] = [];
  world.server.tamper = (reply) => {
    const { options } = decodeOptions(
      new DataView(reply.buffer, reply.byteOffset, reply.length),
      60,
    );
    optionCounts.push(options.length);
    const stranger: Option = { type: "unknown", code: 200, data: new Uint8Array(3) };
    return [withOptions(reply.slice(0, 60), [stranger, ...options.toReversed()])];
  };
  const map = new InboundMap(6000, 7200).thirdParty("192.168.1.20").filter(80, "198.51.100.7", 32);
  const mapping = await opened(world, map);
  assertEquals([mapping.state.type, optionCounts], ["running", [3]]);
});

Deno.test("An outbound mapping gets its assignment, and is distinguished by its remote peer (defect 20)", async () => {
  await using world = await lab();
  const replies: Uint8Array[] = [];
  world.server.tamper = (reply) => {
    replies.push(reply);
    return [reply];
  };
  const mappings = ["198.51.100.7", "198.51.100.8"].map((peer) =>
    world.handle.request(new OutboundMap(51000, peer, 443, 3600))
  );
  await world.advance(10);
  for (const mapping of mappings) {
    assertEquals(unread(mapping).map(({ type }) => type), [
      "stateChange",
      "stateChange",
      "assigned",
    ]);
  }
  // The response for one peer with the nonce of the other.
  const [first, second] = replies;
  assert(first !== undefined && second !== undefined);
  const mixed = first.slice();
  mixed.set(second.subarray(24, 36), 24);
  mixed.set([0x12, 0x34], 42);
  await deliver(world, mixed);
  assertEquals(world.handle.stats().ignored, { unmatched: 1 });
  assertEquals(mappings.flatMap((mapping) => unread(mapping)), []);
});

Deno.test("Responses of up to 1100 octets are accepted, longer ones and version 3 are not (defect 21)", async () => {
  await using world = await lab();
  const mapping = await opened(world);
  const nonce = lastNonce(world);
  const long = (length: number, externalPort: number): Uint8Array => {
    const data = new Uint8Array(length - 64);
    return mapSuccess(world, nonce, {
      externalPort,
      options: [{ type: "unknown", code: 200, data }],
    });
  };
  await deliver(world, long(1100, 1100));
  assertEquals(mapping.assigned?.externalPort, 1100);
  const tooLong = new Uint8Array(1104);
  tooLong.set(long(1100, 1104));
  await deliver(world, tooLong);
  await deliver(world, mapSuccess(world, nonce, { externalPort: 3 }).with(0, 3));
  assertEquals(mapping.assigned?.externalPort, 1100);
  assertEquals(world.handle.stats().ignored, { tooLong: 1, version: 1 });
});

Deno.test("After a failed send the next request works (defect 22)", async () => {
  await using world = await lab();
  world.network.failSends = () => new Error("no buffer space available");
  const first = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(1);
  assertEquals(unreadErrors(world.handle).length, 1);
  world.network.failSends = undefined;
  const second = world.handle.request(new InboundMap(6001, 7200));
  await world.settled(second.ready());
  await world.settled(first.ready());
  assertEquals(world.server.mappings.size, 2);
});

Deno.test("A thousand mappings share one alarm (defect 23)", async () => {
  await using world = await lab();
  for (let port = 1; port <= 1000; port++) world.handle.request(new InboundMap(port, 7200));
  await world.advance(20_000);
  assertEquals(world.handle.stats().mappings, { running: 1000 });
  world.host.close(); // and with it the server's own alarm
  assertEquals(world.clock.pending, 1);
});

Deno.test("Nonces are random in every bit, and filters can be removed (defect 24)", async () => {
  const words = new Set<number>();
  for (const seed of [1, 2]) {
    await using world = await lab({ seed });
    for (let port = 1; port <= 50; port++) world.handle.request(new InboundMap(port, 7200));
    await world.advance(1_000);
    for (const { nonce } of mapRequests(world)) {
      for (const word of [nonce.w0, nonce.w1, nonce.w2]) words.add(word);
    }
  }
  assertEquals(words.size, 2 * 50 * 3); // a slot number would be the same in both runs

  await using world = await lab();
  await opened(world, new InboundMap(6000, 7200).filter(443, "198.51.100.7", 32));
  assertEquals(world.server.mapping(6, 6000)?.filters.length, 1);
  await world.settled(world.handle.mappings[0]?.revoke() ?? Promise.reject(new Error("None")));
  await opened(world, new InboundMap(6000, 7200).filter(0, "0.0.0.0", 0));
  assertEquals(world.server.mapping(6, 6000)?.filters, []);
  assertEquals(requests(world).at(-1)?.options.map(({ type }) => type), ["filter"]);
});

/** The message with options after it. */
function withOptions(message: Uint8Array, options: readonly Option[]): Uint8Array {
  const length = options.reduce((sum, option) => sum + optionLength(option), message.length);
  const bytes = new Uint8Array(length);
  bytes.set(message);
  const view = new DataView(bytes.buffer);
  options.reduce((offset, option) => encodeOption(option, view, offset), message.length);
  return bytes;
}
