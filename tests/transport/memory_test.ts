import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import {
  type LinkDatagram,
  MemoryNetwork,
  type MemoryNetworkOptions,
  type TappedDatagram,
} from "../../src/transport/memory.ts";
import { TransportError } from "../../src/transport/transport_error.ts";
import { conformance } from "./conformance.ts";
import { Inbox } from "./inbox.ts";

conformance("MemoryNetwork", { network: () => new MemoryNetwork(), ipv6: true });

const CLIENT = { hostname: "192.168.1.101", port: 40_000 };
const SERVER = { hostname: "192.168.1.1", port: 5351 };

Deno.test("MemoryNetwork: hosts of other names share one network, and one port", async () => {
  const network = new MemoryNetwork();
  const [first, second, other] = [new Inbox(), new Inbox(), new Inbox()];
  await network.open({ hostname: "192.168.1.1", port: 5351 }, first);
  await network.open({ hostname: "192.168.1.2", port: 5351 }, second);
  await network.open({ hostname: "2001:db8::1", port: 5351 }, other);
  const client = await network.open({ hostname: "192.168.1.101", port: 0 }, new Inbox());
  await client.send(octets(60), { hostname: "192.168.1.2", port: 5351 });
  assertEquals(await second.next(), { bytes: octets(60), source: client.local });
  assertEquals([first.unread, other.unread], [[], []]);
});

Deno.test("MemoryNetwork: one IPv6 address is one host in every notation", async () => {
  const network = new MemoryNetwork();
  const sender = await network.open({ hostname: "fe80::2%eth0", port: 1 }, new Inbox());
  const cases = [["2001:db8::1", "2001:DB8:0:0::0001"], ["fe80::1", "fe80::1%eth0"]] as const;
  for (const [bound, target] of cases) {
    const inbox = new Inbox();
    await network.open({ hostname: bound, port: 5351 }, inbox);
    await sender.send(octets(4), { hostname: target, port: 5351 });
    assertEquals((await inbox.next()).source, { hostname: "fe80::2%eth0", port: 1 });
    await assertRejects(
      () => network.open({ hostname: target, port: 5351 }, inbox),
      TransportError,
    );
  }
});

Deno.test("MemoryNetwork: the wildcard address receives datagrams to addresses without a socket", async () => {
  const network = new MemoryNetwork();
  const [wildcard, specific] = [new Inbox(), new Inbox()];
  const any = await network.open({ hostname: "0.0.0.0", port: 5351 }, wildcard);
  await network.open({ hostname: "192.168.1.1", port: 5351 }, specific);
  const client = await network.open({ hostname: "192.168.1.101", port: 0 }, new Inbox());
  await client.send(octets(4), { hostname: "192.168.1.1", port: 5351 });
  await client.send(octets(8), { hostname: "10.0.0.1", port: 5351 });
  assertEquals((await wildcard.next()).bytes, octets(8));
  assertEquals((await specific.next()).bytes, octets(4));
  await any.send(octets(4), SERVER);
  assertEquals((await specific.next()).source, { hostname: "127.0.0.1", port: 5351 });
});

Deno.test("MemoryNetwork: an IPv6 group reaches all its members, on its port only", async () => {
  const network = new MemoryNetwork();
  const multicast = { group: "ff02::1", interfaceName: "eth0" };
  const inboxes = [new Inbox(), new Inbox(), new Inbox()] as const;
  const [first, second, otherPort] = inboxes;
  const transport = await network.open({ hostname: "::", port: 5350, multicast }, first);
  await network.open({ hostname: "::", port: 5350, multicast }, second);
  await network.open({ hostname: "::", port: 5349, multicast }, otherPort);
  const server = await network.open({ hostname: "fe80::1", port: 5351 }, new Inbox());
  await server.send(octets(24), { hostname: "ff02::1", port: 5350 });
  assertEquals(await first.next(), { bytes: octets(24), source: server.local });
  assertEquals(await second.next(), { bytes: octets(24), source: server.local });

  transport.close();
  await server.send(octets(24), { hostname: "ff02::1%eth0", port: 5350 });
  await second.next();
  assertEquals([first.unread, otherPort.unread], [[], []]);
});

Deno.test("MemoryNetwork: a group's port is not shared with an unshared socket", async () => {
  const network = new MemoryNetwork();
  await network.open({ hostname: "224.0.0.1", port: 5350 }, new Inbox());
  const options = { hostname: "0.0.0.0", port: 5350, multicast: { group: "224.0.0.1" } };
  const error = await assertRejects(() => network.open(options, new Inbox()), TransportError);
  assertEquals(error.code, "EADDRINUSE");
});

Deno.test("MemoryNetwork: datagrams take the latency of the network, by its clock", async () => {
  const { clock, network, inbox, client } = await pair({ latency: 20 });
  await client.send(octets(60), SERVER);
  await clock.advance(19);
  assertEquals(inbox.unread, []);
  await clock.advance(1);
  assertEquals(inbox.unread, [{ bytes: octets(60), source: CLIENT }]);

  network.latency = 0;
  await client.send(octets(24), SERVER);
  await clock.advance(0);
  assertEquals(inbox.unread.length, 2);
});

Deno.test("MemoryNetwork: the link loses, duplicates, delays and reorders", async () => {
  const { clock, network, inbox, client } = await pair({ latency: 1 });
  const fates = [[], [0, 5], [10], [0]];
  const seen: LinkDatagram[] = [];
  network.link = (datagram) => {
    seen.push(datagram);
    return fates.shift() ?? [];
  };
  for (const length of [4, 8, 12, 16]) await client.send(octets(length), SERVER);
  await clock.advance(100);
  assertEquals(inbox.unread.map(({ bytes }) => bytes.length), [8, 16, 8, 12]);
  assertEquals(seen[1], { at: 0, from: CLIENT, to: SERVER, bytes: octets(8) });
});

Deno.test("MemoryNetwork: copies of a datagram do not share their octets", async () => {
  const { clock, inbox, client } = await pair({ link: () => [0, 0] });
  await client.send(octets(4), SERVER);
  await clock.advance(0);
  const [first, second] = inbox.unread;
  first?.bytes.fill(99);
  assertEquals(second?.bytes, octets(4));
});

Deno.test("MemoryNetwork: onDatagram is called for every datagram when it is sent, lost or not", async () => {
  const { clock, network, client } = await pair({ latency: 5 });
  const tapped: TappedDatagram[] = [];
  network.onDatagram = (datagram) => tapped.push(datagram);
  const unbound = { hostname: "192.168.1.9", port: 9 };
  await client.send(octets(4), SERVER);
  await clock.advance(7);
  network.link = () => [];
  await client.send(octets(8), unbound);
  assertEquals(tapped, [
    { at: 0, from: CLIENT, to: SERVER, bytes: octets(4), copies: 1 },
    { at: 7, from: CLIENT, to: unbound, bytes: octets(8), copies: 0 },
  ]);
});

Deno.test("MemoryNetwork: failSends and failOpen make sends and opens fail", async () => {
  const { clock, network, inbox, client } = await pair({});
  const tapped: TappedDatagram[] = [];
  network.onDatagram = (datagram) => tapped.push(datagram);
  network.failSends = (to) => to.port === SERVER.port ? new Error("Network is down") : undefined;
  const sending = client.send(octets(4), SERVER); // does not throw
  await assertRejects(() => sending, Error, "Network is down");
  await client.send(octets(4), { ...SERVER, port: 9 });
  await clock.advance(0);
  assertEquals([inbox.unread.length, tapped.length], [0, 1]);

  network.failOpen = ({ port }) => port === 5350 ? new Error("No such device") : undefined;
  await assertRejects(
    () => network.open({ hostname: "0.0.0.0", port: 5350 }, inbox),
    Error,
    "No such device",
  );
  network.failSends = network.failOpen = undefined;
  await client.send(octets(4), SERVER);
  await clock.advance(0);
  assertEquals(inbox.unread.length, 1);
});

Deno.test("MemoryNetwork: datagrams on the way to a socket that closes are lost", async () => {
  const { clock, network, inbox, client, server } = await pair({ latency: 5 });
  assertEquals(network.openSockets, 2);
  await client.send(octets(4), SERVER);
  server.close();
  assertEquals(network.openSockets, 1);
  await clock.advance(100);
  assertEquals(inbox.unread, []);
});

Deno.test("MemoryNetwork: the seed decides the ports", async () => {
  const ports = async (options: MemoryNetworkOptions) => {
    const network = new MemoryNetwork(options);
    const opening = [1, 2, 3].map(() => {
      return network.open({ hostname: "192.168.1.101", port: 0 }, new Inbox());
    });
    return (await Promise.all(opening)).map(({ local }) => local.port);
  };
  assertEquals(await ports({ seed: 1 }), await ports({ seed: 1 }));
  assertEquals(await ports({}), await ports({ seed: 0 }));
  assertNotEquals(await ports({ seed: 1 }), await ports({ seed: 2 }));
});

Deno.test("MemoryNetwork: without a clock, latency is real time", async () => {
  const network = new MemoryNetwork({ latency: 5 });
  const inbox = new Inbox();
  await network.open(SERVER, inbox);
  const client = await network.open(CLIENT, new Inbox());
  const sent = performance.now();
  await client.send(octets(4), SERVER);
  await inbox.next();
  assert(performance.now() - sent >= 5);
});

async function pair(options: MemoryNetworkOptions) {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, ...options });
  const inbox = new Inbox();
  const server = await network.open(SERVER, inbox);
  const client = await network.open(CLIENT, new Inbox());
  return { clock, network, inbox, server, client };
}

function octets(length: number): Uint8Array {
  return new Uint8Array(length).fill(length);
}
