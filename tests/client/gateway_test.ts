/** One knowledge of the gateway: handle.gateway, handle.protocol, errors() and diagnose() say the same. */

import { assert, assertEquals } from "@std/assert";
import { GatewayError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { Handle } from "../../src/client/handle.ts";
import type { Protocol } from "../../src/engine/protocol.ts";
import { type Lab, lab } from "../../src/testing/lab.ts";
import { encodeResponse } from "../../src/wire/message.ts";
import { lastNonce, mapSuccess, opened, unreadErrors } from "../helpers/client.ts";
import { anotherServer, LOOK, movingLab } from "./fake_machine.ts";

/** The state and the protocol. */
function known({ gateway, protocol }: Handle): [string, Protocol | undefined] {
  return [gateway.state, protocol];
}

function gatewayErrors(world: Lab): GatewayError[] {
  return unreadErrors(world.handle).filter((error) => error instanceof GatewayError);
}

/** Reads the changes of the gateway into an array. */
function changesOf(handle: Handle): string[] {
  const changes: string[] = [];
  const read = async (): Promise<void> => {
    for await (const { state } of handle.gatewayChanges()) {
      changes.push(`${state} ${handle.protocol}`);
    }
  };
  void read();
  return changes;
}

Deno.test("before the first answer nothing is known of the gateway", async () => {
  await using world = await lab();
  assertEquals(world.handle.gateway, { state: "unknown" });
  assertEquals(world.handle.protocol, undefined);
  assertEquals(world.handle.describeGateway(), "The router at 192.168.1.1 has not answered yet");
});

Deno.test("the first answer makes the gateway known, with its protocol and a time", async () => {
  for (const [natPmpOnly, protocol] of [[false, "pcp"], [true, "nat-pmp"]] as const) {
    await using world = await lab({ server: { natPmpOnly } });
    await opened(world);
    assertEquals(known(world.handle), ["answers", protocol]);
    const since = Date.parse(world.handle.gateway.since ?? "");
    assert(Math.abs(Date.now() - since) < 10_000, world.handle.gateway.since);
    assertEquals(JSON.parse(JSON.stringify(world.handle.gateway)), world.handle.gateway);
  }
});

Deno.test("a gateway without an answer is silent after 8 s, in all protocols, and is asked further (D-6)", async () => {
  await using world = await lab();
  world.server.silent = true;
  const changes = changesOf(world.handle);
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(7_999);
  assertEquals(known(world.handle), ["unknown", undefined]);
  await world.advance(1);
  assertEquals(known(world.handle), ["silent", undefined]);
  const [error, ...more] = gatewayErrors(world);
  assertEquals([error?.state, error?.message, more], [
    "silent",
    world.handle.describeGateway(),
    [],
  ]);
  assertEquals(
    error?.message,
    "Nothing at 192.168.1.1 answers in PCP, NAT-PMP or UPnP: if that is the router, " +
      "switch on UPnP, NAT-PMP or PCP in its settings; a firewall on this computer may also be in the way",
  );
  world.server.silent = false;
  await world.settled(mapping.ready());
  assertEquals(known(world.handle), ["answers", "pcp"]);
  await world.advance(1);
  assertEquals(changes, ["silent undefined", "answers pcp"]);
});

Deno.test("silence begins with the first request without an answer", async () => {
  await using world = await lab();
  world.server.silent = true;
  world.handle.request(new InboundMap(6000, 7200));
  await world.advance(8_000);
  const since = Date.parse(world.handle.gateway.since ?? "");
  assert(Math.abs(Date.now() - 8_000 - since) < 5_000, world.handle.gateway.since);
});

Deno.test("a gateway that refuses by ICMP is known within 1 s (D-6)", async () => {
  await using world = await lab({
    server: { protocols: ["upnp"], closedPort: "refused" },
    client: { protocols: ["pcp", "nat-pmp"] },
  });
  world.handle.request(new InboundMap(6000, 7200));
  await world.advance(1_000);
  assertEquals(known(world.handle), ["refuses", undefined]);
  assertEquals(
    gatewayErrors(world).map(({ message }) => message),
    [
      "The router at 192.168.1.1 does not listen on UDP port 5351, for PCP or NAT-PMP: " +
      "switch on UPnP, NAT-PMP or PCP in its settings",
    ],
  );
  world.server.setProtocols(["pcp"]);
  await world.advance(10_000);
  assertEquals(known(world.handle), ["answers", "pcp"]);
});

Deno.test("silence and refusal are final only after the search for UPnP (U-1.2)", async () => {
  for (const closedPort of ["refused", "silent"] as const) {
    await using world = await lab({ server: { protocols: ["upnp"], closedPort } });
    world.igd.silent = true;
    world.handle.request(new InboundMap(6000, 7200));
    await world.advance(4_000);
    assertEquals(known(world.handle), ["unknown", undefined]);
    await world.advance(5_000);
    const verdict = closedPort === "refused" ? "refuses" : "silent";
    assertEquals(known(world.handle), [verdict, undefined]);
    assertEquals(gatewayErrors(world).length, 1);
    world.igd.silent = false;
    await world.advance(60_000);
    assertEquals(known(world.handle), ["answers", "upnp"]);
    assertEquals([...world.igd.mappings.keys()], ["TCP 6000"]);
    await world.advance(60_000);
    assertEquals([known(world.handle), gatewayErrors(world)], [["answers", "upnp"], []]);
  }
});

Deno.test("a gateway that speaks another version refuses", async () => {
  await using world = await lab();
  const version3 = { type: "announce", version: 3, result: 1, lifetime: 60, epoch: 7 } as const;
  world.server.tamper = () => [encodeResponse(version3)];
  world.handle.request(new InboundMap(6000, 7200));
  await world.advance(100);
  assertEquals(known(world.handle), ["unknown", undefined], "UPnP is searched for");
  await world.advance(5_000);
  assertEquals(known(world.handle), ["refuses", undefined]);
  assert(world.handle.describeGateway().includes("speaks version 3"));
});

Deno.test("a gateway that is silent in NAT-PMP after its version error refuses", async () => {
  await using world = await lab({ server: { natPmpOnly: true } });
  world.server.tamper = (reply, request) => request[0] === 0 ? [] : [reply];
  world.handle.request(new InboundMap(6000, 7200));
  await world.advance(9_000);
  assertEquals(known(world.handle), ["refuses", undefined]);
});

Deno.test("a request that is withdrawn in time leaves no verdict", async () => {
  await using world = await lab();
  world.server.silent = true;
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(2_000);
  const revoked = mapping.revoke();
  world.server.silent = false;
  await world.settled(revoked);
  await world.advance(60_000);
  assertEquals(gatewayErrors(world), []);
  assertEquals(world.handle.gateway.state, "answers");
});

Deno.test("one renewal without an answer is no silence (D-7)", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  await opened(world);
  world.server.silent = true;
  await world.advance(500_000);
  assertEquals([world.handle.gateway.state, gatewayErrors(world)], ["answers", []]);
  await world.advance(110_000); // the lease is over: the mapping is requested anew
  assertEquals(world.handle.gateway.state, "silent");
});

Deno.test("a send that fails on this host is no silence of the gateway", async () => {
  await using world = await lab();
  world.network.failSends = () => new Error("network is unreachable");
  world.handle.request(new InboundMap(6000, 7200));
  await world.advance(20_000);
  assertEquals(known(world.handle), ["unknown", undefined]);
});

Deno.test("diagnose() and handle.gateway agree, whatever the gateway does", async () => {
  const servers = {
    pcp: {},
    natPmp: { natPmpOnly: true },
    dropsPcp: { natPmpOnly: true, quirks: { dropsOtherVersions: true } },
    both: { natPmp: true },
    refuses: { protocols: ["upnp"], closedPort: "refused" },
    silent: { protocols: ["upnp"] },
  } as const;
  for (const [name, server] of Object.entries(servers)) {
    await using world = await lab({ server });
    const { protocol, findings } = await world.settled(world.handle.diagnose());
    const names = { "pcp": "PCP", "nat-pmp": "NAT-PMP", "upnp": "UPnP" };
    const expected = world.handle.protocol === undefined ? null : names[world.handle.protocol];
    assertEquals(protocol as string | null, expected, name);
    if (protocol !== null) continue;
    assertEquals(world.handle.gateway.state, name, name);
    assertEquals(findings.map(({ text }) => text), [`${world.handle.describeGateway()}.`], name);
  }
});

Deno.test("answers from another address are not accepted, but named (G-13)", async () => {
  await using world = await lab();
  world.server.silent = true;
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.advance(10);
  const { from } = world.server.log.at(-1) ?? {};
  const to = { hostname: "192.168.1.10", port: from?.port ?? 0 };
  const own = await world.network.open({ hostname: "192.168.1.2", port: 5351 }, {
    datagram: () => {},
    error: () => {},
  });
  await own.send(mapSuccess(world, lastNonce(world)), to);
  await own.send(new Uint8Array(60).fill(7), to);
  await world.advance(9_000);
  own.close();
  assertEquals([mapping.state.type, world.handle.stats().ignored["source"]], ["starting", 2]);
  assertEquals(world.handle.answersFrom, ["192.168.1.2"]);
  assert(world.handle.describeGateway().includes("answers came from 192.168.1.2 instead"));
  assertEquals(gatewayErrors(world)[0]?.message, world.handle.describeGateway());
});

Deno.test("datagrams of other hosts that answer nothing are not named (G-13)", async () => {
  await using world = await lab();
  await opened(world);
  const other = await world.network.open({ hostname: "192.168.1.2", port: 5351 }, {
    datagram: () => {},
    error: () => {},
  });
  const to = { hostname: "192.168.1.10", port: world.server.log.at(-1)?.from.port ?? 0 };
  await other.send(mapSuccess(world, lastNonce(world)), to); // no request is unanswered
  await world.advance(10);
  other.close();
  assertEquals(world.handle.answersFrom, []);
});

Deno.test("after a move the gateway is unknown until it answers, and the network it left does not count", async () => {
  const { world, machine } = await movingLab();
  await using _ = world;
  await opened(world);
  const host = await anotherServer(world, "10.0.0.1", { natPmpOnly: true });
  const changes = changesOf(world.handle);
  machine.network = { client: "10.0.0.7", server: "10.0.0.1" };
  await world.advance(LOOK + 5_000);
  assertEquals(changes, ["unknown undefined", "answers nat-pmp"]);
  host.close();
});

Deno.test("the changes of the gateway end with the client", async () => {
  const world = await lab();
  const reader = world.handle.gatewayChanges();
  const first = reader.next();
  await opened(world);
  assertEquals((await first).value?.state, "answers");
  const end = reader.next();
  await world[Symbol.asyncDispose]();
  assertEquals((await end).done, true);
  assertEquals((await world.handle.gatewayChanges().next()).done, true);
});
