/** PORT_SET (RFC 7753): `portSet()` and `assigned.portSet`. */

import { assertEquals, assertThrows } from "@std/assert";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { lab } from "../../src/testing/lab.ts";
import type { Option } from "../../src/wire/option_type.ts";
import { mapRequests, opened } from "../helpers/client.ts";

Deno.test("a set is sent with the internal port as its first, and the granted set is reported (E-7753-1, E-7753-6, E-7753-9, C-7.3-7)", async () => {
  await using world = await lab({ server: { maxPortSet: 128 } });
  await world.settled(world.handle.prefix64()); // shows that the server processes options
  const mapping = await opened(world, new InboundMap(6000, 7200).portSet(100, true));
  const set: Option = { type: "portSet", size: 100, firstInternalPort: 6000, parity: true };
  assertEquals(mapRequests(world)[0]?.options, [set]);
  assertEquals(mapping.assigned?.portSet, {
    size: 100,
    firstInternalPort: 6000,
    firstExternalPort: mapping.assigned?.externalPort ?? 0,
  });
  assertEquals((mapping.assigned?.externalPort ?? 1) % 2, 0, "an even port for an even port");
  assertEquals(world.server.counters.violations, {});
});

Deno.test("fewer ports than requested are a success (E-7753-6, E-7753-10)", async () => {
  await using world = await lab({ server: { maxPortSet: 32 } });
  const mapping = await opened(world, new InboundMap(6000, 7200).portSet(100));
  assertEquals(mapping.state, { type: "running" });
  assertEquals(mapping.assigned?.portSet?.size, 32);
});

Deno.test("a server without sets maps one port, and omits the option (E-7753-5)", async () => {
  await using world = await lab({ server: { maxPortSet: 0 } });
  const mapping = await opened(world, new InboundMap(6000, 7200).portSet(100));
  assertEquals(mapping.assigned?.portSet?.size, 1);
  assertEquals(mapping.assigned?.ignoredOptions, ["portSet"]);
});

Deno.test("a set is renewed, recovered and deleted as a set (E-7753-7, C-15.1-7)", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const mapping = await opened(world, new InboundMap(6000, 7200).portSet(10));
  await world.advance(400_000);
  world.host.restart();
  await world.advance(10_000);
  await world.settled(mapping.revoke());
  const sets = mapRequests(world).map(({ options }) => options.map(({ type }) => type));
  assertEquals(sets.length, 4);
  for (const set of sets) assertEquals(set, ["portSet"]);
  assertEquals(world.server.mappings.size, 0);
  assertEquals(world.server.counters.violations, {});
});

Deno.test("65535 requests as many ports as possible (E-7753-4)", async () => {
  await using world = await lab({ server: { maxPortSet: 64 } });
  const mapping = await opened(world, new InboundMap(6000, 7200).portSet(65535));
  const [option] = mapRequests(world)[0]?.options ?? [];
  assertEquals(option?.type === "portSet" ? option.size : 0, 0xffff);
  assertEquals(mapping.assigned?.portSet?.size, 64);
});

Deno.test("a set has at least two ports (E-7753-3)", async () => {
  await using world = await lab();
  const mapping = await opened(world, new InboundMap(6000, 7200).portSet(1));
  assertEquals(mapRequests(world)[0]?.options, []);
  assertEquals([mapping.assigned?.portSet, mapping.assigned?.ignoredOptions], [
    undefined,
    undefined,
  ]);
});

Deno.test("a mapping has one set, without PREFER_FAILURE and without ports above 65535 (E-7753-2)", async () => {
  await using world = await lab();
  const map = () => new InboundMap(6000, 7200);
  assertThrows(() => map().portSet(2).portSet(3), TypeError, "twice");
  assertThrows(() => map().portSet(0), RangeError);
  assertThrows(() => new InboundMap(65530, 60).portSet(7), RangeError, "65535");
  new InboundMap(65530, 60).portSet(6);
  const both = map().externalPort(6000).preferFailure().portSet(2);
  assertThrows(() => world.handle.request(both), TypeError, "exclude each other");
  assertEquals(world.sent(), []);
});

Deno.test("sets of one client do not overlap: the second is refused until the first has ended (E-7753-8)", async () => {
  await using world = await lab();
  const first = await opened(world, new InboundMap(6000, 7200).portSet(10));
  const overlapping = [
    new InboundMap(6005, 7200).portSet(10),
    new InboundMap(5995, 7200).portSet(6),
    new InboundMap(6009, 7200),
    new InboundMap(6000, 7200),
  ];
  for (const map of overlapping) {
    assertThrows(() => world.handle.request(map), Error, "revoke the first one");
  }
  await opened(world, new InboundMap(6010, 7200).portSet(10));
  await opened(world, new InboundMap(6005, 7200).protocol(17).portSet(10));
  await world.settled(first.revoke());
  await opened(world, new InboundMap(5995, 7200).portSet(10));
  assertEquals(world.server.counters.violations, {});
});
