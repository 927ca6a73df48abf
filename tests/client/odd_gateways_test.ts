/** Gateways that do something else than what was requested, as a user meets them. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ResultCodeError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import { lab } from "../../src/testing/lab.ts";
import { miniupnpd } from "../../src/testing/server/server_options.ts";
import { opened, unread } from "../helpers/client.ts";

Deno.test("a pinhole of miniupnpd has the internal port after every renewal (G-5)", async () => {
  await using world = await lab({
    server: miniupnpd({ maxLifetime: 600 }),
    clientAddress: "2001:db8::10",
    serverAddress: "fe80::1",
  });
  const mapping = await opened(world, new InboundMap(6000, 7200).externalPort(7000));
  assertEquals(mapping.assigned?.externalPort, 6000);
  await world.advance(2_000_000);
  assertEquals([mapping.assigned?.externalPort, mapping.state.type], [6000, "running"]);
  assertEquals(unread(mapping).filter((alert) => `${alert}`.includes("assigned")), []);
});

Deno.test("a daemon that grants no less than 2 minutes, whatever its configuration says, is renewed by what it grants (G-18)", async () => {
  await using world = await lab({ server: miniupnpd({ version: "2.3.11", minLifetime: 10 }) });
  const mapping = await opened(world, new InboundMap(6000, 20));
  assertEquals(mapping.assigned?.lifetime, 120);
  await world.advance(600_000);
  assertEquals([mapping.state.type, world.server.mappings.size], ["running", 1]);
  const renewals = (world.server.counters.received["map"] ?? 0) - 1;
  assertEquals(renewals >= 7 && renewals <= 10, true, `${renewals} renewals`);
});

Deno.test("a taken port that miniupnpd replaces is refused, the replacement deleted, and the port free to be asked for (G-6)", async () => {
  await using world = await lab({ server: miniupnpd() });
  const other = await opened(world, new InboundMap(5000, 7200).externalPort(8000));
  const picky = () =>
    world.handle.request(new InboundMap(6000, 7200).externalPort(8000).preferFailure());
  const mapping = picky();
  const error = await assertRejects(() => world.settled(mapping.ready()), ResultCodeError);
  assertEquals([error.code, error.lifetime], [11, undefined]);
  await world.advance(1_000);
  assertEquals([mapping.isOver, world.server.mappings.size], [true, 1]);
  await mapping.revoke(); // it is over
  await world.settled(other.revoke());
  await world.advance(200_000); // the hold, and the reservation of the port
  assertEquals((await world.settled(picky().ready())).externalPort, 8000);
});

Deno.test("THIRD_PARTY that is ignored is refused with a sentence, and nothing is left for this host (G-9)", async () => {
  const server = { quirks: { ignoresThirdParty: true } };
  await using world = await lab({ server, client: { allowThirdParty: true } });
  const mapping = world.handle.request(new InboundMap(6000, 7200).thirdParty("192.168.1.20"));
  const error = await assertRejects(() => world.settled(mapping.ready()), ResultCodeError);
  assertEquals([error.resultName, error.reason], ["UNUSABLE_ASSIGNMENT", "thirdParty"]);
  assertStringIncludes(error.message, "ignored the option THIRD_PARTY");
  await world.advance(1_000);
  assertEquals([mapping.isOver, world.server.mappings.size], [true, 0]);
});

for (const bareOpcodeErrors of ["zeroed", "headerOnly"] as const) {
  Deno.test(`PEER refused with UNSUPP_OPCODE without a copy of the request fails at once, ${bareOpcodeErrors} (G-8)`, async () => {
    await using world = await lab({ server: { opcodes: [0, 1], quirks: { bareOpcodeErrors } } });
    const mapping = world.handle.request(new OutboundMap(6000, "198.51.100.7", 7000, 7200));
    const error = await assertRejects(() => world.settled(mapping.ready(), 1_000), ResultCodeError);
    assertEquals(error.resultName, "UNSUPP_OPCODE");
  });
}

Deno.test("an unusable success says why, in PCP and NAT-PMP (G-14)", async () => {
  const answers = {
    lifetime: (reply: Uint8Array) => reply.fill(0, 4, 8),
    externalPort: (reply: Uint8Array) => reply.fill(0, 42, 44),
    externalAddress: (reply: Uint8Array) => reply.fill(0, 56, 60),
  };
  for (const [reason, tampered] of Object.entries(answers)) {
    await using world = await lab();
    world.server.tamper = (reply) => [tampered(reply)];
    const mapping = world.handle.request(new InboundMap(6000, 7200));
    const error = await assertRejects(() => world.settled(mapping.ready()), ResultCodeError);
    assertEquals<unknown>([error.reason, error.lifetime], [reason, 30]);
    assertStringIncludes(error.message, "the router granted");
  }
  const natPmp = { lifetime: [12, 16], externalPort: [10, 12] } as const;
  for (const [reason, [from, to]] of Object.entries(natPmp)) {
    await using world = await lab({ server: { natPmpOnly: true } });
    world.server.tamper = (reply) => [reply.length === 16 ? reply.fill(0, from, to) : reply];
    const mapping = world.handle.request(new InboundMap(6000, 7200));
    const error = await assertRejects(() => world.settled(mapping.ready()), ResultCodeError);
    assertEquals<unknown>(error.reason, reason);
  }
});

Deno.test("one external port for two internal ports: the older mapping is lost, and gets another port later (G-19)", async () => {
  for (const natPmpOnly of [false, true]) {
    await using world = await lab({ server: { natPmpOnly, quirks: { sharesPorts: true } } });
    if (natPmpOnly) world.server.tamper = (reply) => [withPort8000(reply)];
    const older = await opened(world, new InboundMap(6000, 7200).externalPort(8000));
    const newer = await opened(world, new InboundMap(6001, 7200).externalPort(8000));
    const { state } = older;
    assertEquals(state.type === "error" && [state.name, state.reason], ["CONFLICT", "conflict"]);
    assertEquals([older.assigned, newer.assigned?.externalPort], [undefined, 8000]);
    await world.advance(3_000_000); // the same port again does not take it from the newer mapping
    assertEquals([newer.state.type, newer.assigned?.externalPort], ["running", 8000]);
    assertEquals([older.state.type, older.assigned?.externalPort === 8000], ["error", false]);
  }
});

/** A response of NAT-PMP that assigns external port 8000. */
function withPort8000(reply: Uint8Array): Uint8Array {
  if (reply.length === 16) new DataView(reply.buffer, reply.byteOffset).setUint16(10, 8000);
  return reply;
}

Deno.test("TCP and UDP of one port, and several outbound mappings of one port, are no conflict (G-19)", async () => {
  await using world = await lab({ server: { assignPort: "same" } });
  const tcp = await opened(world, new InboundMap(6000, 7200));
  const udp = await opened(world, new InboundMap(6000, 7200).protocol(17));
  const peers = [7000, 7001].map((port) => new OutboundMap(6000, "198.51.100.7", port, 7200));
  const outbound = [];
  for (const peer of peers) outbound.push(await opened(world, peer));
  assertEquals([tcp, udp, ...outbound].map(({ state }) => state.type), Array(4).fill("running"));
});

Deno.test("a mapping moved to another port leaves its old one to others (G-19)", async () => {
  await using world = await lab();
  const first = await opened(world, new InboundMap(6000, 7200).externalPort(8000));
  world.host.update(() => true, { externalPort: 9000 });
  await world.advance(1_000);
  assertEquals(first.assigned?.externalPort, 9000);
  const second = await opened(world, new InboundMap(6001, 7200).externalPort(8000));
  assertEquals([first.state.type, second.assigned?.externalPort], ["running", 8000]);
});

Deno.test("a mapping that lost one port takes another as any newer mapping does (G-19)", async () => {
  await using world = await lab();
  const first = await opened(world, new InboundMap(6000, 7200).externalPort(8000));
  const second = await opened(world, new InboundMap(6001, 7200).externalPort(7001));
  const third = await opened(world, new InboundMap(6002, 7200).externalPort(9000));
  const move = (port: number, externalPort: number) => {
    world.host.update(({ internalPort }) => internalPort === port, { externalPort });
  };
  move(6001, 8000);
  await world.advance(1_000);
  assertEquals([first.state.type, second.assigned?.externalPort], ["error", 8000]);
  move(6000, 9000);
  await world.advance(90_000);
  assertEquals([first.state.type, first.assigned?.externalPort], ["running", 9000]);
  assertEquals(third.state.type === "error" && third.state.reason, "conflict");
});
