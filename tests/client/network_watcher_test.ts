import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Client } from "../../src/client/client.ts";
import type { Addresses } from "../../src/client/network/addresses.ts";
import { resolveAddresses } from "../../src/client/network/addresses.ts";
import { fixedSurvey } from "../../src/client/network/host_survey.ts";
import { NetworkWatcher } from "../../src/client/network/network_watcher.ts";
import type { Clock } from "../../src/clock.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { MemoryNetwork } from "../../src/transport/memory.ts";
import { addresses, FakeMachine, LOOK } from "./fake_machine.ts";
import { CLIENT, SERVER } from "../helpers/client.ts";

/** A watcher of a machine, and the events that it reported. */
function watching(clock: Clock, interval = LOOK) {
  const machine = new FakeMachine();
  machine.clock = clock;
  const events: string[] = [];
  let current = addresses(CLIENT, SERVER);
  const watcher = new NetworkWatcher(clock, machine, {
    current: () => current,
    moved: (found) => {
      current = found;
      events.push(`moved to ${found.clientAddress} ${found.serverAddresses}`);
      return Promise.resolve(true);
    },
    resumed: () => events.push("resumed"),
  }, interval);
  return { machine, events, watcher };
}

Deno.test("NetworkWatcher checks the addresses at every interval, and the route once a minute", async () => {
  const clock = new ManualClock();
  const { machine, events, watcher } = watching(clock);
  await clock.advance(600_000);
  assertEquals([machine.looks, machine.finds, events], [120, 10, []]);
  watcher.close();
  await clock.advance(600_000);
  assertEquals([machine.looks, clock.pending], [120, 0]);
});

Deno.test("NetworkWatcher checks the route first: it may have changed since the client's start", async () => {
  const clock = new ManualClock();
  const { machine, events, watcher } = watching(clock);
  machine.network = { client: "10.0.0.7", server: "10.0.0.1" };
  await clock.advance(LOOK);
  assertEquals(events, ["moved to 10.0.0.7 10.0.0.1"]);
  watcher.close();
});

Deno.test("NetworkWatcher reports another address at the next check, once (C-16.4-2)", async () => {
  const clock = new ManualClock();
  const { machine, events, watcher } = watching(clock);
  await clock.advance(LOOK * 3 + 1);
  machine.network = { client: "192.168.1.77", server: SERVER };
  await clock.advance(LOOK);
  assertEquals(events, [`moved to 192.168.1.77 ${SERVER}`]);
  await clock.advance(600_000);
  assertEquals(events.length, 1);
  watcher.close();
});

Deno.test("NetworkWatcher reports another gateway within a minute, or at the next check after a failed send", async () => {
  const clock = new ManualClock();
  const { machine, events, watcher } = watching(clock);
  await clock.advance(LOOK * 2);
  machine.network = { client: CLIENT, server: "192.168.1.254" };
  await clock.advance(60_000);
  assertEquals(events, [`moved to ${CLIENT} 192.168.1.254`]);
  machine.network = { client: CLIENT, server: SERVER };
  watcher.checkSoon();
  await clock.advance(LOOK);
  assertEquals(events[1], `moved to ${CLIENT} ${SERVER}`);
  watcher.close();
});

Deno.test("NetworkWatcher without permission to read the addresses reports a change within a minute", async () => {
  const clock = new ManualClock();
  const { machine, events, watcher } = watching(clock);
  machine.permitted = false;
  await clock.advance(LOOK * 2);
  machine.network = { client: "192.168.1.77", server: SERVER };
  await clock.advance(60_000);
  assertEquals(events, [`moved to 192.168.1.77 ${SERVER}`]);
  watcher.close();
});

Deno.test("NetworkWatcher waits while there is no network, and reports the end of that", async () => {
  const clock = new ManualClock();
  const { machine, events, watcher } = watching(clock);
  await clock.advance(LOOK * 2);
  const { network } = machine;
  machine.network = undefined;
  await clock.advance(60_000);
  assertEquals(events, []);
  machine.network = network;
  await clock.advance(LOOK);
  assertEquals(events, ["resumed"]);
  machine.network = undefined;
  await clock.advance(60_000);
  machine.network = { client: "192.168.1.77", server: SERVER };
  await clock.advance(60_000);
  assertEquals(events.slice(1), [`moved to 192.168.1.77 ${SERVER}`]);
  watcher.close();
});

Deno.test("NetworkWatcher does not change the family: the mappings would not be the same", async () => {
  const clock = new ManualClock();
  const { machine, events, watcher } = watching(clock);
  machine.network = { client: "2001:db8::7", server: "fe80::1%eth0" };
  await clock.advance(60_000);
  assertEquals(events, []);
  machine.network = { client: CLIENT, server: SERVER };
  await clock.advance(LOOK);
  assertEquals(events, ["resumed"]);
  watcher.close();
});

Deno.test("NetworkWatcher treats the same link-local address on another interface as another server", async () => {
  const clock = new ManualClock();
  const machine = new FakeMachine();
  machine.network = { client: "2001:db8::7", server: "fe80::1%wlan0" };
  const moves: Addresses[] = [];
  const watcher = new NetworkWatcher(clock, machine, {
    current: () => addresses("2001:db8::7", "fe80::1%eth0"),
    moved: (found) => Promise.resolve(moves.push(found) > 0),
    resumed: () => {},
  }, LOOK);
  await clock.advance(LOOK);
  assertEquals(moves.map(({ serverAddresses }) => `${serverAddresses}`), ["fe80::1%wlan0"]);
  watcher.close();
});

Deno.test("NetworkWatcher tries again at the next check when the client could not move", async () => {
  const clock = new ManualClock();
  const machine = new FakeMachine();
  machine.network = { client: "192.168.1.77", server: SERVER };
  let attempts = 0;
  const watcher = new NetworkWatcher(clock, machine, {
    current: () => addresses(CLIENT, SERVER),
    moved: () => Promise.resolve(++attempts >= 3),
    resumed: () => {},
  }, LOOK);
  await clock.advance(LOOK * 3);
  assertEquals(attempts, 3);
  watcher.close();
});

Deno.test("NetworkWatcher detects a sleep during which the monotonic clock stands still (F-16)", async () => {
  const clock = new ManualClock();
  const { machine, events, watcher } = watching(clock);
  await clock.advance(LOOK * 2);
  machine.ahead += 3_600_000;
  await clock.advance(LOOK);
  assertEquals(events, ["resumed"]);
  await clock.advance(600_000);
  assertEquals(events.length, 1);
  watcher.close();
});

Deno.test("NetworkWatcher detects a sleep during which the monotonic clock advances, by the late alarm (F-16)", async () => {
  const base = new ManualClock();
  const clock = sleepyClock(base);
  const { events, watcher } = watching(clock);
  await base.advance(LOOK * 2);
  clock.sleep(3_600_000);
  await base.advance(LOOK);
  assertEquals(events, ["resumed"]);
  await base.advance(600_000);
  assertEquals(events.length, 1);
  watcher.close();
});

Deno.test("After a sleep in another network only a move is reported", async () => {
  const clock = new ManualClock();
  const { machine, events, watcher } = watching(clock);
  await clock.advance(LOOK * 2);
  machine.ahead += 3_600_000;
  machine.network = undefined;
  await clock.advance(LOOK * 3);
  machine.network = { client: "10.0.0.7", server: "10.0.0.1" };
  await clock.advance(600_000);
  assertEquals(events, ["moved to 10.0.0.7 10.0.0.1"]);
  watcher.close();
});

Deno.test("A wall clock set by a day while awake is reported as one sleep at most (C-8.5-6)", async () => {
  const clock = new ManualClock();
  const { machine, events, watcher } = watching(clock);
  await clock.advance(LOOK * 2);
  machine.ahead -= 86_400_000;
  await clock.advance(600_000);
  assertEquals(events, []);
  machine.ahead += 86_400_000;
  await clock.advance(600_000);
  assertEquals(events, ["resumed"]);
  machine.ahead += 2_000; // as after a correction by a time server
  await clock.advance(600_000);
  assertEquals(events.length, 1);
  watcher.close();
});

Deno.test("A slow route check is not a sleep, and does not run twice at a time", async () => {
  const clock = new ManualClock();
  const machine = new FakeMachine();
  machine.clock = clock;
  const events: string[] = [];
  let underWay = 0;
  const find = machine.find.bind(machine);
  machine.find = async () => {
    assertEquals(++underWay, 1);
    await new Promise<void>((resolve) => clock.alarm(clock.now() + 30_000, resolve));
    underWay--;
    return find();
  };
  const watcher = new NetworkWatcher(clock, machine, {
    current: () => addresses(CLIENT, SERVER),
    moved: () => Promise.resolve(true),
    resumed: () => events.push("resumed"),
  }, LOOK);
  await clock.advance(300_000);
  assertEquals(events, []);
  watcher.close();
});

Deno.test("Client.start() refuses a watch interval below 100 ms, and leaves no socket open", async () => {
  const network = new MemoryNetwork();
  const start = (interval: number) =>
    Client.start(CLIENT, SERVER, { network, watch: { interval } });
  await assertRejects(
    () => start(99),
    RangeError,
    'Cannot watch the network: the interval must be at least 100 milliseconds, got "99"',
  );
  await assertRejects(() => start(NaN), RangeError);
  assertEquals(network.openSockets, 0);
  await (await start(100)).shutdown();
});

Deno.test("With given addresses the machine's addresses are not read", async () => {
  const surveyor = fixedSurvey();
  const current = addresses(CLIENT, SERVER);
  assertEquals(await surveyor.find(current), current);
  assertEquals(await surveyor.hostAddresses(), undefined);
  assertEquals(Math.abs(surveyor.wallTime() - Date.now()) < 1_000, true);
});

Deno.test("A client keeps its interface as long as that has a gateway, even if a better one exists (C-11.5-1)", async () => {
  const wireless = {
    family: "IPv4",
    interface: "wlan0",
    client: CLIENT,
    gateway: SERVER,
    reason: "the only default gateway",
  } as const;
  const wired = { ...wireless, interface: "eth0", client: "10.0.0.7", gateway: "10.0.0.1" };
  const ipv6 = {
    ...wired,
    family: "IPv6",
    client: "2001:db8::7",
    gateway: "fe80::1%eth0",
  } as const;
  const current = addresses(CLIENT, SERVER);
  const find = (...gateways: (typeof wireless | typeof wired | typeof ipv6)[]) =>
    resolveAddresses(undefined, undefined, false, () => Promise.resolve(gateways), current)
      .then(({ clientAddress, serverAddresses }) => `${clientAddress} ${serverAddresses}`, String);
  assertEquals(await find(wired, wireless), `${CLIENT} ${SERVER}`);
  assertEquals(await find(wired), "10.0.0.7 10.0.0.1");
  assertEquals(await find(ipv6, wired), "10.0.0.7 10.0.0.1");
  assertEquals(
    await find({ ...wireless, gateway: "192.168.1.254" }, wired),
    `${CLIENT} 192.168.1.254`,
  );
  assertStringIncludes(await find(ipv6), 'no default route for "IPv4" was found');
});

/** A clock that advances while the machine sleeps, so that alarms fire late. */
function sleepyClock(base: ManualClock): Clock & { sleep(duration: number): void } {
  let slept = 0;
  return {
    now: () => base.now() + slept,
    alarm: (at, fire) => base.alarm(at - slept, fire),
    sleep: (duration) => slept += duration,
  };
}
