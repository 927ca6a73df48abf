import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import type { Clock } from "../../src/clock.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { createDenoNetwork, type DatagramSocket, denoNetwork } from "../../src/transport/deno.ts";
import type { Network, SocketAddress } from "../../src/transport/transport.ts";
import { systemError, TransportError } from "../../src/transport/transport_error.ts";
import { conformance } from "./conformance.ts";
import { Inbox } from "./inbox.ts";
import { hasIpv6Loopback } from "./loopback.ts";

conformance("Deno.listenDatagram", { network: () => denoNetwork, ipv6: hasIpv6Loopback() });

Deno.test("Deno.listenDatagram: an error of receive() goes to the sink and receiving goes on", async () => {
  const socket = new BrokenSocket([refused(), refused(), octets(60), refused(), octets(24)]);
  const inbox = await opened(socket, new ManualClock());
  assertEquals((await inbox.next()).bytes, octets(60));
  assertEquals((await inbox.next()).bytes, octets(24));
  assertEquals(inbox.errors.length, 3);
  for (const error of inbox.errors) {
    assertInstanceOf(error, TransportError);
    assertEquals([error.operation, error.code], ["receive", "ECONNREFUSED"]);
    assertEquals(error.address, { hostname: "127.0.0.1", port: 5350 });
  }
});

Deno.test("Deno.listenDatagram: a socket that only fails does not keep the program busy", async () => {
  const clock = new ManualClock();
  const socket = new BrokenSocket([], refused());
  const inbox = await opened(socket, clock);
  await clock.settle();
  assertEquals(inbox.errors.length, 4);
  await clock.advance(150); // pauses of 10, 20, 40 and 80 ms
  assertEquals(inbox.errors.length, 8);
  await clock.advance(60_000); // at most one error a second
  assert(inbox.errors.length < 8 + 66, `${inbox.errors.length} errors`);

  socket.fallback = undefined;
  await clock.advance(1000);
  socket.arrive(octets(60));
  assertEquals((await inbox.next()).bytes, octets(60));
});

Deno.test("Deno.listenDatagram: close() ends a pause between errors", async () => {
  const clock = new ManualClock();
  const socket = new BrokenSocket([], refused());
  const inbox = new Inbox();
  const transport = await networkOf(socket, clock).open(LOCAL, inbox);
  await clock.settle();
  assertEquals(clock.pending, 1);
  transport.close();
  assertEquals(clock.pending, 0);
  const errors = inbox.errors.length;
  await clock.advance(10_000);
  assertEquals([inbox.errors.length, socket.closed], [errors, true]);
});

Deno.test("Deno.listenDatagram: a sink may close the socket from within", async () => {
  const socket = new BrokenSocket([octets(4), octets(8), octets(12)]);
  const inbox = new Inbox();
  const clock = new ManualClock();
  const transport = await networkOf(socket, clock).open(LOCAL, {
    datagram(bytes, source) {
      inbox.datagram(bytes, source);
      transport.close();
    },
    error: (error) => inbox.error(error),
  });
  await clock.settle();
  assertEquals([inbox.unread.length, inbox.errors.length], [1, 0]);
});

Deno.test("Deno.listenDatagram: an IPv6 group is joined on the interface it was asked for (C-14.1.3-1)", async () => {
  const cases = [["eth0", 4], ["7", 7], ["unknown0", 0], [undefined, 0]] as const;
  for (const [interfaceName, index] of cases) {
    const socket = new BrokenSocket([]);
    const network = createDenoNetwork({
      listen: () => socket,
      interfaceIndex: (name) => ({ eth0: 4, "7": 7 })[name],
    });
    const name = interfaceName === undefined ? {} : { interfaceName };
    const multicast = { group: "ff02::1", ...name };
    await network.open({ hostname: "::", port: 5350, multicast }, new Inbox());
    assertEquals(socket.joined, [["ff02::1", index]]);
  }
});

Deno.test("Deno.listenDatagram: an IPv4 group is joined on the interface of the address (C-14.1.3-1)", async () => {
  const socket = new BrokenSocket([]);
  const network = createDenoNetwork({ listen: () => socket });
  const multicast = { group: "224.0.0.1", interfaceAddress: "192.168.1.2" };
  await network.open({ hostname: "0.0.0.0", port: 5350, multicast }, new Inbox());
  assertEquals(socket.joined, [["224.0.0.1", "192.168.1.2"]]);
});

Deno.test("Deno.listenDatagram: a socket that cannot join is closed again", async () => {
  const socket = new BrokenSocket([], undefined, refused());
  const network = createDenoNetwork({ listen: () => socket });
  const multicast = { group: "224.0.0.1" };
  const options = { hostname: "0.0.0.0", port: 5350, multicast };
  await assertRejects(() => network.open(options, new Inbox()), TransportError);
  assertEquals(socket.closed, true);
});

const LOCAL = { hostname: "127.0.0.1", port: 5350 };

/** A socket that receives the given results. */
class BrokenSocket implements DatagramSocket {
  readonly addr = { port: LOCAL.port };
  readonly joined: [string, string | number][] = [];
  closed = false;
  #waiting: ((bytes: Uint8Array) => void) | undefined;

  constructor(
    readonly script: (Uint8Array | Error)[],
    public fallback?: Error | undefined,
    readonly joinError?: Error,
  ) {}

  arrive(bytes: Uint8Array): void {
    this.#waiting?.(bytes);
  }

  async receive(buffer: Uint8Array): Promise<[Uint8Array, SocketAddress]> {
    const next = this.script.shift() ?? this.fallback;
    if (next instanceof Error) throw next;
    const bytes = next ?? await new Promise<Uint8Array>((resolve) => this.#waiting = resolve);
    buffer.set(bytes);
    return [buffer.subarray(0, bytes.length), { hostname: "127.0.0.1", port: 5351 }];
  }

  send(bytes: Uint8Array): Promise<number> {
    return Promise.resolve(bytes.length);
  }

  joinMulticastV4(group: string, interfaceAddress: string): Promise<void> {
    return this.#join(group, interfaceAddress);
  }

  joinMulticastV6(group: string, interfaceIndex: number): Promise<void> {
    return this.#join(group, interfaceIndex);
  }

  close(): void {
    this.closed = true;
  }

  #join(group: string, where: string | number): Promise<void> {
    this.joined.push([group, where]);
    return this.joinError === undefined ? Promise.resolve() : Promise.reject(this.joinError);
  }
}

function networkOf(socket: BrokenSocket, clock: Clock): Network {
  return createDenoNetwork({ listen: () => socket, clock });
}

async function opened(socket: BrokenSocket, clock: Clock): Promise<Inbox> {
  const inbox = new Inbox();
  await networkOf(socket, clock).open(LOCAL, inbox);
  return inbox;
}

function refused(): Error {
  return systemError("ECONNREFUSED", "Connection refused (os error 111)");
}

function octets(length: number): Uint8Array {
  return new Uint8Array(length).fill(length);
}
