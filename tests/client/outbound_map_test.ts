import { assert, assertEquals, assertThrows } from "@std/assert";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import { lab } from "../../src/testing/lab.ts";
import { opened, requests } from "../helpers/client.ts";

Deno.test("OutboundMap requests PEER with its remote peer, and suggests nothing by default (C-12.1-2)", async () => {
  await using world = await lab();
  world.handle.request(new OutboundMap(51000, "198.51.100.7", 443, 3600));
  const [request] = requests(world);
  assert(request?.type === "peer");
  const { lifetime, protocol, internalPort, externalPort, remotePort } = request;
  assertEquals([lifetime, protocol, internalPort, externalPort, remotePort], [
    3600,
    6,
    51000,
    0,
    443,
  ]);
  assertEquals([`${request.remoteAddress}`, `${request.externalAddress}`], [
    "198.51.100.7",
    "0.0.0.0",
  ]);
  assertEquals(world.server.counters.violations, {});
});

Deno.test("OutboundMap chains its settings (C-12-8)", async () => {
  await using world = await lab({ client: { allowThirdParty: true } });
  const map = new OutboundMap(51000, "198.51.100.7", 443, 3600).protocol(17).externalPort(80)
    .externalAddress("203.0.113.5").thirdParty("192.168.1.20");
  world.handle.request(map);
  const [request] = requests(world);
  assert(request?.type === "peer");
  assertEquals([request.protocol, request.externalPort, `${request.externalAddress}`], [
    17,
    80,
    "203.0.113.5",
  ]);
  assertEquals(request.options.map(({ type }) => type), ["thirdParty"]);
});

Deno.test("OutboundMap works for IPv6 (C-12-2)", async () => {
  await using world = await lab({
    clientAddress: "2001:db8::10",
    serverAddress: "2001:db8::1",
    client: { multicast: false },
  });
  const mapping = await opened(world, new OutboundMap(51000, "2001:db8:9::7", 443, 3600));
  assertEquals(mapping.assigned?.externalAddress, "2001:db8::10"); // a firewall translates nothing
  assertEquals(mapping.toJSON().remoteAddress, "2001:db8:9::7");
});

Deno.test("OutboundMap has its settings as properties, the address in the form of RFC 5952", () => {
  const map = new OutboundMap(51000, "2001:DB8:0::7", 443, 3600);
  assertEquals([map.kind, map.internalPort, map.remoteAddress, map.remotePort, map.lifetime], [
    "outbound",
    51000,
    "2001:db8::7",
    443,
    3600,
  ]);
});

for (const value of [0, -1, 65536, 1.5, NaN, "443"]) {
  Deno.test(`OutboundMap refuses the port ${JSON.stringify(value)} (${value}) (C-12.1-1)`, () => {
    const port = value as number;
    const outOfRange = (what: string, least: number): string =>
      `Cannot create an outbound mapping: ${what} must be an integer from ${least} to 65535, got "${value}"`;
    assertThrows(
      () => new OutboundMap(port, "198.51.100.7", 443, 60),
      RangeError,
      outOfRange("internal port", value === 0 ? 1 : 0),
    );
    assertThrows(
      () => new OutboundMap(51000, "198.51.100.7", port, 60),
      RangeError,
      outOfRange("remote port", 1),
    );
  });
}

for (const value of [0, -1, 1.5, 2 ** 32]) {
  Deno.test(`OutboundMap refuses the lifetime ${value}`, () => {
    assertThrows(
      () => new OutboundMap(51000, "198.51.100.7", 443, value),
      RangeError,
      `must be an integer from 1 to 4294967295, got "${value}"`,
    );
  });
}

for (const value of ["example.org", "198.51.100", "", 7, undefined]) {
  Deno.test(`OutboundMap refuses the remote address ${JSON.stringify(value)}`, () => {
    assertThrows(
      () => new OutboundMap(51000, value as string, 443, 60),
      TypeError,
      `Cannot create an outbound mapping: remote address must be an IPv4 or IPv6 address, got "${value}"`,
    );
  });
}

Deno.test("OutboundMap refuses a setting given twice (C-7.3-5)", () => {
  assertThrows(
    () => new OutboundMap(51000, "198.51.100.7", 443, 60).protocol(6).protocol(17),
    TypeError,
    "Cannot create an outbound mapping: protocol was given twice",
  );
});

Deno.test("OutboundMap has neither filters nor preferFailure: they are for MAP only (C-7.3-4)", () => {
  const map = new OutboundMap(51000, "198.51.100.7", 443, 60);
  assertEquals(["filter" in map, "preferFailure" in map], [false, false]);
});

Deno.test("request() refuses a remote peer of the other family, and sends nothing (C-10-2)", async () => {
  await using world = await lab();
  const map = new OutboundMap(51000, "2001:db8::7", 443, 60);
  assertThrows(
    () => world.handle.request(map),
    TypeError,
    'the remote address must be IPv4 as the internal address is, got "2001:db8::7"',
  );
  assertEquals([requests(world), world.handle.mappings], [[], []]);
});

for (
  const [protocol, message] of [[0, "protocol 0 (all protocols) goes with internal port 0 only"], [
    50,
    'protocol "50" has no ports',
  ]] as const
) {
  Deno.test(`request() refuses an outbound mapping of protocol ${protocol}, and sends nothing (C-12.1-1)`, async () => {
    await using world = await lab();
    const map = new OutboundMap(51000, "198.51.100.7", 443, 60).protocol(protocol);
    assertThrows(() => world.handle.request(map), RangeError, message);
    assertEquals([requests(world), world.handle.mappings], [[], []]);
  });
}
