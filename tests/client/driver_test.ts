import { assert, assertEquals } from "@std/assert";
import { Client } from "../../src/client/client.ts";
import type { TraceEvent } from "../../src/client/trace.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { MapHandle } from "../../src/client/map_handle.ts";
import { OutboundMap } from "../../src/client/outbound_map.ts";
import type { Clock } from "../../src/clock.ts";
import { lab } from "../../src/testing/lab.ts";
import { PCP_VERSION } from "../../src/wire/constants.ts";
import {
  deliver,
  mapRequests,
  opened,
  unread,
  unreadErrors,
  unreadStates,
} from "../helpers/client.ts";

Deno.test("onTrace is called with every datagram, decoded, and the reason why one was ignored", async () => {
  const events: TraceEvent[] = [];
  await using world = await lab({
    client: { onTrace: (event) => void events.push(event) },
    latency: 5,
  });
  await opened(world);
  await deliver(world, new Uint8Array(7));
  const remote = "192.168.1.1 5351";
  assertEquals(events.map(({ bytes: _, ...event }) => event), [
    {
      at: 0,
      direction: "sent",
      remote,
      text:
        "PCP MAP request, tcp 6000 -> 0.0.0.0:0, nonce bbf7…, lifetime 7200, client 192.168.1.10",
    },
    {
      at: 10,
      direction: "received",
      remote,
      text:
        "PCP MAP response, SUCCESS, tcp 6000 -> 203.0.113.5:40000, nonce bbf7…, lifetime 7200, epoch 0",
    },
    { at: 15, direction: "received", remote, text: events[2]?.text ?? "", ignored: "notResponse" },
  ]);
  assertEquals(events.map(({ bytes }) => bytes.length), [60, 60, 7]);
});

Deno.test("onTrace never shows a nonce in full (C-18-3)", async () => {
  const texts: string[] = [];
  await using world = await lab({ client: { onTrace: ({ text }) => void texts.push(text) } });
  await opened(world);
  await opened(world, new OutboundMap(51000, "198.51.100.7", 443, 60));
  assertEquals(texts.length, 4);
  for (const text of texts) {
    assert(/nonce [0-9a-f]{4}…/.test(text) && !/[0-9a-f]{24}/.test(text), text);
  }
});

Deno.test("An error thrown by onTrace is reported and changes nothing else", async () => {
  const reported: unknown[] = [];
  const listen = (event: ErrorEvent): void => {
    reported.push(event.error);
    event.preventDefault();
  };
  globalThis.addEventListener("error", listen);
  try {
    const mistake = new Error("my mistake");
    const onTrace = (): void => {
      throw mistake;
    };
    await using world = await lab({ client: { onTrace } });
    const mapping = await opened(world);
    assertEquals([mapping.state.type, unreadErrors(world.handle)], ["running", []]);
    assertEquals(reported, [mistake, mistake]);
  } finally {
    globalThis.removeEventListener("error", listen);
  }
});

Deno.test("A request made in onTrace keeps the outputs in order", async () => {
  let second: MapHandle | undefined;
  await using world = await lab({
    client: {
      onTrace({ direction }) {
        if (direction === "received") second ??= world.handle.request(new InboundMap(6001, 60));
      },
    },
  });
  const first = world.handle.request(new InboundMap(6000, 60));
  await world.settled(first.ready());
  assert(second !== undefined);
  await world.settled(second.ready());
  for (const mapping of [first, second]) {
    assertEquals(
      unread(mapping).map((alert) => alert.type === "assigned" ? "assigned" : alert.state.type),
      [
        "starting",
        "running",
        "assigned",
      ],
    );
  }
});

Deno.test("A request made while another is sent does not change the order of its alerts", async () => {
  let revoked: Promise<void> | undefined;
  await using world = await lab({
    client: {
      onTrace: () => void (revoked ??= world.handle.mappings[0]?.revoke()),
    },
  });
  const mapping = world.handle.request(new InboundMap(6000, 60));
  await world.settled(Promise.resolve(revoked));
  assertEquals(unreadStates(mapping), ["starting 0", "updating 0 for 0", "revoked"]);
  assertEquals(mapping.state, { type: "revoked" });
});

Deno.test("A failed send makes room for the next request at once", async () => {
  await using world = await lab({ client: { shutdownTimeout: 0 } });
  world.network.failSends = () => new Error("network is unreachable");
  for (let port = 1; port <= 300; port++) world.handle.request(new InboundMap(port, 60));
  await world.advance(1);
  assertEquals(world.handle.stats().sendErrors, 300);
});

Deno.test("Sends that fail because of the shutdown are no errors", async () => {
  const world = await lab();
  world.handle.request(new InboundMap(6000, 60));
  world.network.failSends = () => new Error("the socket is closed");
  world.handle.request(new InboundMap(6001, 60));
  await world.handle.shutdown({ keep: true });
  await world.advance(1);
  assertEquals(world.handle.stats().sendErrors, 0);
});

Deno.test("All mappings share one alarm", async () => {
  await using world = await lab();
  const mappings = Array.from(
    { length: 500 },
    (_, index) => world.handle.request(new InboundMap(1 + index, 7200)),
  );
  await world.settled(Promise.all(mappings.map((mapping) => mapping.ready())));
  await world.advance(10_000); // past the alarms of the first transmissions
  assertEquals(world.clock.pending, 2); // one of the client, one of the server
});

/** A clock that can sleep, as a laptop does: alarms that are due meanwhile fire after it. */
function sleepy(clock: Clock): Clock & { sleep(duration: number): void } {
  let slept = 0;
  return {
    now: () => clock.now() + slept,
    alarm: (at, fire) => clock.alarm(at - slept, fire),
    sleep: (duration) => void (slept += duration),
  };
}

Deno.test("A mapping that expired during a sleep is requested again once after it (C-11.2.1-10)", async () => {
  const world = await lab({ server: { maxLifetime: 600 } });
  const clock = sleepy(world.clock);
  const handle = await Client.start("192.168.1.20", "192.168.1.1", {
    clock,
    network: world.network,
  });
  const mapping = handle.request(new InboundMap(6000, 7200));
  await world.settled(mapping.ready());
  unread(mapping);
  clock.sleep(8 * 3600 * 1000);
  await world.advance(60_000); // every alarm fires, hours late
  assertEquals(unreadStates(mapping), ["expired", "starting 0", "running"]);
  await world.settled(handle.shutdown());
  await world[Symbol.asyncDispose]();
});

Deno.test("A renewal that was due during a sleep is sent after it", async () => {
  const world = await lab({ server: { maxLifetime: 600 } });
  const clock = sleepy(world.clock);
  const handle = await Client.start("192.168.1.20", "192.168.1.1", {
    clock,
    network: world.network,
  });
  const mapping = handle.request(new InboundMap(6000, 7200));
  await world.settled(mapping.ready());
  unread(mapping);
  clock.sleep(200_000);
  await world.advance(380_000);
  assertEquals(unreadStates(mapping).slice(0, 2), ["updating 0 for 7200", "running"]);
  assertEquals(mapping.isOver, false);
  await world.settled(handle.shutdown());
  await world[Symbol.asyncDispose]();
});

Deno.test("Retransmissions are the same octets (C-8.1.1-N5)", async () => {
  await using world = await lab();
  world.server.swallow(3);
  await opened(world);
  const [first, ...others] = world.sent().filter(({ bytes }) => bytes[0] === PCP_VERSION);
  assert(others.length > 0);
  for (const { bytes } of others) assertEquals(bytes, first?.bytes);
  assertEquals(mapRequests(world).length, 1 + others.length);
});
