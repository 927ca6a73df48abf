import { assert, assertEquals, assertThrows } from "@std/assert";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { lab, type LabOptions } from "../../src/testing/lab.ts";
import { ProtocolNumber } from "../../src/wire/protocol_number.ts";
import { mapRequests, requests, type Sent } from "../helpers/client.ts";

/** The MAP request of an InboundMap. */
async function sent(map: InboundMap, options: LabOptions = {}): Promise<Sent & { type: "map" }> {
  await using world = await lab(options);
  world.server.silent = true;
  world.handle.request(map);
  const [request] = mapRequests(world);
  if (request === undefined) throw new Error("Nothing was sent");
  assertEquals(world.server.counters.violations, {});
  return request;
}

Deno.test("InboundMap requests TCP, any port and any address of the client's family by default (C-11.1-1)", async () => {
  const { lifetime, protocol, internalPort, externalPort, externalAddress, options } = await sent(
    new InboundMap(6000, 3600),
  );
  assertEquals([lifetime, protocol, internalPort, externalPort], [3600, 6, 6000, 0]);
  assertEquals(`${externalAddress}`, "0.0.0.0");
  assertEquals(options, []);
});

Deno.test("InboundMap of an IPv6 client requests any IPv6 address (C-5-1)", async () => {
  const { externalAddress, clientAddress } = await sent(new InboundMap(6000, 3600), {
    clientAddress: "2001:db8::10",
    serverAddress: "2001:db8::1",
    client: { multicast: false },
  });
  assertEquals([`${externalAddress}`, `${clientAddress}`], ["::", "2001:db8::10"]);
});

Deno.test("InboundMap chains its settings, and each is in the request (C-11.2-3)", async () => {
  const map = new InboundMap(6000, 3600)
    .protocol(ProtocolNumber.Udp)
    .externalPort(80)
    .externalAddress("203.0.113.9")
    .thirdParty("192.168.1.20")
    .preferFailure()
    .filter(443, "198.51.100.0", 24)
    .filter(0, "198.51.100.7", 32);
  const { protocol, externalPort, externalAddress, options } = await sent(map, {
    client: { allowThirdParty: true },
  });
  assertEquals([protocol, externalPort, `${externalAddress}`], [17, 80, "203.0.113.9"]);
  assertEquals(
    options.map((option) =>
      option.type === "filter"
        ? `filter ${option.remoteAddress}/${option.prefixLength} ${option.remotePort}`
        : option.type === "thirdParty"
        ? `thirdParty ${option.address}`
        : option.type
    ),
    [
      "thirdParty 192.168.1.20",
      "preferFailure",
      "filter ::/0 0",
      "filter 198.51.100.0/120 443",
      "filter 198.51.100.7/128 0",
    ],
  );
});

Deno.test("InboundMap.filter() with prefix 0 accepts all traffic (C-13.3-3)", async () => {
  for (const address of ["0.0.0.0", "::"]) {
    const { options } = await sent(new InboundMap(6000, 60).filter(0, address, 0));
    assertEquals(options.length, 1);
    const [option] = options;
    assert(option?.type === "filter");
    assertEquals([option.prefixLength, option.remotePort, `${option.remoteAddress}`], [0, 0, "::"]);
  }
});

Deno.test("InboundMap can request an external address of the other family (C-10-1)", async () => {
  const { externalAddress } = await sent(new InboundMap(6000, 60).externalAddress("::"));
  assertEquals(`${externalAddress}`, "::");
});

Deno.test("InboundMap has its settings as properties", () => {
  const map = new InboundMap(0, 4_294_967_295).protocol(0);
  assertEquals([map.kind, map.internalPort, map.lifetime], ["inbound", 0, 4_294_967_295]);
});

Deno.test("An InboundMap can be requested twice, and from two clients", async () => {
  const map = new InboundMap(6000, 60).filter(0, "198.51.100.7", 32);
  const first = await sent(map);
  const second = await sent(map, { seed: 2 });
  assertEquals(second.options, first.options);
  assert(!second.nonce.equals(first.nonce));
});

Deno.test("A setting added after a request applies to the next request only", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const map = new InboundMap(6000, 3600);
  await world.settled(world.handle.request(map).ready());
  map.filter(0, "198.51.100.7", 32);
  await world.advance(400_000);
  assertEquals(mapRequests(world).map(({ options }) => options), [[], []]);
});

const integer = (what: string, least: number, most: number, value: unknown): string =>
  `Cannot create an inbound mapping: ${what} must be an integer from ${least} to ${most}, got "${value}"`;

for (const value of [-1, 65536, 70000, 1.5, NaN, Infinity, "6000", null]) {
  Deno.test(`InboundMap refuses the port ${JSON.stringify(value)} (${value})`, () => {
    const port = value as number;
    const map = (): InboundMap => new InboundMap(6000, 60);
    assertThrows(
      () => new InboundMap(port, 60),
      RangeError,
      integer("internal port", 0, 65535, value),
    );
    assertThrows(
      () => map().externalPort(port),
      RangeError,
      integer("external port", 1, 65535, value),
    );
    assertThrows(
      () => map().filter(port, "198.51.100.7", 32),
      RangeError,
      integer("remote port", 0, 65535, value),
    );
  });
}

Deno.test("InboundMap refuses to suggest port 0, which means none", () => {
  assertThrows(
    () => new InboundMap(6000, 60).externalPort(0),
    RangeError,
    integer("external port", 1, 65535, 0),
  );
});

for (const value of [0, -1, 0.5, 2 ** 32, NaN, Infinity, "60"]) {
  Deno.test(`InboundMap refuses the lifetime ${JSON.stringify(value)} (${value})`, () => {
    const message = integer("lifetime in seconds", 1, 4_294_967_295, value);
    assertThrows(() => new InboundMap(6000, value as number), RangeError, message);
  });
}

for (const value of [-1, 256, 6.5, NaN, "tcp"]) {
  Deno.test(`InboundMap refuses the protocol ${JSON.stringify(value)} (${value})`, () => {
    const message = integer("protocol", 0, 255, value);
    assertThrows(() => new InboundMap(6000, 60).protocol(value as number), RangeError, message);
  });
}

for (
  const value of [
    "",
    "localhost",
    "1.2.3",
    "1.2.3.256",
    "1.2.3.4.5",
    "01.2.3.4",
    " 1.2.3.4",
    "fe80:::1",
    "::1%",
    7,
    undefined,
    null,
  ]
) {
  Deno.test(`InboundMap refuses the address ${JSON.stringify(value)} (${value})`, () => {
    const address = value as string;
    const map = new InboundMap(6000, 60);
    const message = (what: string): string =>
      `Cannot create an inbound mapping: ${what} must be an IPv4 or IPv6 address, got "${value}"`;
    assertThrows(() => map.externalAddress(address), TypeError, message("external address"));
    assertThrows(() => map.thirdParty(address), TypeError, message("third party"));
    assertThrows(() => map.filter(80, address, 32), TypeError, message("remote address"));
  });
}

for (
  const [address, prefix, most] of [["198.51.100.7", 33, 32], ["198.51.100.7", -1, 32], [
    "2001:db8::7",
    129,
    128,
  ], ["2001:db8::7", 1.5, 128]] as const
) {
  Deno.test(`InboundMap refuses the prefix ${prefix} of ${address}`, () => {
    const message = integer(`prefix of "${address}"`, 0, most, prefix);
    assertThrows(() => new InboundMap(6000, 60).filter(80, address, prefix), RangeError, message);
  });
}

Deno.test("InboundMap refuses a port of a filter that removes all filters (erratum 3891)", () => {
  const message =
    'Cannot create an inbound mapping: prefix 0 removes all filters, so the remote port must be 0, got "80"';
  assertThrows(() => new InboundMap(6000, 60).filter(80, "0.0.0.0", 0), RangeError, message);
});

Deno.test("InboundMap refuses a setting given twice (C-7.3-5)", () => {
  const map = new InboundMap(6000, 60).protocol(6).externalPort(80).externalAddress("203.0.113.5")
    .thirdParty("192.168.1.20").preferFailure();
  const again: [string, () => unknown][] = [
    ["protocol", () => map.protocol(6)],
    ["externalPort", () => map.externalPort(80)],
    ["externalAddress", () => map.externalAddress("203.0.113.5")],
    ["thirdParty", () => map.thirdParty("192.168.1.20")],
    ["preferFailure", () => map.preferFailure()],
  ];
  for (const [option, give] of again) {
    assertThrows(give, TypeError, `Cannot create an inbound mapping: ${option} was given twice`);
  }
});

/** Requests that are refused, with the message. */
const REFUSED:
  readonly (readonly [string, InboundMap, typeof RangeError | typeof TypeError, string])[] = [
    [
      "protocol 0 with a port (C-11.1-2)",
      new InboundMap(6000, 60).protocol(0),
      RangeError,
      'protocol 0 (all protocols) goes with internal port 0 only, got port "6000"',
    ],
    [
      "ESP with an internal port (C-11.2-1)",
      new InboundMap(6000, 60).protocol(50),
      RangeError,
      'protocol "50" has no ports, so both ports must be 0, got "6000" and "0"',
    ],
    [
      "ICMP with an external port (C-11.2-1)",
      new InboundMap(0, 60).protocol(1).externalPort(80),
      RangeError,
      'got "0" and "80"',
    ],
    [
      "preferFailure without a port (C-13.2-2)",
      new InboundMap(6000, 60).preferFailure(),
      RangeError,
      "preferFailure needs an external port other than 0",
    ],
    [
      "a filter of the other family (C-10-2)",
      new InboundMap(6000, 60).filter(80, "2001:db8::7", 64),
      TypeError,
      'a filter must be of the family of the internal address, got "2001:db8::7"',
    ],
    [
      "a third party without leave (C-13.1-1)",
      new InboundMap(6000, 60).thirdParty("192.168.1.20"),
      TypeError,
      '"allowThirdParty: true"',
    ],
  ];

for (const [what, map, kind, message] of REFUSED) {
  Deno.test(`request() refuses ${what}, and sends nothing`, async () => {
    await using world = await lab();
    assertThrows(() => world.handle.request(map), kind, message);
    assertEquals([requests(world), world.handle.mappings], [[], []]);
  });
}

Deno.test("request() refuses the client itself as the third party (C-13.1-2)", async () => {
  await using world = await lab({ client: { allowThirdParty: true } });
  const map = new InboundMap(6000, 60).thirdParty("192.168.1.10");
  assertThrows(
    () => world.handle.request(map),
    TypeError,
    'got this client\'s own address "192.168.1.10"',
  );
  assertEquals([requests(world), world.handle.mappings], [[], []]);
});

Deno.test("request() refuses a request longer than 1100 octets, and the client continues (C-7-1, G-17)", async () => {
  await using world = await lab({ server: { maxFilters: 100 } });
  const map = new InboundMap(6000, 60);
  for (let host = 1; host <= 60; host++) map.filter(80, `198.51.100.${host}`, 32);
  assertThrows(() => world.handle.request(map), RangeError, 'got "1524"');
  assertEquals([requests(world), world.handle.mappings], [[], []]);
  const mapping = world.handle.request(new InboundMap(6000, 60));
  await world.settled(mapping.ready());
  assertEquals(world.server.mappings.size, 1);
});

Deno.test("request() accepts as many filters as fit into 1100 octets: 42 and the one that removes older ones (G-17)", async () => {
  await using world = await lab({ server: { maxFilters: 100 } });
  const filters = (port: number, count: number): InboundMap => {
    const map = new InboundMap(port, 60);
    for (let host = 1; host <= count; host++) map.filter(80, `198.51.100.${host}`, 32);
    return map;
  };
  assertThrows(() => world.handle.request(filters(6000, 43)), RangeError, 'got "1116"');
  await world.settled(world.handle.request(filters(6000, 42)).ready());
  assertEquals(world.sent()[0]?.bytes.length, 60 + 43 * 24);
  await world.settled(world.handle.request(filters(6001, 41).description("x".repeat(24))).ready());
  assertEquals(world.sent()[1]?.bytes.length, 1096);
});
