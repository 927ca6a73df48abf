/** A client and a simulated server on real loopback sockets, in real time. */

import { assert, assertEquals } from "@std/assert";
import { Client } from "../../src/client/client.ts";
import type { ClientOptions } from "../../src/client/client_options.ts";
import { SocketError } from "../../src/client/errors.ts";
import type { Handle } from "../../src/client/handle.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { Alert, MapHandle } from "../../src/client/map_handle.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import { systemClock } from "../../src/clock.ts";
import { ServerHost } from "../../src/testing/host.ts";
import { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import type { ServerOptions } from "../../src/testing/server/server_options.ts";
import type { Network, SocketAddress } from "../../src/transport/transport.ts";
import { hasIpv6Loopback } from "../transport/loopback.ts";

/** Runs all scenarios at the same time, because most of their time is waiting. */
export function endToEnd(network: Network): void {
  Deno.test(`${network.name}: client and server on real sockets`, async (t) => {
    // Leaks cannot be assigned to steps that run at the same time: the test as a whole is checked for them.
    const unchecked = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };
    const steps = SCENARIOS.map(([name, run]) =>
      t.step({ name, fn: () => run(network), ...unchecked })
    );
    const passed = await Promise.all(steps);
    assert(passed.every(Boolean));
  });
}

const SCENARIOS: readonly (readonly [string, (network: Network) => Promise<void>])[] = [
  ["a mapping comes up, is renewed, and is deleted", async (network) => {
    await using setup = await start(network, { maxLifetime: 5 });
    const mapping = setup.handle.request(new InboundMap(6000, 3600));
    assertEquals(await within(mapping.ready()), {
      externalAddress: "203.0.113.5",
      externalPort: 40000,
      lifetime: 5,
      protocol: "pcp",
    });
    await states(mapping, "starting", "running", "updating", "running");
    assertEquals(setup.server.counters.received, { map: 2 });
    await within(mapping.revoke());
    assertEquals([mapping.state.type, setup.server.mappings.size], ["revoked", 0]);
    assertEquals(setup.server.counters.violations, {});
  }],

  [
    "a gateway of UPnP alone makes, renews and deletes a mapping, and restarts on another port",
    async (network) => {
      await using setup = await start(network, { protocols: ["upnp"] });
      const { handle, host } = setup;
      const mapping = handle.request(new InboundMap(6000, 600));
      const assigned = await within(mapping.ready());
      assertEquals([assigned.protocol, assigned.externalPort], ["upnp", 6000]);
      mapping.renew(900);
      await states(mapping, "starting", "starting", "running", "updating", "running");
      assertEquals(host.igd?.mappings.size, 1);
      host.restartIgd({ httpPort: 0, byebye: false, alive: false });
      mapping.renew(600);
      await states(mapping, "updating");
      while (host.igd?.mappings.size === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      await within(mapping.revoke());
      assertEquals([mapping.state.type, host.igd?.mappings.size], ["revoked", 0]);
      assertEquals(host.igd?.counters.violations, {});
    },
  ],

  ["an outbound mapping comes up, and expires after its lifetime", async (network) => {
    await using setup = await start(network, { maxLifetime: 2 });
    const map = new OutboundMap(51000, "198.51.100.7", 443, 2);
    const mapping = setup.handle.request(map, "once");
    await within(mapping.ready());
    const began = performance.now();
    await states(mapping, "starting", "running", "expired");
    const lasted = performance.now() - began;
    assert(lasted > 1_700 && lasted < 3_000, `${lasted} ms`);
  }],

  ["a restart that is heard is recovered from", async (network) => {
    await using setup = await start(network, { epoch: 1000 }, { random: () => 0.05 });
    const mapping = setup.handle.request(new InboundMap(6000, 3600));
    await within(mapping.ready());
    setup.listeners.push(setup.clientSocket());
    setup.host.restart();
    assertEquals(setup.server.mappings.size, 0);
    await states(mapping, "starting", "running", "updating", "running");
    assertEquals(setup.server.mappings.size, 1);
    assertEquals((await within(setup.handle.waitError()))?.name, "ServerRestartedError");
  }],

  ["a restart without an announcement is noticed at the next renewal", async (network) => {
    await using setup = await start(network, { epoch: 1000, maxLifetime: 4 });
    const mapping = setup.handle.request(new InboundMap(6000, 3600));
    await within(mapping.ready());
    setup.host.restart({ announce: false });
    await states(mapping, "starting", "running", "updating", "running");
    assertEquals(setup.server.mappings.size, 1);
    assertEquals((await within(setup.handle.waitError()))?.name, "ServerRestartedError");
  }],

  ["shutdown deletes every mapping, and ends in time without responses", async (network) => {
    await using setup = await start(network, {}, { shutdownTimeout: 300 });
    const mapping = setup.handle.request(new InboundMap(6000, 3600));
    await within(mapping.ready());
    const other = await Client.start("127.0.0.1", "127.0.0.1", {
      network,
      port: setup.host.local.port,
      shutdownTimeout: 300,
    });
    await within(other.request(new InboundMap(6001, 3600)).ready());
    assertEquals(await within(other.shutdown()), { released: 1, unconfirmed: 0, kept: 0 });
    assertEquals(setup.server.mappings.size, 1);
    setup.server.silent = true;
    const began = performance.now();
    assertEquals(await within(setup.handle.shutdown()), { released: 0, unconfirmed: 1, kept: 0 });
    assert(performance.now() - began < 2_000);
    assertEquals(mapping.state, { type: "dropped" });
  }],

  ["without a server the client waits, and comes up when there is one", async (network) => {
    const vacant = await ServerHost.start(network, systemClock, new SimulatedServer());
    const { port } = vacant.local;
    vacant.close();
    const protocol = { initialRetransmission: 300 };
    await using handle = await Client.start("127.0.0.1", "127.0.0.1", { network, port, protocol });
    const mapping = handle.request(new InboundMap(6000, 3600));
    await states(mapping, "starting", "starting"); // and not over
    const server = new SimulatedServer();
    await using _host = await ServerHost.start(network, systemClock, server, { port });
    assertEquals((await within(mapping.ready())).externalPort, 40000);
    // Some systems report a port without a listener: that is an error of the handle, and never its end.
    for (let error = handle.pollError(); error !== undefined; error = handle.pollError()) {
      assert(error instanceof SocketError, error.message);
    }
    await within(mapping.revoke());
  }],

  ["a send that the system refuses is an error of the handle, and not the end", async (network) => {
    // A socket on loopback may not send to another network, and no host has this address.
    const options = { network, shutdownTimeout: 100, protocol: { initialRetransmission: 300 } };
    const handle = await Client.start("127.0.0.1", "0.0.0.1", options);
    const mapping = handle.request(new InboundMap(6000, 3600));
    for (let count = 0; count < 2; count++) {
      const error = await within(handle.waitError());
      assert(error instanceof SocketError && error.operation === "send", `${error}`);
    }
    assertEquals([mapping.isOver, handle.isShutDown], [false, false]);
    assertEquals((await within(handle.shutdown())).unconfirmed, 1);
  }],

  ["two clients side by side have source ports of their own (C-8.1-3)", async (network) => {
    await using setup = await start(network);
    const { port } = setup.host.local;
    await using other = await Client.start("127.0.0.1", "127.0.0.1", { network, port });
    await within(setup.handle.request(new InboundMap(6000, 3600)).ready());
    await within(other.request(new InboundMap(6001, 3600)).ready());
    const ports = setup.server.log.map(({ from }) => from.port);
    assertEquals(new Set(ports).size, 2);
    assert(!ports.includes(5350) && !ports.includes(5351) && !ports.includes(port));
  }],

  ["a thousand mappings come up, and go", async (network) => {
    await using setup = await start(network, { logLimit: 0 });
    const mappings = Array.from({ length: 1000 }, (_, index) => {
      return setup.handle.request(new InboundMap(1 + index, 3600));
    });
    await within(Promise.all(mappings.map((mapping) => mapping.ready())));
    assertEquals(setup.server.mappings.size, 1000);
    assertEquals(setup.handle.stats().retransmissions, 0);
    assertEquals((await within(setup.handle.shutdown())).unconfirmed, 0);
    assertEquals(setup.server.mappings.size, 0);
  }],

  ["announce() and externalAddress() get their answers", async (network) => {
    await using setup = await start(network, { epoch: 1000 });
    const { epoch, roundTrip } = await within(setup.handle.announce());
    assert(epoch >= 1000 && epoch < 1005 && roundTrip > 0 && roundTrip < 2_000);
    assertEquals(await within(setup.handle.externalAddress()), "203.0.113.5");
    assertEquals(setup.server.mappings.size, 0);
  }],

  ["IPv6 works as IPv4 does", async (network) => {
    if (!hasIpv6Loopback()) return;
    await using setup = await start(network, {}, {}, "::1");
    const mapping = setup.handle.request(new InboundMap(6000, 3600));
    assertEquals((await within(mapping.ready())).externalAddress, "::1");
    await within(mapping.revoke());
    assertEquals(setup.server.counters.received, { map: 1, mapDelete: 1 });
  }],
];

interface Setup extends AsyncDisposable {
  readonly handle: Handle;
  readonly host: ServerHost;
  readonly server: SimulatedServer;
  /** The sockets that receive announcements. */
  readonly listeners: SocketAddress[];
  clientSocket(): SocketAddress;
}

async function start(
  network: Network,
  serverOptions: ServerOptions = {},
  clientOptions: ClientOptions = {},
  address = "127.0.0.1",
): Promise<Setup> {
  const server = new SimulatedServer(serverOptions);
  const listeners: SocketAddress[] = [];
  const options = { hostname: address, announceTo: listeners };
  const host = await ServerHost.start(network, systemClock, server, options);
  const { port } = host.local;
  const handle = await Client.start(address, address, { ...clientOptions, network, port });
  return {
    handle,
    host,
    server,
    listeners,
    clientSocket() {
      const from = server.log.at(-1)?.from;
      if (from === undefined) throw new Error("The server has received nothing");
      return { hostname: from.address.toString(), port: from.port };
    },
    async [Symbol.asyncDispose]() {
      await handle.shutdown();
      host.close();
    },
  };
}

/** Reads as many states as are named, and asserts that they are those. */
async function states(mapping: MapHandle, ...wanted: string[]): Promise<void> {
  const seen: string[] = [];
  while (seen.length < wanted.length) {
    const alert: Alert | undefined = await within(mapping.waitAlert());
    if (alert === undefined) break;
    if (alert.type === "stateChange") seen.push(alert.state.type);
  }
  assertEquals(seen, wanted);
}

/** Waits at most 15 s, which only a failing test needs. */
async function within<T>(promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("Nothing happened within 15 s")), 15_000);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
