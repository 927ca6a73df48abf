/** How the external address is found (G-1, G-10). */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ResultCodeError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { lab } from "../../src/testing/lab.ts";
import { miniupnpd } from "../../src/testing/server/server_options.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import { natPmpRequests, texts } from "../helpers/natpmp.ts";
import { fate, mapRequests, opened, unread } from "../helpers/client.ts";

const DROPS_PCP = { natPmpOnly: true, quirks: { dropsOtherVersions: true } };

Deno.test("a router that allows ports from 1024 only reports its address (G-1)", async () => {
  await using world = await lab({ server: miniupnpd({ lowestPort: 1024 }) });
  assertEquals(await world.settled(world.handle.externalAddress()), "203.0.113.5");
  const { refusal, ok, externalAddress } = await world.settled(world.handle.diagnose());
  assertEquals([refusal, ok, externalAddress], [null, false, "203.0.113.5"]); // a documentation address
  assertEquals(world.server.counters.refused, {});
});

Deno.test("the port is random, from 49152 to 65535 (G-1)", async () => {
  const ports = new Set<number>();
  for (let seed = 1; seed <= 8; seed++) {
    await using world = await lab({ seed });
    await world.settled(world.handle.externalAddress());
    const [request] = mapRequests(world);
    const port = request?.internalPort ?? 0;
    assert(port >= 49_152 && port <= 65_535, `${port}`);
    ports.add(port);
    assertEquals(world.server.mappings.size, 0);
  }
  assert(ports.size > 6, `${[...ports]}`);
});

Deno.test("where a mapping is refused one that is alive has the address (G-1)", async () => {
  await using world = await lab({ server: { quota: 1 } });
  await opened(world);
  assertEquals(await world.settled(world.handle.externalAddress()), "203.0.113.5");
});

Deno.test("NAT-PMP is asked without a mapping (G-1, G-10)", async () => {
  for (const server of [{ natPmpOnly: true }, DROPS_PCP]) {
    await using world = await lab({ server });
    for (let time = 0; time < 2; time++) {
      assertEquals(await world.settled(world.handle.externalAddress()), "203.0.113.5");
    }
    assert(texts(natPmpRequests(world)).every((text) => text === "address"));
    assertEquals(world.server.counters.received["natpmpMap"], undefined);
    assertEquals(world.handle.protocol, "nat-pmp");
  }
});

Deno.test("a NAT-PMP gateway whose address changed unheard: externalAddress() has it, and mappings get an alert (G-10, D-3.2-4)", async () => {
  await using world = await lab({ server: { natPmpOnly: true }, client: { multicast: false } });
  const mapping = await opened(world);
  await world.advance(100_000);
  world.host.changeExternalAddress("198.51.100.9");
  world.server.restart(world.clock.now(), { announce: false, keepMappings: true, epoch: 100 });
  assertEquals(await world.settled(world.handle.externalAddress()), "198.51.100.9");
  const assigned = unread(mapping).filter(({ type }) => type === "assigned");
  assertEquals(assigned.map((alert) => alert.type === "assigned" && alert.externalAddress), [
    "198.51.100.9",
  ]);
});

Deno.test("without a question it is learned with the next renewal (G-10, D-3.2-4)", async () => {
  for (const quirks of [{}, { dropsOtherVersions: true }]) {
    await using world = await lab({
      server: { natPmpOnly: true, maxLifetime: 600, quirks },
      client: { multicast: false },
    });
    const mapping = await opened(world);
    await world.advance(100_000);
    world.host.changeExternalAddress("198.51.100.9");
    world.server.restart(world.clock.now(), { announce: false, keepMappings: true, epoch: 100 });
    await world.advance(201_000);
    assertEquals(mapping.assigned?.externalAddress, "198.51.100.9");
    const alerts = unread(mapping).filter(({ type }) => type === "assigned");
    assertEquals(alerts.map((alert) => alert.type === "assigned" && alert.externalAddress), [
      "198.51.100.9",
    ]);
  }
});

Deno.test("one round of renewals asks for the address once (G-10)", async () => {
  await using world = await lab({ server: { natPmpOnly: true, maxLifetime: 600 } });
  for (const port of [6000, 6001, 6002]) await opened(world, new InboundMap(port, 7200));
  const since = world.clock.now();
  await world.advance(301_000);
  const sent = texts(natPmpRequests(world, since));
  assertEquals(sent.filter((text) => text === "address").length, 1);
  assertEquals(sent.length, 4);
});

Deno.test("0.0.0.0 is no address: nothing is assigned (G-10, D-3.2-4)", async () => {
  await using world = await lab({ server: { natPmpOnly: true, externalAddress: "0.0.0.0" } });
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  const error = await assertRejects(() => world.settled(mapping.ready()), ResultCodeError);
  assertEquals([error.code, mapping.assigned], [ResultCode.NetworkFailure, undefined]);
  const asked = await assertRejects(
    () => world.settled(world.handle.externalAddress()),
    ResultCodeError,
  );
  assertEquals(asked.code, ResultCode.NetworkFailure);
  world.host.changeExternalAddress("198.51.100.9");
  await world.advance(60_000);
  assertEquals(mapping.assigned?.externalAddress, "198.51.100.9");
});

Deno.test("an announced 0.0.0.0 takes no assignment away (G-10)", async () => {
  await using world = await lab({ server: { natPmpOnly: true } });
  const mapping = await opened(world);
  world.host.changeExternalAddress("0.0.0.0");
  await world.advance(20_000);
  assertEquals(mapping.assigned?.externalAddress, "203.0.113.5");
});

Deno.test("a refusal of one port is no refusal of the router if a high port is opened (G-1)", async () => {
  await using world = await lab({ server: { lowestPort: 1024 } });
  const mapping = world.handle.request(new InboundMap(80, 7200));
  await assertRejects(() => world.settled(mapping.ready()), ResultCodeError, "NOT_AUTHORIZED");
  const { refusal, externalAddress } = await world.settled(world.handle.diagnose());
  assertEquals([refusal, externalAddress], [null, "203.0.113.5"]);
  world.server.fail(ResultCode.NotAuthorized, { times: Infinity, opcode: 1 });
  const refused = await world.settled(world.handle.diagnose());
  assertEquals(refused.refusal, { code: 2, name: "NOT_AUTHORIZED" });
});

Deno.test("externalAddress() waits for a silent gateway until the signal (G-1)", async () => {
  await using world = await lab();
  world.server.silent = true;
  const aborter = new AbortController();
  const wait = fate(world.handle.externalAddress({ signal: aborter.signal }));
  await world.advance(60_000);
  assertEquals(wait.settled, false);
  aborter.abort(new Error("enough"));
  await world.advance(10);
  assertEquals((wait.error as Error).message, "enough");
});
