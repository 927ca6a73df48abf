import { assertEquals, assertRejects } from "@std/assert";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { listenOverTcp } from "../../src/testing/stream_server.ts";
import { denoNetwork } from "../../src/transport/deno.ts";
import { exchangeOverTcp } from "../../src/transport/lazy_stream.ts";
import { MemoryNetwork } from "../../src/transport/memory.ts";
import type { TappedExchange } from "../../src/transport/memory_stream.ts";
import { nodeNetwork } from "../../src/transport/node.ts";
import { defaultNetwork } from "../../src/transport/open.ts";
import { ExchangeError, type ExchangeReason } from "../../src/transport/stream.ts";
import { hasIpv6Loopback } from "./loopback.ts";
import { streamConformance } from "./stream_conformance.ts";

const MEMORY = new MemoryNetwork();

streamConformance("MemoryNetwork", () => MEMORY, true);
streamConformance(
  "node:net",
  () => ({ exchange: exchangeOverTcp, listen: listenOverTcp }),
  hasIpv6Loopback(),
);

const SERVER = { hostname: "192.168.1.1", port: 5000 };
const OPTIONS = {
  ...SERVER,
  from: "192.168.1.23",
  bytes: new Uint8Array(10),
  maximum: 100,
  isComplete: () => false,
  connectTimeout: 2_000,
  timeout: 10_000,
};

Deno.test("every network carries out exchanges", () => {
  for (const network of [denoNetwork, nodeNetwork, defaultNetwork(), new MemoryNetwork()]) {
    assertEquals([network.name, typeof network.exchange], [network.name, "function"]);
  }
});

Deno.test("node:net: an address that is not this computer's is unreachable", async () => {
  const options = { ...OPTIONS, hostname: "127.0.0.1", from: "203.0.113.9" };
  const error = await assertRejects(() => exchangeOverTcp(options), ExchangeError);
  assertEquals(error.reason, "unreachable");
});

Deno.test({
  name: "node:net: a missing permission is an error that can be caught",
  permissions: { net: ["127.0.0.1:5000"], read: true },
  fn: async () => {
    const local = { ...OPTIONS, hostname: "127.0.0.1", from: "127.0.0.2" };
    for (const options of [local, OPTIONS]) {
      const error = await assertRejects(
        () => exchangeOverTcp(options),
        ExchangeError,
        "--allow-net",
      );
      assertEquals(error.reason, "unreachable");
    }
  },
});

Deno.test("MemoryNetwork: a connection takes two latencies to open, and each direction one", async () => {
  const { clock, network, ended } = setUp();
  await network.listen(SERVER, (connection) => ({
    octets: () => {
      assertEquals(clock.now(), 15);
      connection.send(new Uint8Array(4));
      connection.close();
      connection.send(new Uint8Array(4)); // too late
      connection.reset();
    },
    closed: () => {
      throw new Error("The server ended the connection itself");
    },
  }));
  assertEquals(await clock.settled(network.exchange(OPTIONS)), new Uint8Array(4));
  assertEquals(clock.now(), 20);
  const [exchange] = ended;
  assertEquals(
    [exchange?.at, exchange?.endedAt, exchange?.outcome, exchange?.from.hostname, exchange?.to],
    [0, 20, "complete", "192.168.1.23", SERVER],
  );
  assertEquals([exchange?.request.length, exchange?.response.length], [10, 4]);
  assertEquals(clock.pending, 0);
});

Deno.test("MemoryNetwork: connections fail as the test says, in time (U-4.5)", async () => {
  const { clock, network, ended } = setUp();
  const failures: readonly (readonly [ExchangeReason, number])[] = [
    ["timeout", 2_000],
    ["unreachable", 10],
    ["refused", 10],
  ];
  await network.listen(SERVER, () => ({ octets() {}, closed() {} }));
  for (const [reason, duration] of failures) {
    network.failConnections = (to) => to.port === 5000 ? reason : undefined;
    const start = clock.now();
    const error = await assertRejects(
      () => clock.settled(network.exchange(OPTIONS)),
      ExchangeError,
    );
    assertEquals([error.reason, clock.now() - start], [reason, duration]);
    assertEquals(ended.at(-1)?.outcome, reason);
  }
  network.failConnections = undefined;
  const error = await assertRejects(() => clock.settled(network.exchange(OPTIONS)), ExchangeError);
  assertEquals([error.reason, clock.now()], ["timeout", 12_020]);
});

Deno.test("MemoryNetwork: one IPv6 address is one server in every notation", async () => {
  const { clock, network } = setUp();
  await network.listen({ hostname: "2001:DB8::0:1", port: 80 }, (connection) => ({
    octets: () => connection.close(),
    closed() {},
  }));
  const options = { ...OPTIONS, hostname: "2001:db8::1", port: 80 };
  assertEquals(await clock.settled(network.exchange(options)), new Uint8Array());
});

function setUp(): {
  readonly clock: ManualClock;
  readonly network: MemoryNetwork;
  readonly ended: TappedExchange[];
} {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, latency: 5 });
  const ended: TappedExchange[] = [];
  network.onExchange = (exchange) => ended.push(exchange);
  return { clock, network, ended };
}
