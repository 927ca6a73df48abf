/** The option `protocols`: which protocols a client may use. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Client } from "../../src/client/client.ts";
import { ResultCodeError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import type { Protocol } from "../../src/engine/protocol.ts";
import { lab } from "../../src/testing/lab.ts";
import type { ServerOptions } from "../../src/testing/server/server_options.ts";
import { natPmpRequests, sentRequests, texts } from "../helpers/natpmp.ts";
import { CLIENT, opened, SERVER } from "../helpers/client.ts";

const UNANSWERED = { quirks: { answeredTargets: [] } };
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

/** Gateways by what they speak; `v3` is a version of PCP that this client does not. */
const GATEWAYS = {
  "pcp": { protocols: ["pcp"] },
  "nat-pmp": { protocols: ["nat-pmp"] },
  "upnp": { protocols: ["upnp"] },
  "upnp, port closed": { protocols: ["upnp"], closedPort: "refused" },
  "pcp, upnp": { protocols: ["pcp", "upnp"] },
  "nat-pmp, upnp": { protocols: ["nat-pmp", "upnp"] },
  "v3, upnp": { protocols: ["pcp", "upnp"], supportedVersion: 3 },
  "v1, upnp": { protocols: ["pcp", "upnp"], supportedVersion: 1 },
  "v3": { protocols: ["pcp"], supportedVersion: 3 },
  "nothing, port closed": { protocols: ["upnp"], closedPort: "refused", igd: UNANSWERED },
  "nothing": { protocols: ["upnp"], igd: UNANSWERED },
} as const;

/** By the protocols that may be used: by which one each gateway makes the mapping, or what it is judged to be. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  "pcp": [
    "pcp",
    "refuses",
    "silent",
    "refuses",
    "pcp",
    "refuses",
    "refuses",
    "refuses",
    "refuses",
    "refuses",
    "silent",
  ],
  "nat-pmp": [
    "refuses",
    "nat-pmp",
    "silent",
    "refuses",
    "refuses",
    "nat-pmp",
    "silent",
    "silent",
    "silent",
    "refuses",
    "silent",
  ],
  "upnp": [
    "silent",
    "silent",
    "upnp",
    "upnp",
    "upnp",
    "upnp",
    "upnp",
    "upnp",
    "silent",
    "silent",
    "silent",
  ],
  "pcp, nat-pmp": [
    "pcp",
    "nat-pmp",
    "silent",
    "refuses",
    "pcp",
    "nat-pmp",
    "refuses",
    "refuses",
    "refuses",
    "refuses",
    "silent",
  ],
  "pcp, upnp": [
    "pcp",
    "refuses",
    "upnp",
    "upnp",
    "pcp",
    "upnp",
    "upnp",
    "upnp",
    "refuses",
    "refuses",
    "silent",
  ],
  "nat-pmp, upnp": [
    "refuses",
    "nat-pmp",
    "upnp",
    "upnp",
    "upnp",
    "nat-pmp",
    "upnp",
    "upnp",
    "silent",
    "refuses",
    "silent",
  ],
  "pcp, nat-pmp, upnp": [
    "pcp",
    "nat-pmp",
    "upnp",
    "upnp",
    "pcp",
    "nat-pmp",
    "upnp",
    "upnp",
    "refuses",
    "refuses",
    "silent",
  ],
};

for (const [list, expected] of Object.entries(CHOICES)) {
  Deno.test(`with ${list}: every protocol that may be used is tried before the verdict (U-1.1, U-1.2, U-1.3)`, async () => {
    const protocols = list.split(", ") as Protocol[];
    for (const [index, [name, server]] of Object.entries(GATEWAYS).entries()) {
      await using world = await lab({ server: server as ServerOptions, client: { protocols } });
      const mapping = world.handle.request(new InboundMap(6000, 600));
      await world.advance(9_000);
      const { state } = world.handle.gateway;
      const result = mapping.assigned?.protocol ?? state;
      assertEquals(result, expected[index], name);
      if (mapping.assigned === undefined) continue;
      assertEquals([mapping.state.type, state], ["running", "answers"], name);
      assertEquals(await world.settled(world.handle.externalAddress()), "203.0.113.5", name);
    }
  });
}

Deno.test("a first mapping waits for the search, whatever PCP's version error names (U-1.2, U-1.3)", async () => {
  for (const server of [GATEWAYS["nat-pmp, upnp"], GATEWAYS["v3, upnp"]]) {
    await using world = await lab({ server, client: { protocols: ["pcp", "upnp"] } });
    const first = world.handle.request(new InboundMap(6000, 600));
    assertEquals((await world.settled(first.ready())).protocol, "upnp");
    const since = world.clock.now();
    const second = world.handle.request(
      new InboundMap(6001, 600).preferFailure().externalPort(6001),
    );
    assertEquals((await world.settled(second.ready())).protocol, "upnp");
    assert(world.clock.now() - since < 100, "the refusal of PCP holds back nothing");
    assertEquals(await world.settled(world.handle.externalAddress()), "203.0.113.5");
    await world.settled(first.revoke());
    await world.settled(second.revoke());
    assertEquals(world.igd.mappings.size, 0);
  }
});

Deno.test("what UPnP cannot make is refused at once with PCP's version, and held as PCP says (U-1.6, C-9-4)", async () => {
  await using world = await lab({ server: GATEWAYS["v3, upnp"] });
  const map = new OutboundMap(6000, "198.51.100.7", 443, 600);
  const error = await assertRejects(
    () => world.settled(world.handle.request(map).ready(), 100),
    ResultCodeError,
  );
  assertEquals([error.code, error.lifetime], [1, 1800]);
  assertEquals(world.igd.counters.searches, {});
});

Deno.test("PCP is tried again when its refusal is over, and is used then (U-1.5, C-9-4)", async () => {
  const client = { protocols: ["pcp", "upnp"] } as const;
  await using world = await lab({ server: GATEWAYS["nat-pmp, upnp"], client });
  const request = async (port: number): Promise<Protocol | undefined> => {
    const mapping = world.handle.request(new InboundMap(port, 600));
    return (await world.settled(mapping.ready())).protocol;
  };
  assertEquals(await request(6000), "upnp");
  world.server.setProtocols(["pcp", "upnp"]);
  assertEquals(await request(6001), "upnp");
  assertEquals(sentRequests(world).length, 1, "not yet");
  await world.advance(60_000);
  assertEquals(await request(6002), "pcp");
  assertEquals(world.handle.mappings.map(({ assigned }) => assigned?.protocol), [
    "upnp",
    "upnp",
    "pcp",
  ]);
});
