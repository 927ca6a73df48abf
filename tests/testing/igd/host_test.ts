import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ServerHost } from "../../../src/testing/host.ts";
import { lab } from "../../../src/testing/lab.ts";
import { startLoopbackServer } from "../../../src/testing/loopback.ts";
import { ManualClock } from "../../../src/testing/manual_clock.ts";
import type { ServerOptions } from "../../../src/testing/server/server_options.ts";
import { SimulatedServer } from "../../../src/testing/server/simulated_server.ts";
import { MemoryNetwork } from "../../../src/transport/memory.ts";
import { defaultNetwork } from "../../../src/transport/open.ts";
import { ExchangeError } from "../../../src/transport/stream.ts";
import type { Network } from "../../../src/transport/transport.ts";
import { ADD, ADD_PINHOLE, GET, IGD1, utf8 } from "../../helpers/igd_vectors.ts";
import { Inbox } from "../../transport/inbox.ts";
import { latin1, locationsOf, resultOf, search, statusOf } from "./gateway.ts";

const GATEWAY = "192.168.1.1";
const CLIENT = "192.168.1.23";
const GROUP = "239.255.255.250";

interface Place {
  readonly clock: ManualClock;
  readonly network: MemoryNetwork;
  readonly host: ServerHost;
  readonly inbox: Inbox;
  /** Sends a search and returns the LOCATIONs that come back. */
  readonly find: (to?: string) => Promise<(string | undefined)[]>;
  readonly exchange: (request: string, port?: number) => Promise<string>;
}

async function start(server: ServerOptions): Promise<Place> {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, latency: 1 });
  const options = { hostname: GATEWAY, port: 5351 };
  const host = await ServerHost.start(network, clock, new SimulatedServer(server), options);
  const inbox = new Inbox();
  const client = await network.open({ hostname: CLIENT, port: 50_000 }, inbox);
  return {
    clock,
    network,
    host,
    inbox,
    find: async (to = GROUP) => {
      await client.send(utf8(search(IGD1)), { hostname: to, port: 1900 });
      await clock.advance(10);
      return locationsOf(inbox.unread.splice(0).map(({ bytes }) => latin1(bytes)));
    },
    exchange: async (request, port = 5000) =>
      latin1(await clock.settled(network.exchange(exchangeOf(GATEWAY, port, CLIENT, request)))),
  };
}

function exchangeOf(hostname: string, port: number, from: string, request: string) {
  return {
    hostname,
    port,
    from,
    bytes: utf8(request),
    maximum: 100_000,
    isComplete: () => false,
    connectTimeout: 2_000,
    timeout: 5_000,
  };
}

Deno.test("a gateway of UPnP is found, described, and makes a mapping, in memory", async () => {
  const { host, find, exchange } = await start({ protocols: ["upnp"], igd: { version: 1 } });
  const location = "http://192.168.1.1:5000/rootDesc.xml";
  assertEquals([await find(), await find(GATEWAY)], [[location], [location]]);
  assertEquals(statusOf(await exchange(GET)), "HTTP/1.1 200 OK");
  assertEquals(statusOf(await exchange(ADD)), "HTTP/1.1 200 OK");
  assertEquals([...host.igd?.mappings.keys() ?? []], ["TCP 6000"]);
  assertEquals(host.igd?.counters.violations, {});
});

Deno.test("the mapping ends in virtual time", async () => {
  const { clock, host, exchange } = await start({ protocols: ["upnp"], igd: { version: 1 } });
  await exchange(ADD);
  await clock.advance(3_600_000);
  assertEquals(host.igd?.mappings.size, 0);
  host.close();
  assertEquals(clock.pending, 0);
});

Deno.test("a gateway speaks the protocols of the option, alone or together", async () => {
  const pcp = Uint8Array.of(2, 0, ...new Array(14).fill(0), 0, 0, 0, 0, 0, 0, 0xff, 0xff);
  pcp.set([0xff, 0xff, 192, 168, 1, 23], 18);
  const natPmp = Uint8Array.of(0, 0);
  const cases: readonly (readonly [ServerOptions, string])[] = [
    [{}, "pcp"],
    [{ natPmp: true }, "pcp nat-pmp"],
    [{ natPmpOnly: true }, "nat-pmp"],
    [{ protocols: ["pcp"] }, "pcp"],
    [{ protocols: ["nat-pmp"] }, "nat-pmp"],
    [{ protocols: ["upnp"] }, "upnp"],
    [{ protocols: ["upnp"], natPmp: true }, "nat-pmp upnp"],
    [{ protocols: ["pcp", "upnp"] }, "pcp upnp"],
    [{ protocols: ["pcp", "nat-pmp", "upnp"] }, "pcp nat-pmp upnp"],
    [{ protocols: [6, 17] }, "pcp"],
  ];
  for (const [options, expected] of cases) {
    const { clock, network, host, inbox, find } = await start(options);
    const client = await network.open({ hostname: CLIENT, port: 50_001 }, inbox);
    const answers = async (bytes: Uint8Array, version: number) => {
      await client.send(bytes, { hostname: GATEWAY, port: 5351 });
      await clock.advance(10);
      const [answer] = inbox.unread.splice(0);
      return answer?.bytes[0] === version && answer.bytes[3] === 0;
    };
    const spoken = [
      ...(await answers(pcp, 2) ? ["pcp"] : []),
      ...(await answers(natPmp, 0) ? ["nat-pmp"] : []),
      ...((await find()).length > 0 ? ["upnp"] : []),
    ];
    assertEquals([options, spoken.join(" ")], [options, expected]);
    assertEquals(new Set(host.server.protocols), new Set(spoken));
  }
  const unknown = ["igd" as "upnp"];
  assertThrows(() => new SimulatedServer({ protocols: unknown }), RangeError, 'got "igd"');
  assertThrows(() => new SimulatedServer().setProtocols(unknown), RangeError, 'got "igd"');
});

Deno.test("the older meaning of protocols and its new name choose what is translated", async () => {
  for (const server of [{ protocols: [17] }, { translated: [17] }]) {
    await using world = await lab({ server });
    const { InboundMap, RequestType } = await import("../../../mod.ts");
    const mapping = world.handle.request(new InboundMap(6000, 60), RequestType.Once);
    await assertRejects(() => world.settled(mapping.ready()), "UNSUPP_PROTOCOL");
  }
});

Deno.test("a closed port answers with ICMP port unreachable, or not at all (U-1.2)", async () => {
  for (const closedPort of ["refused", "silent"] as const) {
    const { clock, network, inbox } = await start({ protocols: ["upnp"], closedPort });
    const client = await network.open({ hostname: CLIENT, port: 50_001 }, inbox);
    await client.send(new Uint8Array(24), { hostname: GATEWAY, port: 5351 });
    await clock.advance(2);
    const codes = inbox.errors.map((error) => (error as Error & { code: string }).code);
    assertEquals(codes, closedPort === "refused" ? ["ECONNREFUSED"] : []);
    assertEquals(inbox.unread, []);
  }
});

Deno.test("Q-34: protocols are switched off and on", async () => {
  const { host, find, exchange } = await start({ protocols: ["pcp"] });
  assertEquals([await find(), host.igd], [[], undefined]);
  await host.setProtocols(["upnp"]);
  assertEquals([(await find()).length, host.server.protocols], [1, ["upnp"]]);
  await host.setProtocols(["pcp"]);
  assertEquals(await find(), []);
  await assertRejects(() => exchange(GET), ExchangeError);
});

Deno.test("Q-21: after a restart the gateway listens at another port", async () => {
  const { clock, host, inbox, find, exchange, network } = await start({ protocols: ["upnp"] });
  const options = { hostname: CLIENT, port: 1900, multicast: { group: GROUP } };
  const member = await network.open(options, inbox);
  host.restartIgd({ httpPort: 6000, downtime: 1_000 });
  const error = await assertRejects(() => exchange(GET), ExchangeError);
  assertEquals(error.reason, "refused");
  await clock.advance(1_100);
  const heard = inbox.unread.splice(0).map(({ bytes }) => latin1(bytes));
  const isHello = (text: string) => text.includes("ssdp:alive");
  member.close();
  assertEquals([heard.length, heard.filter(isHello).length], [18, 9]);
  assert(heard.filter(isHello).every((text) => text.includes("http://192.168.1.1:6000/")));
  assertEquals(await find(), ["http://192.168.1.1:6000/rootDesc.xml"]);
  assertEquals(statusOf(await exchange(GET.replace(":5000", ":6000"), 6000)), "HTTP/1.1 200 OK");
  host.restart();
  assertEquals((await find()).length, 1);
});

Deno.test("Q-06: the neighbour answers from its own address, and counts its visitors", async () => {
  const quirks = { neighbour: "192.168.1.66" };
  const { clock, host, network, find } = await start({ protocols: ["upnp"], igd: { quirks } });
  assertEquals((await find()).length, 2);
  const options = exchangeOf("192.168.1.66", 5000, CLIENT, GET);
  await assertRejects(() => clock.settled(network.exchange(options)), ExchangeError);
  assertEquals(host.igd?.counters.neighbourConnections, 1);
});

Deno.test("Q-02: answers leave from a random port", async () => {
  const quirks = { answersFromRandomPort: true };
  const { clock, network } = await start({ protocols: ["upnp"], igd: { quirks } });
  const inbox = new Inbox();
  const client = await network.open({ hostname: CLIENT, port: 0 }, inbox);
  await client.send(utf8(search(IGD1)), { hostname: GROUP, port: 1900 });
  await clock.advance(10);
  assert((inbox.unread[0]?.source.port ?? 0) >= 49_152);
});

Deno.test("Q-33: over IPv6 the gateway answers from one address and serves at another (U-13.1)", async () => {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, latency: 1 });
  const server = new SimulatedServer({ protocols: ["upnp"], igd: { location6: "2001:db8:77::1" } });
  await ServerHost.start(network, clock, server, { hostname: "fe80::1%eth0" });
  const inbox = new Inbox();
  const client = await network.open({ hostname: "2001:db8:77::2", port: 0 }, inbox);
  const request = utf8(search(IGD1, { host: "[FF02::C]:1900" }));
  for (const to of ["ff02::c", "2001:db8:77::1"]) {
    await client.send(request, { hostname: to, port: 1900 });
    await clock.advance(10);
  }
  const answers = inbox.unread.map(({ bytes, source }) => [
    source.hostname,
    ...locationsOf([latin1(bytes)]),
  ]);
  const location = "http://[2001:db8:77::1]:5000/rootDesc.xml";
  assertEquals(answers, [["fe80::1%eth0", location], ["2001:db8:77::1", location]]);
  const options = exchangeOf("2001:db8:77::1", 5000, "2001:db8:77::2", ADD_PINHOLE);
  const response = latin1(await clock.settled(network.exchange(options)));
  assertEquals(resultOf(response), { UniqueID: "1" });
});

Deno.test("lab() has the gateway's face of UPnP, and the exchanges with it", async () => {
  await using world = await lab({ server: { protocols: ["upnp"], igd: { version: 1 } } });
  const request = exchangeOf(GATEWAY, 5000, "192.168.1.23", ADD);
  await world.settled(world.network.exchange(request));
  assertEquals([world.igd.mappings.size, world.exchanges.length], [1, 1]);
  assertEquals(world.exchanges[0]?.outcome, "complete");
  await using other = await lab();
  assertThrows(() => other.igd, Error, '"protocols" must have "upnp", got "pcp"');
});

for (const port of [0, 19_000 + Math.floor(Deno.pid % 1_000)]) {
  Deno.test(`simulators run side by side on the loopback interface, port of SSDP ${port === 0 ? "chosen" : "given"}`, async () => {
    const igd = { version: 1, ...(port === 0 ? {} : { ssdpPort: port }) } as const;
    const hosts = [
      await startLoopbackServer({ protocols: ["upnp"], igd }),
      await startLoopbackServer({ protocols: ["upnp"], igd: { version: 2 } }),
    ];
    const network = defaultNetwork();
    const inbox = new Inbox();
    const client = await network.open({ hostname: "127.0.0.1", port: 0 }, inbox);
    try {
      for (const { igd } of hosts) {
        assert(igd !== undefined);
        const { ssdpPort, httpPort } = igd.place;
        if (port !== 0 && igd === hosts[0]?.igd) assertEquals(ssdpPort, port);
        const location = `http://127.0.0.1:${httpPort}/rootDesc.xml`;
        for (const hostname of ["127.0.0.1", GROUP]) {
          await client.send(utf8(search(IGD1)), { hostname, port: ssdpPort });
          assertEquals(locationsOf([latin1((await inbox.next()).bytes)]), [location]);
        }
        const request = GET.replace("192.168.1.1:5000", `127.0.0.1:${httpPort}`);
        const exchange = exchangeOf("127.0.0.1", httpPort, "127.0.0.1", request);
        const response = latin1(await network.exchange?.(exchange) ?? new Uint8Array());
        assertEquals(statusOf(response), "HTTP/1.1 200 OK");
        assertEquals(igd.counters.violations, {});
      }
    } finally {
      client.close();
      for (const host of hosts) host.close();
    }
  });
}

Deno.test("on the loopback interface searches are taken at the server's port too", async () => {
  const host = await startLoopbackServer({ protocols: ["upnp"] });
  const inbox = new Inbox();
  const client = await defaultNetwork().open({ hostname: "127.0.0.1", port: 0 }, inbox);
  try {
    await client.send(utf8(search(IGD1)), host.local);
    const location = `http://127.0.0.1:${host.igd?.place.httpPort}/rootDesc.xml`;
    assertEquals(locationsOf([latin1((await inbox.next()).bytes)]), [location]);
  } finally {
    client.close();
    host.close();
  }
});

Deno.test("on the loopback interface a closed port is refused by the system, and opened again (Q-34)", async () => {
  const host = await startLoopbackServer({ protocols: ["upnp"], closedPort: "refused" });
  try {
    assertEquals(await isHeard(defaultNetwork(), host), false);
    await host.setProtocols(["pcp", "upnp"]);
    assertEquals(await isHeard(defaultNetwork(), host), true);
    await host.setProtocols(["upnp"]);
    assertEquals(await isHeard(defaultNetwork(), host), false);
  } finally {
    host.close();
  }
});

/** Whether a datagram to the server's port is received by the server. */
async function isHeard(network: Network, { server, local }: ServerHost): Promise<boolean> {
  const before = server.log.length;
  const client = await network.open({ hostname: "127.0.0.1", port: 0 }, new Inbox());
  await client.send(new Uint8Array(24), local).catch(() => {});
  const end = performance.now() + 300;
  while (server.log.length === before && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  client.close();
  return server.log.length > before;
}

Deno.test("the gateway listens at another port on the loopback interface after a restart (Q-21)", async () => {
  const host = await startLoopbackServer({ protocols: ["upnp"] });
  const { igd } = host;
  assert(igd !== undefined);
  const before = igd.place.httpPort;
  try {
    host.restartIgd({ httpPort: 0, byebye: false });
    while (igd.place.httpPort === before) await new Promise((resolve) => setTimeout(resolve));
    const network = defaultNetwork();
    const exchange = exchangeOf("127.0.0.1", before, "127.0.0.1", GET);
    const error = await assertRejects(
      () => network.exchange?.(exchange) ?? Promise.resolve(),
      ExchangeError,
    );
    assertEquals(error.reason, "refused");
    const again = await network.exchange?.({ ...exchange, port: igd.place.httpPort });
    assertEquals(statusOf(latin1(again ?? new Uint8Array())), "HTTP/1.1 200 OK");
  } finally {
    host.close();
  }
});
