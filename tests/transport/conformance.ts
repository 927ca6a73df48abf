/** The requirements of every network. Each implementation runs this suite, on loopback addresses only. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import type {
  MulticastOptions,
  Network,
  OpenOptions,
  Transport,
} from "../../src/transport/transport.ts";
import { TransportError } from "../../src/transport/transport_error.ts";
import { Inbox } from "./inbox.ts";

export interface Conformance {
  /** Creates a network for each test. */
  readonly network: () => Network;
  /** Whether `::1` can be bound. */
  readonly ipv6: boolean;
}

interface Peer {
  readonly transport: Transport;
  readonly inbox: Inbox;
}

type Open = (options: OpenOptions) => Promise<Peer>;

const LOOPBACK = ["127.0.0.1", "::1"] as const;

/** 224.0.0.1 on the loopback interface, which reaches no other host. */
const GROUP: MulticastOptions = { group: "224.0.0.1", interfaceAddress: "127.0.0.1" };

export function conformance(name: string, { network, ipv6 }: Conformance): void {
  /** Closes the sockets that the test leaves open, so that a failing test does not delay the others. */
  function test(title: string, run: (open: Open) => Promise<void>, ignore = false): void {
    Deno.test({
      name: `${name}: ${title}`,
      ignore,
      fn: async () => {
        const peers: Peer[] = [];
        const current = network();
        try {
          await run(async (options) => {
            const inbox = new Inbox();
            const peer = { transport: await current.open(options, inbox), inbox };
            peers.push(peer);
            return peer;
          });
        } finally {
          for (const { transport } of peers) transport.close();
        }
      },
    });
  }

  for (const hostname of LOOPBACK) {
    const absent = hostname === "::1" && !ipv6;

    test(`a datagram arrives with its source, over ${hostname}`, async (open) => {
      const [sender, receiver] = [
        await open({ hostname, port: 0 }),
        await open({ hostname, port: 0 }),
      ];
      await sender.transport.send(octets(60), receiver.transport.local);
      assertEquals(await receiver.inbox.next(), {
        bytes: octets(60),
        source: { hostname, port: sender.transport.local.port },
      });

      await receiver.transport.send(octets(24), sender.transport.local);
      assertEquals((await sender.inbox.next()).source, receiver.transport.local);
    }, absent);

    test(`a long datagram arrives whole, over ${hostname} (C-8.3-14)`, async (open) => {
      const { transport, inbox } = await open({ hostname, port: 0 });
      for (const length of [0, 1, 1100, 1101, 1104, 1500]) {
        await transport.send(octets(length), transport.local);
        assertEquals((await inbox.next()).bytes, octets(length));
      }
      await transport.send(octets(4000), transport.local);
      assert((await inbox.next()).bytes.length >= 1500);
    }, absent);
  }

  test("port 0 is a random port, never one of PCP's (C-8.1-4)", async (open) => {
    const ports: number[] = [];
    for (let i = 0; i < 20; i++) {
      ports.push((await open({ hostname: "127.0.0.1", port: 0 })).transport.local.port);
    }
    assertEquals(new Set(ports).size, 20);
    assertEquals(ports.filter((port) => port < 49_152 || port > 65_535), []);
    const steps = ports.slice(1).map((port, index) => Math.abs(port - (ports[index] ?? 0)));
    assert(steps.filter((step) => step > 16).length > 10, `not random: ${ports}`);
  });

  test("an invalid port is refused", async (open) => {
    for (const port of [-1, 65_536, 1.5, NaN]) {
      await assertRejects(() => open({ hostname: "127.0.0.1", port }), RangeError, `"${port}"`);
    }
  });

  test("a port that is taken is refused, and free again after close()", async (open) => {
    const first = await open({ hostname: "127.0.0.1", port: 0 });
    const { local } = first.transport;
    const error = await assertRejects(() => open(local), TransportError);
    assertEquals(error.code, "EADDRINUSE");
    assertEquals([error.operation, error.address], ["open", local]);

    first.transport.close();
    await reopened(open, local);
  });

  test("close() can be called again, and nothing arrives after it", async (open) => {
    const [sender, closed, other] = await several(open, 3);
    const { local } = closed.transport;
    const onItsWay = sender.transport.send(octets(4), local);
    closed.transport.close();
    closed.transport.close();
    await onItsWay;
    await sender.transport.send(octets(8), local);
    await sender.transport.send(octets(12), other.transport.local);
    assertEquals((await other.inbox.next()).bytes, octets(12));
    assertEquals(closed.inbox.unread, []);
    assertEquals(closed.inbox.errors, []);
  });

  test("a send() under way settles though the socket is closed", async (open) => {
    const [sender, receiver] = await several(open, 2);
    const sending = sender.transport.send(octets(4), receiver.transport.local);
    sender.transport.close();
    const [result] = await Promise.allSettled([sending]);
    if (result?.status === "rejected") assertInstanceOf(result.reason, TransportError);
    else assertEquals((await receiver.inbox.next()).bytes, octets(4));
  });

  test("send() after close() rejects", async (open) => {
    const [sender, receiver] = await several(open, 2);
    sender.transport.close();
    const promise = sender.transport.send(octets(4), receiver.transport.local); // does not throw
    const error = await assertRejects(() => promise, TransportError, "the socket is closed");
    assertEquals([error.operation, error.code], ["send", "EBADF"]);
  });

  test("send() rejects if the system refuses the datagram, and receiving goes on", async (open) => {
    const { transport, inbox } = await open({ hostname: "127.0.0.1", port: 0 });
    const attempts = [
      transport.send(octets(4), { hostname: "127.0.0.1", port: 0 }),
      transport.send(octets(4), { hostname: "::1", port: 9 }),
      transport.send(octets(70_000), { hostname: "127.0.0.1", port: 9 }),
    ]; // none of them throws
    for (const result of await Promise.allSettled(attempts)) {
      assertEquals(result.status, "rejected");
      assertInstanceOf((result as PromiseRejectedResult).reason, TransportError);
    }
    await transport.send(octets(16), transport.local);
    assertEquals((await inbox.next()).bytes, octets(16));
  });

  test("a send to a port without a socket does not end receiving", async (open) => {
    const [sender, gone] = await several(open, 2);
    gone.transport.close();
    for (let i = 0; i < 5; i++) await sender.transport.send(octets(4), gone.transport.local);
    await sender.transport.send(octets(20), sender.transport.local);
    assertEquals((await sender.inbox.next()).bytes, octets(20));
  });

  test("the octets belong to the receiver, and to the sender again after send()", async (open) => {
    const { transport, inbox } = await open({ hostname: "127.0.0.1", port: 0 });
    const buffer = new Uint8Array(60);
    for (let i = 0; i < 1000; i++) {
      buffer.fill(i);
      await transport.send(buffer, transport.local);
      // No more datagrams than the queue of a socket holds.
      while (inbox.unread.length < i + 1 && i % 50 === 49) await turn();
    }
    while (inbox.unread.length < 1000) await turn();
    for (const [i, { bytes }] of inbox.unread.entries()) {
      assertEquals(bytes, new Uint8Array(60).fill(i));
      assertEquals(bytes.constructor, Uint8Array); // a Buffer's slice() would not copy
    }
  });

  test("two listeners share a multicast port and both receive (C-14.1.3-3)", async (open) => {
    const first = await open({ hostname: "0.0.0.0", port: 0, multicast: GROUP });
    const { port } = first.transport.local;
    const second = await open({ hostname: "0.0.0.0", port, multicast: GROUP });
    const sender = await open({ hostname: "127.0.0.1", port: 0 });
    await sender.transport.send(octets(24), { hostname: GROUP.group, port });
    for (const { inbox } of [first, second]) {
      assertEquals(await inbox.next(), { bytes: octets(24), source: sender.transport.local });
    }
  });

  test("a multicast listener receives with any local address", async (open) => {
    const listener = await open({ hostname: "127.0.0.1", port: 0, multicast: GROUP });
    const sender = await open({ hostname: "127.0.0.1", port: 0 });
    const to = { hostname: GROUP.group, port: listener.transport.local.port };
    await sender.transport.send(octets(24), to);
    assertEquals((await listener.inbox.next()).bytes, octets(24));
  });

  // If the system cannot bind to a group, the wildcard address receives unicast too.
  test("a multicast listener does not receive unicast (RFC 6886 section 3.2.1)", async (open) => {
    const listener = await open({ hostname: "0.0.0.0", port: 0, multicast: GROUP });
    const sender = await open({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.transport.local;
    await sender.transport.send(octets(8), { hostname: "127.0.0.1", port });
    await sender.transport.send(octets(24), { hostname: GROUP.group, port });
    assertEquals((await listener.inbox.next()).bytes, octets(24));
  }, Deno.build.os === "windows");

  test("a group that is not a multicast address is refused", async (open) => {
    const multicast = { group: "127.0.0.1", interfaceAddress: "127.0.0.1" };
    const options = { hostname: "0.0.0.0", port: 0, multicast };
    const error = await assertRejects(() => open(options), TransportError);
    assertEquals(error.operation, "open");
    assertNotEquals(error.message, "");
  });
}

async function several(open: Open, count: 2): Promise<[Peer, Peer]>;
async function several(open: Open, count: 3): Promise<[Peer, Peer, Peer]>;
async function several(open: Open, count: number): Promise<Peer[]> {
  const peers: Peer[] = [];
  for (let i = 0; i < count; i++) peers.push(await open({ hostname: "127.0.0.1", port: 0 }));
  return peers;
}

/** In Node, closing takes one or two turns of the event loop. */
async function reopened(open: Open, local: OpenOptions): Promise<void> {
  for (let turns = 0;; turns++) {
    try {
      await open(local);
      return;
    } catch (error) {
      if (turns === 100) throw error;
      await turn();
    }
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Octets that differ from their neighbours, so that the test detects a shift. */
function octets(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + length) & 0xff);
}
