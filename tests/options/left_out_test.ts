/** Options that a mapping can do without: a server that refuses them must not cost the mapping. */

import { assertEquals, assertRejects } from "@std/assert";
import { ResultCodeError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import { type Lab, lab } from "../../src/testing/lab.ts";
import { miniupnpd } from "../../src/testing/server/server_options.ts";
import { MemoryStore } from "../client/memory_store.ts";
import { hex } from "../helpers/hex.ts";
import { mapRequests, opened, requests, unread, unreadStates } from "../helpers/client.ts";

const DESCRIBED = () => new InboundMap(6000, 7200).description("web");

const typesOf = (world: Lab): string[] =>
  requests(world).map(({ options }) => options.map(({ type }) => type).join());

Deno.test("an option that the server refuses is left out once and named in ignoredOptions (G-4, C-7.3-3)", async () => {
  for (const result of [3, 5, 6]) {
    await using world = await lab();
    world.server.fail(result, { lifetime: 1800 });
    const mapping = world.handle.request(DESCRIBED());
    const assigned = await world.settled(mapping.ready());
    assertEquals(typesOf(world), ["description", ""], `result ${result}`);
    assertEquals(assigned.ignoredOptions, ["description"]);
    assertEquals(mapping.toJSON().assigned?.ignoredOptions, ["description"]);
    assertEquals(unreadStates(mapping), ["starting 0", "starting 0", "running"]);
    assertEquals(world.clock.now() < 100, true, "at once");
    assertEquals(world.handle.pollError(), undefined);
  }
});

Deno.test("a port set, a description and both are left out for miniupnpd 2.3.1, whatever the order (G-4)", async () => {
  const maps: [InboundMap, string[]][] = [
    [new InboundMap(6000, 7200).portSet(4), ["portSet"]],
    [new InboundMap(6000, 7200).portSet(4).description("abcd"), ["portSet", "description"]],
    [new InboundMap(6000, 7200).description("abcd").portSet(4), ["description", "portSet"]],
  ];
  for (const [map, ignoredOptions] of maps) {
    await using world = await lab({ server: miniupnpd() });
    const mapping = await opened(world, map);
    assertEquals(mapping.assigned?.ignoredOptions, ignoredOptions);
    assertEquals(mapping.assigned?.portSet?.size, 1);
    assertEquals(mapping.assigned?.description, undefined);
    assertEquals(mapRequests(world).map(({ options }) => options.length), [
      ignoredOptions.length,
      0,
    ]);
    await world.settled(mapping.revoke());
    assertEquals(mapRequests(world).at(-1)?.options, [], "the deletion does not have it either");
    assertEquals(world.server.mappings.size, 0);
  }
});

Deno.test("a description is padded with spaces to a multiple of 4 octets, which are not reported (G-4)", async () => {
  const cases = [["web", "web "], ["caf\u00e9s", "caf\u00e9s  "], ["abcd", "abcd"], ["", ""], [
    "ab  ",
    "ab  ",
  ]];
  for (const [text = "", sent = ""] of cases) {
    for (const server of [{}, miniupnpd(), miniupnpd({ version: "2.3.11" })]) {
      await using world = await lab({ server });
      const mapping = await opened(world, new InboundMap(6000, 7200).description(text));
      assertEquals(mapRequests(world).map(({ options }) => options), [[
        { type: "description", text: sent },
      ]]);
      assertEquals(mapping.assigned?.description, text);
      assertEquals(mapping.assigned?.ignoredOptions, undefined);
    }
  }
  await using world = await lab();
  await opened(world, DESCRIBED());
  assertEquals(hex(world.sent()[0]?.bytes.slice(60) ?? new Uint8Array()), "80000004 77656220");
  assertEquals(world.server.mapping(6, 6000)?.description, "web ");
});

Deno.test("a description that the server shortens within the padding is reported as it was requested (G-4, E-7220-3)", async () => {
  for (const [most, reported] of [[7, "website"], [8, "website"], [5, "websi"]] as const) {
    await using world = await lab({ server: { maxDescription: most } });
    const mapping = await opened(world, new InboundMap(6000, 7200).description("website"));
    assertEquals(mapping.assigned?.description, reported);
  }
});

Deno.test("outbound mappings do without a description too (G-4)", async () => {
  await using world = await lab();
  world.server.fail(6);
  const map = new OutboundMap(5000, "198.51.100.7", 443, 600).description("call");
  const mapping = await opened(world, map);
  assertEquals(typesOf(world), ["description", ""]);
  assertEquals(mapping.assigned?.ignoredOptions, ["description"]);
});

Deno.test("what must be obeyed is never left out (G-4)", async () => {
  const maps = [
    () => new InboundMap(6000, 7200).filter(0, "198.51.100.0", 24),
    () => new InboundMap(6000, 7200).externalPort(6000).preferFailure(),
    () => new InboundMap(6000, 7200).thirdParty("192.168.1.20"),
    () => new InboundMap(6000, 7200).thirdParty("192.168.1.20").thirdPartyId(Uint8Array.of(1)),
  ];
  for (const map of maps) {
    for (const result of [5, 6]) {
      await using world = await lab({ client: { allowThirdParty: true } });
      world.server.fail(result, { times: Infinity, lifetime: 60 });
      const mapping = world.handle.request(map());
      await assertRejects(() => world.settled(mapping.ready()), ResultCodeError);
      await world.advance(59_000);
      assertEquals(world.sent().length, 1);
      const { length } = world.sent();
      const described = world.handle.request(map().protocol(17).description("abcd"));
      await assertRejects(() => world.settled(described.ready()), ResultCodeError);
      const [full = "", less] = typesOf(world).slice(length);
      assertEquals(`${less},description`, full, "once more, without the description");
    }
  }
});

Deno.test("a second refusal without the options is held as any other (G-4, C-8.3-L1)", async () => {
  await using world = await lab();
  world.server.fail(6, { times: 2, lifetime: 100 });
  const mapping = world.handle.request(DESCRIBED());
  await assertRejects(() => world.settled(mapping.ready()), ResultCodeError, "MALFORMED_OPTION");
  assertEquals(world.sent().length, 2);
  await world.advance(99_000);
  assertEquals(world.sent().length, 2);
  await world.advance(2_000);
  assertEquals(mapping.assigned?.ignoredOptions, ["description"]);
});

Deno.test("other refusals do not cost a description (G-4)", async () => {
  for (const result of [2, 7, 8, 9, 10, 77]) {
    await using world = await lab();
    world.server.fail(result, { lifetime: 60 });
    const mapping = world.handle.request(DESCRIBED());
    await assertRejects(() => world.settled(mapping.ready()), ResultCodeError);
    assertEquals(world.sent().length, 1, `result ${result}`);
    await world.advance(61_000);
    assertEquals([mapping.state.type, mapping.assigned?.description], ["running", "web"]);
  }
});

Deno.test("a second answer to the request with the options is no refusal of the one without (G-4)", async () => {
  await using world = await lab({ latency: 2_000, server: miniupnpd() });
  const mapping = world.handle.request(new InboundMap(6000, 7200).portSet(4));
  await world.advance(30_000);
  assertEquals(typesOf(world).slice(0, 3), ["portSet", "portSet", ""]);
  assertEquals(mapping.state.type, "running");
});

Deno.test("the refused request is not sent again for a new mapping while the error lasts (G-4, C-8.3-L1)", async () => {
  await using world = await lab();
  world.server.fail(6, { lifetime: 600 });
  const first = await opened(world, DESCRIBED());
  await world.settled(first.revoke());
  const second = await opened(world, DESCRIBED());
  assertEquals(second.assigned?.ignoredOptions, ["description"]);
  await world.settled(second.revoke());
  assertEquals(typesOf(world), ["description", "", "", "", ""]);
  await world.advance(600_000);
  assertEquals((await opened(world, DESCRIBED())).assigned?.description, "web");
});

Deno.test("renewals and recovery go on without the options (G-4)", async () => {
  await using world = await lab({ server: miniupnpd({ maxLifetime: 600 }) });
  const mapping = await opened(world, new InboundMap(6000, 7200).portSet(4));
  await world.advance(400_000);
  world.host.restart();
  await world.advance(10_000);
  assertEquals(typesOf(world), ["portSet", "", "", ""]);
  assertEquals(mapping.state.type, "running");
});

Deno.test("a renewal that is refused because of an option is sent once more without it, and the mapping runs on (G-4)", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const mapping = await opened(world, DESCRIBED());
  world.server.fail(6);
  await world.advance(400_000);
  assertEquals(typesOf(world), ["description", "description", ""]);
  assertEquals([mapping.state.type, mapping.assigned?.ignoredOptions], ["running", [
    "description",
  ]]);
  const [, refused = 0, again = 0] = world.sent().map(({ at }) => at);
  assertEquals(again - refused >= 4_000, true, "requests for a lease keep 4 s apart");
  assertEquals(world.handle.pollError(), undefined);
  assertEquals(
    unread(mapping).some((alert) => alert.type === "stateChange" && alert.state.type === "error"),
    false,
  );
});

Deno.test("a deletion that is refused because of a port set is sent once more without it (G-4)", async () => {
  const store = new MemoryStore();
  {
    await using world = await lab({ client: { store } });
    await opened(world, new InboundMap(6000, 7200).portSet(4));
    await world.settled(world.handle.shutdown({ keep: true }));
  }
  await using world = await lab({ client: { store } });
  world.server.fail(6);
  await world.settled(world.handle.deleteLeftovers());
  assertEquals(mapRequests(world).map(({ lifetime, options }) => [lifetime, options.length]), [
    [0, 1],
    [0, 0],
  ]);
});
