import { assert, assertEquals, assertRejects } from "@std/assert";
import { Client } from "../../src/client/client.ts";
import type { ClientOptions } from "../../src/client/client_options.ts";
import { AnnouncementError, SocketError } from "../../src/client/errors.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { lab } from "../../src/testing/lab.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { MemoryNetwork } from "../../src/transport/memory.ts";
import type { OpenOptions } from "../../src/transport/transport.ts";
import { mapRequests, opened, remains, requests, unreadErrors } from "../helpers/client.ts";

/** A network that records which sockets were opened. */
function recording(): { network: MemoryNetwork; opened: OpenOptions[] } {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock });
  const opened: OpenOptions[] = [];
  network.failOpen = (options) => void opened.push(options);
  return { network, opened };
}

Deno.test("Client.start() opens a socket for requests and one for announcements, and sends nothing", async () => {
  const { network, opened } = recording();
  network.onDatagram = () => {
    throw new Error("Nothing may be sent");
  };
  const handle = await Client.start("192.168.1.10", "192.168.1.1", { network });
  assertEquals(opened, [
    { hostname: "192.168.1.10", port: 0 },
    {
      hostname: "224.0.0.1",
      port: 5350,
      multicast: { group: "224.0.0.1", interfaceAddress: "192.168.1.10" },
    },
  ]);
  assertEquals([handle.client, handle.server, handle.port], ["192.168.1.10", "192.168.1.1", 5351]);
  await handle.shutdown();
  assertEquals(network.openSockets, 0);
});

Deno.test("Client.start() accepts link-local addresses with their interface (C-14.1.3-1)", async () => {
  const { network, opened } = recording();
  const handle = await Client.start("fe80::10%eth0", "fe80::1%eth0", { network });
  assertEquals(opened, [
    { hostname: "fe80::10%eth0", port: 0 },
    { hostname: "ff02::1", port: 5350, multicast: { group: "ff02::1", interfaceName: "eth0" } },
  ]);
  assertEquals([handle.client, handle.server], ["fe80::10%eth0", "fe80::1%eth0"]);
  await handle.shutdown();
});

Deno.test("A link-local client maps, recovers and deletes; its interface is not in its requests (C-5-1)", async () => {
  const world = await lab({ clientAddress: "fe80::10%eth0", serverAddress: "fe80::1%eth0" });
  const mapping = await opened(world);
  assertEquals(`${requests(world)[0]?.clientAddress}`, "fe80::10");
  assertEquals(mapping.assigned?.externalAddress, "fe80::10");
  await world.advance(60_000);
  world.host.restart();
  await world.advance(10_000);
  assertEquals([mapping.state.type, world.server.mappings.size], ["running", 1]);
  assertEquals(unreadErrors(world.handle).map(({ name }) => name), ["ServerRestartedError"]);
  await world.settled(world.handle.shutdown());
  assertEquals(await remains(world), { mappings: 0, alarms: 0, sockets: 0 });
});

Deno.test("Client.start() uses the given ports", async () => {
  const { network, opened } = recording();
  const options = { network, port: 15351, announcePort: 15350 };
  const handle = await Client.start("192.168.1.10", "192.168.1.1", options);
  assertEquals([handle.port, opened[1]?.port], [15351, 15350]);
  await handle.shutdown();
});

Deno.test("Client.start() does not listen for announcements with `multicast: false` or on loopback", async () => {
  for (const [address, multicast] of [["192.168.1.10", false], ["127.0.0.1", undefined]] as const) {
    const { network, opened } = recording();
    const options = multicast === undefined ? { network } : { network, multicast };
    const handle = await Client.start(address, address, options);
    assertEquals(opened.length, 1);
    await handle.shutdown();
  }
});

Deno.test("Clients of one host have source ports of their own, not 5350 and not 5351 (C-8.1-3, C-8.1-4)", async () => {
  const world = await lab();
  const ports = new Set<number>();
  world.network.onDatagram = ({ from, to }) => void (to.port === 5351 && ports.add(from.port));
  const handles = await Promise.all(Array.from({ length: 20 }, () => {
    const { clock, network } = world;
    return Client.start("192.168.1.10", "192.168.1.1", { clock, network });
  }));
  for (const [index, handle] of handles.entries()) handle.request(new InboundMap(7000 + index, 60));
  await world.advance(10);
  assertEquals(ports.size, 20);
  assert(!ports.has(5350) && !ports.has(5351));
  const sorted = [...ports];
  assert(sorted.some((port, index) => index > 0 && port !== (sorted[index - 1] ?? 0) + 1));
  await world.settled(Promise.all(handles.map((handle) => handle.shutdown())));
  await world.settled(world.handle.shutdown());
  assertEquals(await remains(world), { mappings: 0, alarms: 0, sockets: 0 });
});

for (
  const [client, server, message] of [
    [
      "nonsense",
      "192.168.1.1",
      'the client address must be the IPv4 or IPv6 address of one host, got "nonsense"',
    ],
    [
      "192.168.1.10",
      "192.168.1",
      'the server address must be the IPv4 or IPv6 address of one host, got "192.168.1"',
    ],
    [
      "0.0.0.0",
      "192.168.1.1",
      'the client address must be the IPv4 or IPv6 address of one host, got "0.0.0.0"',
    ],
    ["192.168.1.10", "224.0.0.1", 'got "224.0.0.1"'],
    ["::", "::1", 'got "::"'],
    ["::1", "ff02::1", 'got "ff02::1"'],
    [
      "192.168.1.10",
      "fe80::1%eth0",
      'both addresses must be of one family, got "192.168.1.10" and "fe80::1%eth0"',
    ],
    [
      "2001:db8::10",
      "192.168.1.1",
      'both addresses must be of one family, got "2001:db8::10" and "192.168.1.1"',
    ],
    [7, "192.168.1.1", 'got "7"'],
    ["192.168.1.10", null, 'got "null"'],
  ] as const
) {
  Deno.test(`Client.start(${JSON.stringify(client)}, ${JSON.stringify(server)}) is refused, and opens nothing`, async () => {
    const { network, opened } = recording();
    const start = () => Client.start(client as string, server as string, { network });
    const error = await assertRejects(start, TypeError, message);
    assert(error.message.startsWith("Cannot start a client: "));
    assertEquals(opened, []);
  });
}

for (const port of [0, -1, 65536, 1.5, NaN, "5351"]) {
  Deno.test(`Client.start() refuses the port ${JSON.stringify(port)} (${port})`, async () => {
    const { network, opened } = recording();
    for (const [name, what] of [["port", "server port"], ["announcePort", "announcement port"]]) {
      const options = { network, [name ?? ""]: port } as ClientOptions;
      await assertRejects(
        () => Client.start("192.168.1.10", "192.168.1.1", options),
        RangeError,
        `Cannot start a client: the ${what} must be an integer from 1 to 65535, got "${port}"`,
      );
    }
    assertEquals(opened, []);
  });
}

for (const shutdownTimeout of [NaN, -1, "5"]) {
  Deno.test(`Client.start() refuses the shutdown timeout ${JSON.stringify(shutdownTimeout)}`, async () => {
    const { network, opened } = recording();
    const options = { network, shutdownTimeout } as ClientOptions;
    await assertRejects(
      () => Client.start("192.168.1.10", "192.168.1.1", options),
      RangeError,
      `Cannot start a client: the shutdown timeout must be a number of milliseconds from 0, got "${shutdownTimeout}"`,
    );
    assertEquals(opened, []);
  });
}

Deno.test("Client.start() names the address that it cannot open a socket on", async () => {
  const network = new MemoryNetwork();
  network.failOpen = () => new Error("the address is not available");
  const error = await assertRejects(
    () => Client.start("192.168.1.10", "192.168.1.1", { network }),
    SocketError,
    'Cannot open a socket on "192.168.1.10", is it an address of this host?: the address is not available',
  );
  assertEquals(error.operation, "open");
  assertEquals(network.openSockets, 0);
});

Deno.test("A client whose port 5350 is taken reports that, and works", async () => {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock });
  await network.open({ hostname: "224.0.0.1", port: 5350 }, { datagram() {}, error() {} }); // not shared
  const handle = await Client.start("192.168.1.10", "192.168.1.1", { clock, network });
  const error = handle.pollError();
  assert(error instanceof AnnouncementError);
  assertEquals(error.port, 5350);
  assert(
    error.message.startsWith(
      'Cannot listen for restarts of the server on UDP port "5350", which only delays noticing them: ',
    ),
  );
  assert(!handle.isShutDown);
  await handle.shutdown();
  assertEquals(network.openSockets, 1);
});

Deno.test("Two clients share the announcement port, and both hear a restart (C-14.1.3-3)", async () => {
  const world = await lab();
  const { clock, network } = world;
  const second = await Client.start("192.168.1.20", "192.168.1.1", { clock, network });
  await world.settled(second.request(new InboundMap(6000, 7200)).ready());
  await opened(world);
  await world.advance(60_000);
  world.host.restart();
  await world.advance(10_000);
  for (const handle of [second, world.handle]) {
    assertEquals(unreadErrors(handle).map(({ name }) => name), ["ServerRestartedError"]);
  }
  assertEquals(world.server.mappings.size, 2);
  await world.settled(Promise.all([second.shutdown(), world.handle.shutdown()]));
  assertEquals(await remains(world), { mappings: 0, alarms: 0, sockets: 0 });
});

Deno.test("An AbortSignal cancels Client.start(), before and while sockets are opened", async () => {
  const network = new MemoryNetwork();
  const start = (signal: AbortSignal) =>
    Client.start("192.168.1.10", "192.168.1.1", { network, signal });
  await assertRejects(() => start(AbortSignal.abort(new Error("too late"))), Error, "too late");
  for (const during of [1, 2]) {
    const aborter = new AbortController();
    let opens = 0;
    network.failOpen = () => {
      if (++opens === during) aborter.abort(new Error(`enough at ${during}`));
      return undefined;
    };
    await assertRejects(() => start(aborter.signal), Error, `enough at ${during}`);
    assertEquals(network.openSockets, 0);
  }
});

Deno.test("An abort after Client.start() does not end the client", async () => {
  const aborter = new AbortController();
  await using world = await lab({ client: { signal: aborter.signal } });
  aborter.abort();
  await opened(world);
  assert(!world.handle.isShutDown);
});

Deno.test("The timers of the protocol can be given", async () => {
  await using world = await lab({ client: { protocol: { initialRetransmission: 500 } } });
  world.server.swallow(1);
  await opened(world);
  const [first, second] = mapRequests(world);
  const gap = (second?.at ?? 0) - (first?.at ?? 0);
  assert(gap >= 450 && gap <= 550, `${gap} ms between two transmissions`);
});

Deno.test("Nonces are unguessable by default: no two of 32 share a 32-bit word (C-11.2-N1, C-11.2-N3)", async () => {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock });
  const words = new Set<string>();
  network.onDatagram = ({ bytes }) => {
    for (const at of [24, 28, 32]) words.add(bytes.subarray(at, at + 4).join());
  };
  for (let run = 0; run < 2; run++) {
    const handle = await Client.start("192.168.1.10", "192.168.1.1", {
      clock,
      network,
      shutdownTimeout: 0,
    });
    for (let port = 1; port <= 16; port++) handle.request(new InboundMap(port, 60));
    const ended = handle.shutdown();
    await clock.advance(10);
    await ended;
  }
  assertEquals(words.size, 3 * 32);
});
