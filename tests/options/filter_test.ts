/** FILTER (RFC 6887 section 13.3). */

import { assertEquals, assertRejects } from "@std/assert";
import { ResultCodeError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { lab } from "../../src/testing/lab.ts";
import { miniupnpd } from "../../src/testing/server/server_options.ts";
import { mapRequests, opened } from "../helpers/client.ts";

Deno.test("filters begin with the one that removes all, so that they replace the old ones (C-13.3-1, C-13.3-2)", async () => {
  await using world = await lab();
  const map = new InboundMap(6000, 7200)
    .filter(0, "198.51.100.0", 24)
    .filter(443, "198.51.100.7", 32);
  await opened(world, map);
  const prefixes = mapRequests(world)[0]?.options.map((option) =>
    option.type === "filter"
      ? `${option.remoteAddress}/${option.prefixLength} ${option.remotePort}`
      : option.type
  );
  assertEquals(prefixes, ["::/0 0", "198.51.100.0/120 0", "198.51.100.7/128 443"]);
  assertEquals([...world.server.mappings.values()][0]?.filters.length, 2);
});

Deno.test("prefix 0 alone removes all filters (C-13.3-3)", async () => {
  await using world = await lab();
  const filtered = await opened(world, new InboundMap(6000, 600).filter(0, "198.51.100.0", 24));
  await world.settled(filtered.revoke());
  await opened(world, new InboundMap(6000, 600).filter(0, "0.0.0.0", 0));
  assertEquals(mapRequests(world).at(-1)?.options.length, 1);
  assertEquals([...world.server.mappings.values()][0]?.filters, []);
});

Deno.test("renewals and recovery carry all filters (C-13.3-8)", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  await opened(world, new InboundMap(6000, 7200).filter(0, "198.51.100.0", 24));
  await world.advance(400_000);
  world.host.restart();
  await world.advance(10_000);
  assertEquals(mapRequests(world).map(({ options }) => options.length), [2, 2, 2]);
  assertEquals([...world.server.mappings.values()][0]?.filters.length, 1);
});

Deno.test("a refused renewal does not change the filters and does not end the mapping (C-13.3-4)", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const mapping = await opened(world, new InboundMap(6000, 7200).filter(0, "198.51.100.0", 24));
  world.server.fail(13, { lifetime: 30 });
  await world.advance(400_000);
  assertEquals(mapping.state.type, "running");
  assertEquals([...world.server.mappings.values()][0]?.filters.length, 1);
  assertEquals(world.handle.pollError()?.name, "RenewalRefusedError");
});

Deno.test("more filters than the server allows fail with its result code (C-13.3-5)", async () => {
  await using world = await lab({ server: { maxFilters: 1 } });
  const map = new InboundMap(6000, 7200).filter(0, "198.51.100.0", 24).filter(0, "192.0.2.0", 24);
  const mapping = world.handle.request(map);
  const error = await assertRejects(() => world.settled(mapping.ready()), ResultCodeError);
  assertEquals(error.resultName, "EXCESSIVE_REMOTE_PEERS");
});

Deno.test("filters are reported as ignored if the response does not have them (C-7.3-7)", async () => {
  const { quirks, ...options } = miniupnpd();
  await using world = await lab({
    server: { ...options, quirks: { ...quirks, echoOptions: false } },
  });
  world.server.tamper = (reply) => [reply.slice(0, 60)];
  const mapping = await opened(world, new InboundMap(6000, 7200).filter(0, "198.51.100.0", 24));
  assertEquals(mapping.assigned?.ignoredOptions, ["filter"]);
});
