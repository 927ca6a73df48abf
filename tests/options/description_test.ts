/** DESCRIPTION (RFC 7220): `description()` and `assigned.description`. */

import { assertEquals, assertThrows } from "@std/assert";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import { miniupnpd } from "../../src/testing/server/server_options.ts";
import { lab } from "../../src/testing/lab.ts";
import { mapRequests, opened, requests } from "../helpers/client.ts";

Deno.test("a description is sent with every request, and the server's one is reported (E-7220-1, E-7220-3, C-7.3-7)", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const mapping = await opened(world, new InboundMap(6000, 7200).description("Grüße 🎮"));
  assertEquals(mapping.assigned?.description, "Grüße 🎮");
  assertEquals(mapping.assigned?.ignoredOptions, undefined);
  await world.advance(400_000);
  const texts = mapRequests(world).map(({ options: [option] }) =>
    option?.type === "description" ? option.text : undefined
  );
  assertEquals(texts, ["Grüße 🎮", "Grüße 🎮"]);
  assertEquals([...world.server.mappings.values()].map(({ description }) => description), [
    "Grüße 🎮",
  ]);
  assertEquals(world.server.counters.violations, {});
});

Deno.test("outbound mappings have descriptions too (E-7220-2)", async () => {
  await using world = await lab();
  const map = new OutboundMap(5000, "198.51.100.7", 443, 600).description("call");
  assertEquals((await opened(world, map)).assigned?.description, "call");
});

Deno.test("a description that the server has shortened is reported as shortened (E-7220-3)", async () => {
  await using world = await lab({ server: { maxDescription: 4 } });
  const mapping = await opened(world, new InboundMap(6000, 7200).description("website"));
  assertEquals(mapping.assigned?.description, "webs");
});

Deno.test("a description that the server does not support is reported as ignored (E-7220-3)", async () => {
  await using world = await lab({ server: { maxDescription: 0 } });
  const mapping = await opened(world, new InboundMap(6000, 7200).description("web"));
  assertEquals(mapping.assigned?.description, undefined);
  assertEquals(mapping.assigned?.ignoredOptions, ["description"]);
  assertEquals(mapping.toJSON().assigned?.ignoredOptions, ["description"]);
});

Deno.test("an echoed description counts as stored (E-7220-3)", async () => {
  await using world = await lab({ server: miniupnpd() });
  const mapping = await opened(world, new InboundMap(6000, 7200).description("web"));
  assertEquals(mapping.assigned?.description, "web");
});

Deno.test("the empty text removes the description (E-7220-4)", async () => {
  await using world = await lab();
  const first = await opened(world, new InboundMap(6000, 7200).description("web"));
  await world.settled(first.revoke());
  const second = await opened(world, new InboundMap(6000, 7200).description(""));
  assertEquals([...mapRequests(world).at(-1)?.options ?? []], [{ type: "description", text: "" }]);
  assertEquals(second.assigned?.description, "");
});

Deno.test("a description has at most 1016 octets of well-formed text (E-7220-2, E-7220-5)", () => {
  const map = (text: string) => new InboundMap(6000, 7200).description(text);
  map("x".repeat(1016));
  assertThrows(() => map("x".repeat(1017)), RangeError, "1016");
  assertThrows(() => map("é".repeat(509)), RangeError, "1018");
  assertThrows(() => map("\ud800"), TypeError, "well-formed");
  assertThrows(() => map("a").description("b"), TypeError, "twice");
});

Deno.test("no description is sent by default (E-7220-6)", async () => {
  await using world = await lab();
  await opened(world);
  await opened(world, new OutboundMap(5000, "198.51.100.7", 443, 600));
  assertEquals(requests(world).flatMap(({ options }) => options), []);
});
