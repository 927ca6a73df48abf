import { assert, assertEquals } from "@std/assert";
import { UpnpDriver } from "../../src/client/network/upnp_driver.ts";
import type { UpnpExchange, UpnpInput } from "../../src/engine/upnp_io.ts";
import { type TraceEvent, tracer } from "../../src/client/trace.ts";
import { ServerHost } from "../../src/testing/host.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import type { IgdOptions } from "../../src/testing/server/igd/options.ts";
import { MemoryNetwork } from "../../src/transport/memory.ts";
import type { TappedExchange } from "../../src/transport/memory_stream.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { ADD, GET, SEARCH, utf8 } from "../helpers/igd_vectors.ts";

const CLIENT = IpAddress.parse("192.168.1.23");
const GATEWAY = IpAddress.parse("192.168.1.1");
const GROUP = IpAddress.parse("239.255.255.250");

class Place {
  readonly clock = new ManualClock();
  readonly network = new MemoryNetwork({ clock: this.clock, latency: 1 });
  readonly events: UpnpInput[] = [];
  readonly traced: TraceEvent[] = [];
  readonly exchanges: TappedExchange[] = [];
  readonly counts = { sent: 0, received: 0, sendErrors: 0 };

  async gateway(igd: IgdOptions = {}): Promise<ServerHost> {
    this.network.onExchange = (exchange) => this.exchanges.push(exchange);
    const server = new SimulatedServer({ protocols: ["upnp"], igd: { version: 1, ...igd } });
    const where = { hostname: GATEWAY.toString(), port: 5351 };
    return await ServerHost.start(this.network, this.clock, server, where);
  }

  driver(clientAddress = CLIENT, addresses: readonly string[] | undefined = undefined): UpnpDriver {
    const { clock, network, counts } = this;
    return new UpnpDriver({
      clock,
      network,
      counts,
      clientAddress,
      ssdpPort: 1900,
      listens: true,
      localAddresses: addresses && (() => Promise.resolve(addresses)),
      step: (event) => this.events.push(event),
      trace: tracer((event) => this.traced.push(event)),
    });
  }

  get types(): string[] {
    return this.events.map(({ type }) => type);
  }
}

function exchange(id: number, request = GET, changes: Partial<UpnpExchange> = {}): UpnpExchange {
  return {
    type: "exchange",
    id,
    address: GATEWAY,
    port: 5000,
    from: CLIENT,
    bytes: utf8(request),
    maximum: 100_000,
    connectTimeout: 2_000,
    timeout: 5_000,
    isComplete: () => false,
    ...changes,
  };
}

function search(to = GROUP) {
  return { type: "search", bytes: utf8(SEARCH), to: { address: to, port: 1900 } } as const;
}

Deno.test("one socket serves all of a search, from the client's address and a random port (U-2.1, U-2.7)", async () => {
  const place = new Place();
  using host = closing(await place.gateway());
  const sources = new Set<string>();
  place.network.onDatagram = ({ from, to }) => {
    if (to.port === 1900) sources.add(`${from.hostname} ${from.port}`);
  };
  const driver = place.driver();
  const before = place.network.openSockets;
  for (const to of [GROUP, GATEWAY]) driver.take(search(to));
  await place.clock.advance(10);
  assertEquals(place.types, ["datagram", "datagram"]);
  const [event] = place.events;
  assert(event?.type === "datagram" && !event.multicast);
  assertEquals(event.source.address.toString(), "192.168.1.1");
  assertEquals([sources.size, place.network.openSockets], [1, before + 1]);
  const [source = ""] = sources;
  assert(/^192\.168\.1\.23 (49[2-9]|[56])\d+$/.test(source), source);
  driver.take({ type: "searched" });
  await place.clock.advance(1);
  assertEquals(place.network.openSockets, before);
  driver.take(search());
  await place.clock.advance(10);
  assertEquals([sources.size, place.events.length], [2, 3]);
  assertEquals(host.igd?.counters.violations, {});
});

Deno.test("an exchange leaves from the client's address, and its outcome comes back with its id (U-4.2)", async () => {
  const place = new Place();
  using host = closing(await place.gateway());
  const driver = place.driver();
  driver.take(exchange(7, ADD));
  await place.clock.advance(100);
  const [event] = place.events;
  assert(event?.type === "exchanged" && event.id === 7);
  assert(new TextDecoder().decode(event.octets).startsWith("HTTP/1.1 200 OK"));
  assertEquals(host.igd?.mappings.size, 1);
  assertEquals(place.exchanges[0]?.from.hostname, "192.168.1.23");
  driver.take(exchange(8, GET, { port: 5001 }));
  await place.clock.advance(100);
  const { type, id, reason } = place.events[1] as UpnpInput & { type: "exchangeFailed" };
  assertEquals([type, id, reason], ["exchangeFailed", 8, "refused"]);
  assertEquals(place.counts, { sent: 2, received: 1, sendErrors: 0 });
});

Deno.test("exchanges of all clients of a network follow each other (U-4.6)", async () => {
  const place = new Place();
  using host = closing(await place.gateway({ quirks: { oneAtATime: true, actionDelay: 50 } }));
  const drivers = [place.driver(), place.driver()];
  for (let id = 0; id < 10; id++) drivers[id % 2]?.take(exchange(id, ADD));
  await place.clock.advance(5_000);
  assertEquals(place.types, Array(10).fill("exchanged"));
  const [first, ...others] = place.exchanges;
  let end = first?.endedAt ?? 0;
  for (const { at, endedAt } of others) {
    assert(at >= end, `${at} is before ${end}`);
    end = endedAt;
  }
  assertEquals(host.igd?.counters.violations, {});
});

Deno.test("a cancelled exchange has no outcome, before its turn or under way (U-4.9)", async () => {
  const place = new Place();
  using _host = closing(await place.gateway({ quirks: { stalls: "accept" } }));
  const driver = place.driver();
  driver.take(exchange(1));
  driver.take(exchange(2));
  await place.clock.advance(100);
  driver.take({ type: "cancel", id: 2 });
  driver.take({ type: "cancel", id: 1 });
  await place.clock.advance(20_000);
  assertEquals([place.events, place.exchanges.map(({ outcome }) => outcome)], [[], ["aborted"]]);
});

Deno.test("an exchange that makes a mapping begins when its record is stored (U-14.3)", async () => {
  const place = new Place();
  using host = closing(await place.gateway());
  const driver = place.driver();
  const { promise, resolve } = Promise.withResolvers<void>();
  driver.waitFor(promise);
  driver.take(exchange(1, ADD));
  await place.clock.advance(1_000);
  assertEquals(host.igd?.mappings.size, 0);
  resolve();
  await place.clock.advance(100);
  assertEquals([host.igd?.mappings.size, place.types], [1, ["exchanged"]]);
});

Deno.test("announcements are heard, and a port that is taken is no error (U-2.10)", async () => {
  for (const isTaken of [false, true]) {
    const place = new Place();
    using host = closing(await place.gateway());
    if (isTaken) {
      place.network.failOpen = ({ multicast }) => multicast && new Error("the address is in use");
    }
    const driver = place.driver();
    driver.take({ type: "listen" });
    driver.take({ type: "listen" });
    await place.clock.advance(1);
    host.restartIgd();
    await place.clock.advance(100);
    assertEquals(place.events.length > 0, !isTaken);
    assert(place.events.every((event) => event.type === "datagram" && event.multicast));
    driver.take({ type: "unlisten" });
    await place.clock.advance(1);
    place.events.length = 0;
    host.restartIgd();
    await place.clock.advance(100);
    assertEquals(place.events, []);
  }
});

Deno.test("a trace shows datagrams and exchanges as text, failures too (U-14.4)", async () => {
  const place = new Place();
  using _host = closing(await place.gateway());
  const driver = place.driver();
  driver.take(search());
  driver.take(exchange(1));
  await place.clock.advance(100);
  driver.take(exchange(2, GET, { port: 5001 }));
  await place.clock.advance(100);
  const lines = place.traced.map(({ direction, remote, text, ignored = "" }) =>
    `${direction} ${remote} ${text.slice(0, 18)} ${ignored}`.trim()
  );
  assertEquals(lines.sort(), [
    "received 192.168.1.1 1900 SSDP answer, st: u",
    "received 192.168.1.1 5000 HTTP/1.1 200 OK |",
    "received 192.168.1.1 5001  refused",
    "sent 192.168.1.1 5000 GET /rootDesc.xml",
    "sent 192.168.1.1 5001 GET /rootDesc.xml",
    "sent 239.255.255.250 1900 SSDP search, st: u",
  ]);
});

Deno.test("after close() nothing leaves and nothing comes in", async () => {
  const place = new Place();
  using _host = closing(await place.gateway());
  const before = place.network.openSockets;
  const driver = place.driver();
  driver.take({ type: "listen" });
  driver.take(search());
  driver.take(exchange(1));
  driver.close();
  await place.clock.advance(1_000);
  assertEquals([place.events, place.network.openSockets], [[], before]);
});

Deno.test("over IPv6 what is on the link is searched from the link-local address (U-3.4, U-13.2)", async () => {
  const place = new Place();
  const sent: string[] = [];
  place.network.onDatagram = ({ from, to }) => sent.push(`${from.hostname} ${to.hostname}`);
  const addresses = ["fe80::9%eth1", "fd77::2%eth0", "fe80::2%eth0", "192.168.1.2%eth0"];
  const driver = place.driver(IpAddress.parse("fd77::2"), addresses);
  const targets = ["fe80::1%eth0", "ff02::c%eth0", "fd77::1"];
  for (const to of targets) driver.take(search(IpAddress.parse(to)));
  await place.clock.advance(10);
  assertEquals(sent.sort(), [
    "fd77::2 fd77::1",
    "fe80::2%eth0 fe80::1%eth0",
    "fe80::2%eth0 ff02::c%eth0",
  ]);
  driver.take({ type: "searched" });
  await place.clock.advance(1);
  assertEquals(place.network.openSockets, 0);
});

Deno.test("on loopback no group is searched", async () => {
  const place = new Place();
  const sent: string[] = [];
  place.network.onDatagram = ({ to }) => sent.push(to.hostname);
  const driver = place.driver(IpAddress.parse("127.0.0.1"));
  driver.take(search());
  driver.take(search(IpAddress.parse("127.0.0.1")));
  await place.clock.advance(10);
  assertEquals(sent, ["127.0.0.1"]);
});

function closing(host: ServerHost): ServerHost & Disposable {
  return Object.assign(host, { [Symbol.dispose]: () => host.close() });
}
