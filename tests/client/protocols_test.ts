/** The option `protocols`: which protocols a client may use. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Client } from "../../src/client/client.ts";
import { ResultCodeError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { Protocol } from "../../src/engine/protocol.ts";
import { lab } from "../../src/testing/lab.ts";
import { natPmpRequests, sentRequests, texts } from "../helpers/natpmp.ts";
import { CLIENT, opened, SERVER } from "../helpers/client.ts";

const DROPS_PCP = { natPmpOnly: true, quirks: { dropsOtherVersions: true } };

Deno.test("protocols must be an array of known names, with one at least", async () => {
  const start = (protocols: unknown, more = {}) => () =>
    Client.start(CLIENT, SERVER, { protocols: protocols as Protocol[], ...more });
  await assertRejects(start("pcp"), TypeError, '"pcp"');
  await assertRejects(start([1]), TypeError, '"[1]"');
  await assertRejects(start(["pcp", "natpmp"]), RangeError, 'got "natpmp"');
  await assertRejects(start([]), RangeError, "at least one");
  await assertRejects(start(["nat-pmp"], { protocol: { natPmp: false } }), RangeError, "nat-pmp");
});

Deno.test("PCP alone never asks in NAT-PMP", async () => {
  for (const options of [{ protocols: ["pcp"] }, { protocol: { natPmp: false } }] as const) {
    for (const server of [DROPS_PCP, { natPmpOnly: true }]) {
      await using world = await lab({ server, client: options });
      const mapping = world.handle.request(new InboundMap(6000, 7200));
      await world.advance(20_000);
      assertEquals([natPmpRequests(world), mapping.assigned], [[], undefined]);
    }
  }
});

Deno.test("NAT-PMP alone never asks in PCP, and needs no wait", async () => {
  await using world = await lab({
    server: { natPmp: true, maxLifetime: 600 },
    client: { protocols: ["nat-pmp"] },
  });
  const mapping = await opened(world);
  assert(world.clock.now() < 100);
  assertEquals([mapping.assigned?.externalPort, world.handle.protocol], [40000, "nat-pmp"]);
  assertEquals(await world.settled(world.handle.externalAddress()), "203.0.113.5");
  await world.advance(700_000);
  assertEquals(mapping.state.type, "running");
  await world.settled(mapping.revoke());
  assertEquals(world.server.mappings.size, 0);
  assertEquals(texts(sentRequests(world)).includes("PCP"), false);
});

Deno.test("NAT-PMP alone is spoken from a public address too (D-3-1)", async () => {
  await using world = await lab({
    clientAddress: "198.51.100.10",
    server: { natPmpOnly: true },
    client: { protocols: ["nat-pmp"] },
  });
  await opened(world);
  assertEquals(world.handle.protocol, "nat-pmp");
});

Deno.test("without PCP its own requests are refused at once, and mappings that only it can make", async () => {
  await using world = await lab({ server: { natPmp: true }, client: { protocols: ["nat-pmp"] } });
  await assertRejects(() => world.settled(world.handle.announce()), ResultCodeError, "VERSION");
  const map = new InboundMap(6000, 7200).filter(0, "198.51.100.0", 24);
  const error = await assertRejects(
    () => world.settled(world.handle.request(map).ready()),
    ResultCodeError,
  );
  assertEquals(error.unsupported, { protocol: "nat-pmp", part: "filter" });
  assertEquals(texts(sentRequests(world)), []);
});

Deno.test("without PCP a silent gateway is silent after 8 s", async () => {
  await using world = await lab({ client: { protocols: ["nat-pmp"] } });
  world.server.silent = true;
  world.handle.request(new InboundMap(6000, 7200));
  await world.advance(8_000);
  assertEquals(world.handle.gateway.state, "silent");
  assert(world.handle.describeGateway().startsWith("Nothing at 192.168.1.1 answers in NAT-PMP:"));
});

Deno.test("the order of the names does not matter: PCP is tried first", async () => {
  await using world = await lab({
    server: { natPmp: true },
    client: { protocols: ["nat-pmp", "pcp"] },
  });
  await opened(world);
  assertEquals([texts(sentRequests(world)), world.handle.protocol], [["PCP"], "pcp"]);
});
