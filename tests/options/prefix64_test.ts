/** PREFIX64 (RFC 7225): `handle.prefix64()`. */

import { assertEquals, assertRejects } from "@std/assert";
import { lab, type LabOptions } from "../../src/testing/lab.ts";
import { encodeResponse } from "../../src/wire/message.ts";
import type { Prefix64Option } from "../../src/wire/option_type.ts";
import { octets } from "../helpers/hex.ts";
import { deliver, opened, requests } from "../helpers/client.ts";

const OWN: Prefix64Option = {
  type: "prefix64",
  prefix: octets("20010db8 01220300"),
  suffix: octets("00000000"),
  ipv4Prefixes: undefined,
};
const WELL_KNOWN: Prefix64Option = {
  type: "prefix64",
  prefix: octets("0064ff9b 00000000 00000000"),
  suffix: new Uint8Array(0),
  ipv4Prefixes: undefined,
};

/** A network with IPv6 only. */
function world6(prefix64: readonly Prefix64Option[], more: LabOptions = {}): LabOptions {
  return {
    clientAddress: "2001:db8:1::10",
    serverAddress: "2001:db8:1::1",
    ...more,
    server: { prefix64 },
    client: { multicast: false },
  };
}

Deno.test("prefix64() sends an ANNOUNCE with ::/96 and returns all prefixes in order (E-7225-1, E-7225-4, C-7.3-7)", async () => {
  await using world = await lab(world6([OWN, WELL_KNOWN]));
  assertEquals(await world.settled(world.handle.prefix64()), [
    { prefix: "2001:db8:122:300::/64", suffix: "00000000" },
    { prefix: "64:ff9b::/96", suffix: "" },
  ]);
  assertEquals(requests(world).map(({ type }) => type), ["announce"]);
  assertEquals(world.server.counters.violations, {});
});

Deno.test("prefix64() returns no prefix of a server without NAT64", async () => {
  await using world = await lab(world6([]));
  assertEquals(await world.settled(world.handle.prefix64()), []);
});

Deno.test("each handle has the prefixes of its own server (E-7225-2)", async () => {
  await using one = await lab(world6([OWN]));
  await using other = await lab(world6([WELL_KNOWN]));
  const [first] = await one.settled(one.handle.prefix64());
  const [second] = await other.settled(other.handle.prefix64());
  assertEquals([first?.prefix, second?.prefix], ["2001:db8:122:300::/64", "64:ff9b::/96"]);
});

Deno.test("prefixes have their lists of IPv4 destinations (E-7225-5)", async () => {
  const { IpAddress } = await import("../../src/wire/address.ts");
  const ipv4Prefixes = [{ address: IpAddress.parse("192.0.2.0"), prefixLength: 24 }];
  await using world = await lab(world6([{ ...OWN, ipv4Prefixes }]));
  const [first] = await world.settled(world.handle.prefix64());
  assertEquals(first?.ipv4Prefixes, ["192.0.2.0/24"]);
});

Deno.test("each message replaces the prefixes, solicited or not (E-7225-3)", async () => {
  await using world = await lab(world6([OWN]));
  await world.settled(world.handle.prefix64());
  const prefixes = world.handle.prefix64();
  // An unsolicited announcement arrives before the response, which counts.
  const header = { result: 0, lifetime: 0, epoch: world.server.epoch(world.clock.now()) };
  await deliver(world, encodeResponse({ type: "announce", ...header, options: [WELL_KNOWN] }));
  assertEquals((await world.settled(prefixes)).length, 1);
  assertEquals((await world.settled(world.handle.prefix64()))[0]?.prefix, "2001:db8:122:300::/64");
});

Deno.test("options of a wrong length are ignored, the others are not (E-7225-8)", async () => {
  await using world = await lab(world6([WELL_KNOWN]));
  world.server.tamper = (reply) => {
    const bytes = new Uint8Array(reply.length + 16);
    bytes.set(reply.subarray(0, 24));
    bytes.set(octets("8100000b 00090000 00000000 00000000"), 24); // a prefix of nine octets
    bytes.set(reply.subarray(24), 40);
    return [bytes];
  };
  const prefixes = await world.settled(world.handle.prefix64());
  assertEquals(prefixes.map(({ prefix }) => prefix), ["64:ff9b::/96"]);
});

Deno.test("the prefixes of a silent server are dropped (E-7225-7)", async () => {
  await using world = await lab(world6([OWN]));
  await world.settled(world.handle.prefix64());
  world.server.silent = true;
  const { signal } = new AbortController();
  const controller = new AbortController();
  const pending = world.handle.prefix64({ signal: AbortSignal.any([signal, controller.signal]) });
  await world.advance(60_000);
  controller.abort();
  await assertRejects(() => pending, DOMException);
  const again = world.handle.prefix64();
  await world.advance(1_000);
  world.server.tamper = (reply) => [reply.slice(0, 24)]; // it responds again, without NAT64
  world.server.silent = false;
  assertEquals(await world.settled(again), []);
});

Deno.test("prefix64() during announce() gets its own response", async () => {
  await using world = await lab(world6([OWN]));
  // A server that sends its prefixes on request only.
  world.server.tamper = (reply, request) => [request.length > 24 ? reply : reply.slice(0, 24)];
  const [announcement, prefixes] = await world.settled(
    Promise.all([world.handle.announce(), world.handle.prefix64()]),
  );
  assertEquals(announcement.epoch, 0);
  assertEquals(prefixes.length, 1);
});

Deno.test("prefix64() works for IPv4 clients and does not affect mappings", async () => {
  await using world = await lab({ server: { prefix64: [OWN], prefix64Unasked: true } });
  const mapping = await opened(world);
  assertEquals(mapping.assigned?.ignoredOptions, undefined);
  assertEquals((await world.settled(world.handle.prefix64())).length, 1);
});
