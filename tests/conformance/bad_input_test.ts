/** Invalid and forged datagrams to the whole client are counted by reason and change nothing. */

import { assert, assertEquals } from "@std/assert";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { type Lab, lab } from "../../src/testing/lab.ts";
import { encodeResponse } from "../../src/wire/message.ts";
import { ANNOUNCE_GROUP_IPV4, ANNOUNCE_PORT } from "../../src/wire/constants.ts";
import { octets } from "../helpers/hex.ts";
import {
  clientSocket,
  deliver,
  lastNonce,
  mapRequests,
  mapSuccess,
  multicast,
  opened,
} from "../helpers/client.ts";

function announcement(epoch: number): Uint8Array {
  return encodeResponse({ type: "announce", result: 0, lifetime: 0, epoch });
}

/** A running mapping, and an assertion that nothing about it has changed. */
async function running(options = {}): Promise<{ world: Lab; unchanged: () => void }> {
  const world = await lab(options);
  const mapping = await opened(world);
  const { state, assigned, expiresAt } = mapping;
  const sent = world.sent().length;
  return {
    world,
    unchanged: () => {
      assertEquals([mapping.state, mapping.assigned, mapping.expiresAt], [
        state,
        assigned,
        expiresAt,
      ]);
      assertEquals(mapping.pollAlert(), undefined);
      assertEquals(world.handle.pollError(), undefined);
      assertEquals(world.sent().length, sent);
    },
  };
}

Deno.test("every invalid datagram is counted by its reason and changes nothing (C-8.3-3, C-8.3-4, C-8.3-5, C-8.3-6, C-8.3-7, C-8.3-9, C-8.3-11, C-8.3-14)", async () => {
  const { world, unchanged } = await running();
  const nonce = lastNonce(world);
  const good = mapSuccess(world, nonce, { externalPort: 1 });
  const changed = (at: number, octet: number): Uint8Array => {
    const bytes = good.slice();
    bytes[at] = octet;
    return bytes;
  };
  const long = new Uint8Array(1104);
  long.set(good);
  const bad: [Uint8Array, string][] = [
    [new Uint8Array(0), "tooShort"],
    [good.slice(0, 3), "tooShort"],
    [good.slice(0, 20), "tooShort"],
    [good.slice(0, 56), "tooShort"],
    [good.slice(0, 59), "tooShort"],
    [new Uint8Array([...good, 0]), "oddLength"],
    [long, "tooLong"],
    [changed(1, 1), "notResponse"],
    [changed(1, 0x85), "unexpectedOpcode"],
    [changed(0, 1), "version"],
    [changed(0, 3), "version"],
    [changed(24, (good[24] ?? 0) ^ 1), "unmatched"],
    [changed(36, 17), "unmatched"],
    [changed(41, 0), "unmatched"],
    [octets("02810001 00000708 00000000"), "stale"],
    [octets("00000001 000003e8"), "stale"],
    [octets("00800000 000003e8 c6336463"), "version"],
  ];
  const counts: Record<string, number> = {};
  for (const [bytes, reason] of bad) {
    counts[reason] = (counts[reason] ?? 0) + 1;
    await deliver(world, bytes);
    assertEquals(world.handle.stats().ignored as Record<string, number>, counts);
  }
  unchanged();
  await world[Symbol.asyncDispose]();
});

Deno.test("valid datagrams from other addresses are counted and dropped (C-8.3-1, C-8.3-2, C-14.1.3-4, C-18.1-1)", async () => {
  const { world, unchanged } = await running();
  const good = mapSuccess(world, lastNonce(world), { externalPort: 1 });
  const client = clientSocket(world);
  const sources = [["192.168.1.1", 5350], ["192.168.1.2", 5351], ["8.8.8.8", 5351]] as const;
  for (const [hostname, port] of sources) {
    const sink = { datagram: () => {}, error: () => {} };
    const other = await world.network.open({ hostname, port }, sink);
    await other.send(good, client);
    await other.send(announcement(0), client);
    await other.send(announcement(0), { hostname: ANNOUNCE_GROUP_IPV4, port: ANNOUNCE_PORT });
    await world.advance(5);
    other.close();
  }
  assertEquals(world.handle.stats().ignored, { source: 9 });
  await world.advance(10_000);
  unchanged();
  await world[Symbol.asyncDispose]();
});

Deno.test("a response before every request is ignored (C-8.3-9)", async () => {
  await using world = await lab();
  await world.settled(world.handle.announce());
  const { Nonce } = await import("../../src/wire/nonce.ts");
  await deliver(world, mapSuccess(world, new Nonce(1, 2, 3)));
  assertEquals(world.handle.stats().ignored, { unmatched: 1 });
  assertEquals(world.handle.mappings, []);
  assertEquals((await opened(world)).assigned?.externalPort, 40000);
});

Deno.test("an error lifetime of 0 causes no loop: packets in an hour, for every result code (C-8.3-L9)", async () => {
  for (let code = 1; code <= 30; code++) {
    await using world = await lab();
    world.server.fail(code, { lifetime: 0, times: Infinity });
    world.handle.request(new InboundMap(6000, 7200));
    await world.advance(3_600_000);
    const packets = world.sent().length;
    assert(packets >= 1 && packets <= 121, `code ${code}: ${packets} packets`);
    world.server.silent = true;
  }
});

Deno.test("an error lifetime of 2^32 - 1 delays the next request for a day at most (C-8.3-L3, C-18.3-1)", async () => {
  for (const code of [2, 8, 77]) {
    await using world = await lab();
    world.server.fail(code, { lifetime: 2 ** 32 - 1 });
    const mapping = world.handle.request(new InboundMap(6000, 7200));
    await world.advance(86_399_000);
    assertEquals(world.sent().length, 1, `code ${code}`);
    await world.advance(2_000);
    assertEquals(mapping.state.type, "running", `code ${code}`);
  }
});

Deno.test("lifetimes from one second on: renewals are at least 4 s apart, and the user gets the lifetime (C-11.2.1-5, C-15-1)", async () => {
  for (const lifetime of [1, 2, 3, 5, 8, 10, 20]) {
    await using world = await lab({ server: { maxLifetime: lifetime } });
    const mapping = world.handle.request(new InboundMap(6000, 7200));
    assertEquals((await world.settled(mapping.ready())).lifetime, lifetime);
    await world.advance(600_000);
    // Below 5 s the mapping is requested more and more seldom (G-16).
    if (lifetime >= 5) assertEquals(mapping.assigned?.lifetime, lifetime);
    const renewals = mapRequests(world).filter(({ externalPort }) => externalPort !== 0);
    const packets = world.sent().length;
    // One request after each expiry, and at most one renewal every 4 s (RFC 6887 section 11.2.1).
    assert(packets <= 1 + 600 / lifetime + 600 / 4, `${lifetime} s: ${packets} packets`);
    assert(
      lifetime < 8 || renewals.every(({ at }, n) => at - (renewals[n - 1]?.at ?? -1e9) >= 4_000),
    );
  }
});

Deno.test("an epoch that jumps at any time causes one round of requests and ends no mapping (C-8.5-4, C-14.1.3-11)", async () => {
  const random = seededRandom(7);
  for (let run = 0; run < 30; run++) {
    await using world = await lab({ seed: run + 1, server: { epoch: 1_000_000 } });
    const mappings = [];
    for (const port of [6000, 6001, 6002]) {
      mappings.push(await opened(world, new InboundMap(port, 7200)));
    }
    await world.advance(random() * 7_000_000);
    const before = world.sent().length;
    const epoch = Math.floor(random() * 2 ** 32);
    world.host.restart({ epoch, keepMappings: true });
    await world.advance(20_000);
    const packets = world.sent().length - before;
    assert(packets <= 6, `run ${run}: ${packets} packets`);
    assert(mappings.every(({ state }) => state.type !== "error" && state.type !== "expired"));
    await world.advance(100_000);
    assert(mappings.every(({ state }) => state.type === "running"), `run ${run}`);
  }
});

Deno.test("10,000 announcements in a second, true and forged, cause at most two rounds of requests (C-14.1.3-11)", async () => {
  await flood(60_000);
});

Deno.test("the same right after the start causes no more rounds (C-14.1.3-11)", async () => {
  await flood(1_000);
});

async function flood(age: number): Promise<void> {
  await using world = await lab();
  for (const port of [6000, 6001, 6002, 6003, 6004]) {
    await opened(world, new InboundMap(port, 7200));
  }
  await world.advance(age);
  const before = world.sent().length;
  for (let n = 0; n < 10_000; n++) {
    const epoch = n % 3 === 0 ? world.server.epoch(world.clock.now()) : n * 1_000;
    await multicastNow(world, announcement(epoch));
    if (n % 10 === 0) await world.advance(1);
  }
  await world.advance(59_000);
  const packets = world.sent().length - before;
  assert(packets <= 10, `${packets} packets for five mappings`);
  await world.advance(600_000);
  const later = world.sent().length - before;
  assert(later <= 20, `${later} packets in eleven minutes`);
  assertEquals(world.server.mappings.size, 5);
}

Deno.test("forged epochs throughout the first minute cause at most two rounds (C-14.1.3-11)", async () => {
  await using world = await lab();
  for (const port of [6000, 6001, 6002]) await opened(world, new InboundMap(port, 7200));
  await world.advance(1_000);
  const before = world.sent().length;
  for (let n = 0; n < 500; n++) {
    await multicast(world, announcement(n % 2 === 0 ? 0 : 1_000_000));
    await world.advance(100);
  }
  const packets = world.sent().length - before;
  assert(packets >= 3 && packets <= 6, `${packets} packets`);
  assertEquals(world.server.mappings.size, 3);
});

Deno.test("10,000 forged responses in a second cause no packet (C-18.1-1, C-18-5)", async () => {
  const { world, unchanged } = await running();
  const random = seededRandom(11);
  for (let n = 0; n < 10_000; n++) {
    const bytes = mapSuccess(world, lastNonce(world), { externalPort: n + 1 });
    for (let octet = 24; octet < 36; octet++) bytes[octet] = Math.floor(random() * 256);
    world.host.sendRaw(bytes, clientSocket(world));
    if (n % 10 === 0) await world.advance(1);
  }
  await world.advance(10);
  assertEquals(world.handle.stats().ignored, { unmatched: 10_000 });
  unchanged();
  await world[Symbol.asyncDispose]();
});

Deno.test("a forged refusal with the right nonce lasts a day at most (C-18.3-1)", async () => {
  await using world = await lab();
  const mapping = await opened(world);
  const refusal = { result: 8, lifetime: 2 ** 32 - 1 };
  await deliver(world, mapSuccess(world, lastNonce(world), refusal));
  assertEquals(mapping.state.type, "error");
  await world.advance(86_401_000);
  assertEquals(mapping.state.type, "running");
});

Deno.test("trace lines contain no nonce (C-18-3)", async () => {
  const lines: string[] = [];
  await using world = await lab({ client: { onTrace: ({ text }) => lines.push(text) } });
  const mapping = await opened(world);
  const nonce = lastNonce(world).toString();
  await world.settled(mapping.revoke());
  assert(lines.length >= 4);
  for (const line of lines) assertEquals(line.includes(nonce), false, line);
});

Deno.test("an unsolicited announcement with an error, or a MAP response on the announcement port, is ignored (C-14.1.3-9, C-14.1.3-13)", async () => {
  const { world, unchanged } = await running();
  await multicast(world, encodeResponse({ type: "announce", result: 2, lifetime: 60, epoch: 0 }));
  await multicast(world, mapSuccess(world, lastNonce(world), { externalPort: 1 }));
  await multicast(world, octets("02000000 00000000 00000000 00000000 0000ffff c0a8010a"));
  await world.advance(6_000);
  assertEquals(world.handle.stats().ignored, { notAnnouncement: 2, notResponse: 1 });
  unchanged();
  await world[Symbol.asyncDispose]();
});

function multicastNow(world: Lab, bytes: Uint8Array): Promise<void> {
  world.host.sendRaw(bytes, { hostname: ANNOUNCE_GROUP_IPV4, port: ANNOUNCE_PORT });
  return Promise.resolve();
}
