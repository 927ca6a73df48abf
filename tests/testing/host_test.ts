import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { systemClock } from "../../src/clock.ts";
import { ServerHost } from "../../src/testing/host.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import { MemoryNetwork } from "../../src/transport/memory.ts";
import { defaultNetwork } from "../../src/transport/open.ts";
import type { SocketAddress } from "../../src/transport/transport.ts";
import { hex } from "../helpers/hex.ts";
import { announce, at, map, read } from "./wire_client.ts";

const ROUTER = { hostname: "192.168.1.1", port: 5_351 };

interface Received {
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly source: SocketAddress;
}

/** A memory network with a server at 192.168.1.1 and a client at 192.168.1.10. */
async function scene(options: { latency?: number } = {}) {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, ...options });
  const server = new SimulatedServer({ epoch: 1_000 });
  const host = await ServerHost.start(network, clock, server, ROUTER);
  const received: Received[] = [];
  const sink = {
    datagram: (bytes: Uint8Array, source: SocketAddress) => {
      received.push({ at: clock.now(), bytes, source });
    },
    error: (error: Error) => {
      throw error;
    },
  };
  const client = await network.open({ hostname: "192.168.1.10", port: 50_000 }, sink);
  return { clock, network, server, host, received, sink, client };
}

Deno.test("ServerHost responds from the address it listens on", async () => {
  const { clock, host, received, client } = await scene({ latency: 20 });
  assertEquals(host.local, ROUTER);
  await client.send(map(), ROUTER);
  await clock.advance(100);
  assertEquals(received.map(({ at, source }) => [at, source]), [[40, ROUTER]]);
  assertEquals(read(received[0]?.bytes).externalPort, 40_000);
  host.close();
});

Deno.test("mappings of a ServerHost expire by its clock", async () => {
  const { clock, host, server, client } = await scene();
  await client.send(map({ lifetime: 10 }), ROUTER);
  await clock.advance(9_999);
  assertEquals(server.mappings.size, 1);
  await clock.advance(1);
  assertEquals(server.mappings.size, 0);
  assertEquals(clock.pending, 0);
  host.close();
});

Deno.test("ServerHost multicasts restarts in a memory network, timed by its clock", async () => {
  const { clock, network, host, sink, received } = await scene();
  const group = { group: "224.0.0.1", interfaceAddress: "192.168.1.10" };
  await network.open({ hostname: "192.168.1.10", port: 5_350, multicast: group }, sink);
  await clock.advance(1_000);
  host.restart();
  await clock.advance(200_000);
  assertEquals(
    received.map(({ at }) => at - 1_000),
    [0, 250, 750, 1_750, 3_750, 7_750, 15_750, 31_750, 63_750, 127_750],
  );
  assertEquals(received.every(({ source }) => source.hostname === ROUTER.hostname), true);
  assertEquals(host.errors, []);
  host.close();
});

Deno.test("ServerHost with two addresses announces to both groups", async () => {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock });
  const hostname6 = "fe80::1%eth0";
  const host = await ServerHost.start(network, clock, new SimulatedServer(), {
    ...ROUTER,
    hostname6,
  });
  const from: string[] = [];
  network.onDatagram = (datagram) => from.push(`${datagram.from.hostname} ${datagram.to.hostname}`);
  host.announce();
  await clock.advance(0);
  assertEquals(from, ["192.168.1.1 224.0.0.1", "fe80::1%eth0 ff02::1"]);
  assertEquals(host.local6, { hostname: hostname6, port: 5_351 });
  host.close();
});

Deno.test("ServerHost announces to `announceTo` instead of the groups", async () => {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock });
  const announceTo = [{ hostname: "127.0.0.1", port: 6_000 }, { hostname: "::1", port: 6_001 }];
  const host = await ServerHost.start(network, clock, new SimulatedServer(), { announceTo });
  const to: SocketAddress[] = [];
  network.onDatagram = (datagram) => to.push(datagram.to);
  host.restart();
  await clock.advance(0);
  assertEquals(to, [announceTo[0]]);
  host.close();
});

Deno.test("ServerHost without multicast announces to the clients that have sent requests (C-14.1.3-2)", async () => {
  const { clock, network, received, client } = await scene();
  const hostname = "192.168.1.2";
  const options = { hostname, port: 5_351, multicast: false };
  const host = await ServerHost.start(network, clock, new SimulatedServer(), options);
  host.restart();
  await client.send(announce(), { hostname, port: 5_351 });
  await clock.advance(250);
  assertEquals(received.map(({ bytes }) => bytes.length), [24, 24]);
  assertEquals(host.errors, []);
  host.close();
});

Deno.test("ServerHost sends updates, new addresses and raw octets", async () => {
  const { clock, host, received, client } = await scene();
  await client.send(map(), ROUTER);
  await clock.advance(0);
  received.length = 0;
  host.update(() => true, { externalPort: 1_234, copies: 1 });
  host.changeExternalAddress("203.0.113.77");
  host.sendRaw(Uint8Array.of(1, 2, 3, 4), client.local);
  await clock.advance(0);
  assertEquals(received.map(({ bytes }) => bytes.length), [60, 60, 4]);
  assertEquals(read(received[1]?.bytes).external, "203.0.113.77");
  host.close();
});

Deno.test("ServerHost records send errors and continues", async () => {
  const { clock, network, host, received, client } = await scene();
  network.failSends = (to) => to.port === 50_000 ? new Error("No route") : undefined;
  await client.send(announce(), ROUTER);
  await clock.advance(0);
  assertEquals(host.errors.map(({ message }) => message), ["No route"]);
  network.failSends = undefined;
  await client.send(announce(), ROUTER);
  await clock.advance(0);
  assertEquals(received.length, 1);
  host.close();
});

Deno.test("a closed ServerHost sends nothing, sets no alarm, and its server can be started again", async () => {
  const { clock, network, host, server, received, client } = await scene();
  await client.send(map(), ROUTER);
  await clock.advance(0);
  host.close();
  host.close();
  assertEquals(clock.pending, 0);
  host.restart({ keepMappings: true });
  await client.send(map(), ROUTER);
  await clock.advance(1_000);
  assertEquals(received.length, 1);
  await using again = await ServerHost.start(network, clock, server, ROUTER);
  await client.send(map(), ROUTER);
  await clock.advance(0);
  assertEquals([received.length, again.server.mappings.size], [2, 1]);
});

Deno.test("ServerHost.start() rejects for an address it cannot bind, and leaves no socket open", async () => {
  const { clock, network, host } = await scene();
  const hostname6 = "fe80::1%eth0";
  network.failOpen = ({ hostname }) => hostname === hostname6 ? new Error("No IPv6") : undefined;
  const server = new SimulatedServer();
  const options = { hostname: "192.168.1.2", port: 5_351, hostname6 };
  await assertRejects(() => ServerHost.start(network, clock, server, options), Error, "No IPv6");
  await assertRejects(() => ServerHost.start(network, clock, server, ROUTER));
  assertEquals(network.openSockets, 2);
  host.close();
});

Deno.test("ServerHost serves real sockets on the loopback interface", async () => {
  const network = defaultNetwork();
  await using host = await ServerHost.start(
    network,
    systemClock,
    new SimulatedServer({ epoch: 5 }),
  );
  const reply = Promise.withResolvers<Uint8Array>();
  const client = await network.open({ hostname: "127.0.0.1", port: 0 }, {
    datagram: (bytes) => reply.resolve(bytes),
    error: (error) => reply.reject(error),
  });
  await client.send(announce("", at("127.0.0.1", 0)), host.local);
  assertEquals(hex(await reply.promise).slice(0, 8), "02800000");
  assertEquals(host.errors, []);
  client.close();
});

Deno.test("a closed ServerHost keeps its addresses, and invalid addresses throw", async () => {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock });
  const host = await ServerHost.start(network, clock, new SimulatedServer());
  host.close();
  assertEquals(host.local.hostname, "127.0.0.1");
  assertThrows(() => host.sendRaw(new Uint8Array(4), { hostname: "nowhere", port: 1 }), TypeError);
});
