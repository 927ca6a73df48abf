/** A gateway that refuses by ICMP, where the client's socket does not hear that: a probe does, once, after a silence. */

import { assertEquals } from "@std/assert";
import { Client } from "../../src/client/client.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { type Lab, lab } from "../../src/testing/lab.ts";
import type { Network, Probe, ProbeOptions } from "../../src/transport/transport.ts";
import { systemError, TransportError } from "../../src/transport/transport_error.ts";
import { opened } from "../helpers/client.ts";

/** Gives the network of the lab a probe; returns its calls. */
function giveProbe(world: Lab, code?: string): ProbeOptions[] {
  const calls: ProbeOptions[] = [];
  const probe: Probe = (options) => {
    calls.push(options);
    const cause = code === undefined ? undefined : systemError(code, "ICMP");
    return Promise.resolve(cause && new TransportError("receive", options.to, cause));
  };
  (world.network as { -readonly [Key in keyof Network]: Network[Key] }).probe = probe;
  return calls;
}

Deno.test("a gateway that a probe hears refuse is known within 1 s (D-6)", async () => {
  await using world = await lab({ client: { protocols: ["pcp", "nat-pmp"] } });
  const calls = giveProbe(world, "ECONNREFUSED");
  world.server.silent = true;
  world.handle.request(new InboundMap(6000, 7200));
  await world.advance(640);
  assertEquals(calls, []);
  await world.advance(360);
  assertEquals(calls.map(({ from, to }) => [from, to]), [
    ["192.168.1.10", { hostname: "192.168.1.1", port: 5351 }],
  ]);
  assertEquals(world.handle.gateway.state, "refuses");
  await world.advance(60_000);
  assertEquals(calls.length, 1);

  world.server.silent = false;
  await world.advance(60_000);
  assertEquals(world.handle.gateway.state, "answers");
});

Deno.test("a probe that hears nothing, or that a host is unreachable, is no refusal", async () => {
  for (const code of [undefined, "EHOSTUNREACH", "ENETUNREACH"]) {
    await using world = await lab();
    giveProbe(world, code);
    world.server.silent = true;
    world.handle.request(new InboundMap(6000, 7200));
    await world.advance(7_999);
    assertEquals(world.handle.gateway.state, "unknown");
    await world.advance(1);
    assertEquals(world.handle.gateway.state, "silent");
  }
});

Deno.test("a gateway that answers is not probed", async () => {
  await using world = await lab({ latency: 300, server: { maxLifetime: 120 } });
  const calls = giveProbe(world, "ECONNREFUSED");
  await opened(world);
  await world.advance(600_000);
  assertEquals([calls, world.handle.gateway.state], [[], "answers"]);
});

Deno.test("a gateway that stops answering is probed again", async () => {
  await using world = await lab({ server: { maxLifetime: 120 } });
  const calls = giveProbe(world, "ECONNREFUSED");
  await opened(world);
  world.server.silent = true;
  await world.advance(120_000);
  assertEquals([calls.length, world.handle.gateway.state], [1, "refuses"]);
});

Deno.test("each address of a server is probed (RFC 7488 section 3)", async () => {
  await using world = await lab();
  const calls = giveProbe(world, "ECONNREFUSED");
  const { network, clock } = world;
  const servers = ["192.168.1.2", "192.168.1.3", "192.168.1.1"];
  const options = { network, clock, multicast: false, watch: false, shutdownTimeout: 0 } as const;
  const handle = await Client.start("192.168.1.20", servers, options);
  const mapping = handle.request(new InboundMap(6000, 7200));
  await world.advance(1_600);
  assertEquals(calls.map(({ to }) => to.hostname), ["192.168.1.2", "192.168.1.3"]);
  assertEquals(mapping.state.type, "running");
  await world.settled(handle.shutdown());
});

Deno.test("the end of a client ends its probe", async () => {
  await using world = await lab({ client: { shutdownTimeout: 0 } });
  const calls = giveProbe(world);
  world.server.silent = true;
  world.handle.request(new InboundMap(6000, 7200));
  await world.advance(1_000);
  assertEquals(calls.map(({ signal }) => signal.aborted), [false]);
  await world.settled(world.handle.shutdown());
  assertEquals(calls.map(({ signal }) => signal.aborted), [true]);
});
