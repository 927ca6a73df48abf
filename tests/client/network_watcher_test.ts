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
import { CLIENT, SERVER } from "./parts.ts";

/** A watcher of a machine, and what it told. */
function watching(clock: Clock, interval = LOOK) {
  const machine = new FakeMachine();
  machine.clock = clock;
  const told: string[] = [];
  let current = addresses(CLIENT, SERVER);
  const watcher = new NetworkWatcher(clock, machine, {
    current: () => current,
    moved: (found) => {
      current = found;
      told.push(`moved to ${found.clientAddress} ${found.serverAddresses}`);
      return Promise.resolve(true);
    },
    resumed: () => told.push("resumed"),
  }, interval);
  return { machine, told, watcher };
}

Deno.test("Watcher looks at the addresses at every turn, and at the route once a minute", async () => {
  const clock = new ManualClock();
  const { machine, told, watcher } = watching(clock);
  await clock.advance(600_000);
  assertEquals([machine.looks, machine.finds, told], [120, 10, []]);
  watcher.close();
  await clock.advance(600_000);
  assertEquals([machine.looks, clock.pending], [120, 0]);
});

Deno.test("Watcher looks at the route at the first turn: the network may have changed before", async () => {
  const clock = new ManualClock();
  const { machine, told, watcher } = watching(clock);
  machine.network = { client: "10.0.0.7", server: "10.0.0.1" };
  await clock.advance(LOOK);
  assertEquals(told, ["moved to 10.0.0.7 10.0.0.1"]);
  watcher.close();
});

Deno.test("Watcher tells another address at the next turn, once (C-16.4-2)", async () => {
  const clock = new ManualClock();
  const { machine, told, watcher } = watching(clock);
  await clock.advance(LOOK * 3 + 1);
  machine.network = { client: "192.168.1.77", server: SERVER };
  await clock.advance(LOOK);
  assertEquals(told, [`moved to 192.168.1.77 ${SERVER}`]);
  await clock.advance(600_000);
  assertEquals(told.length, 1);
  watcher.close();
});

Deno.test("Watcher tells another gateway at the same address after a minute, or after a failed send", async () => {
  const clock = new ManualClock();
  const { machine, told, watcher } = watching(clock);
  await clock.advance(LOOK * 2);
  machine.network = { client: CLIENT, server: "192.168.1.254" };
  await clock.advance(60_000);
  assertEquals(told, [`moved to ${CLIENT} 192.168.1.254`]);
  machine.network = { client: CLIENT, server: SERVER };
  watcher.checkSoon();
  await clock.advance(LOOK);
  assertEquals(told[1], `moved to ${CLIENT} ${SERVER}`);
  watcher.close();
});

Deno.test("Watcher that may not look at the addresses finds out within a minute", async () => {
  const clock = new ManualClock();
  const { machine, told, watcher } = watching(clock);
  machine.permitted = false;
  await clock.advance(LOOK * 2);
  machine.network = { client: "192.168.1.77", server: SERVER };
  await clock.advance(60_000);
  assertEquals(told, [`moved to 192.168.1.77 ${SERVER}`]);
  watcher.close();
});

Deno.test("Watcher waits out the time without a network, and has everything asked again after it", async () => {
  const clock = new ManualClock();
  const { machine, told, watcher } = watching(clock);
  await clock.advance(LOOK * 2);
  const { network } = machine;
  machine.network = undefined;
  await clock.advance(60_000);
  assertEquals(told, []);
  machine.network = network;
  await clock.advance(LOOK);
  assertEquals(told, ["resumed"]);
  machine.network = undefined;
  await clock.advance(60_000);
  machine.network = { client: "192.168.1.77", server: SERVER };
  await clock.advance(60_000);
  assertEquals(told.slice(1), [`moved to 192.168.1.77 ${SERVER}`]);
  watcher.close();
});

Deno.test("Watcher does not go over to the other family: the mappings would not be the same", async () => {
  const clock = new ManualClock();
  const { machine, told, watcher } = watching(clock);
  machine.network = { client: "2001:db8::7", server: "fe80::1%eth0" };
  await clock.advance(60_000);
  assertEquals(told, []);
  machine.network = { client: CLIENT, server: SERVER };
  await clock.advance(LOOK);
  assertEquals(told, ["resumed"]);
  watcher.close();
});

Deno.test("Watcher takes a server of the same address behind another interface for another one", async () => {
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

Deno.test("Watcher tries again at the next turn when the client could not go along", async () => {
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

Deno.test("A sleep is seen where the monotonic clock stands still meanwhile (F-16)", async () => {
  const clock = new ManualClock();
  const { machine, told, watcher } = watching(clock);
  await clock.advance(LOOK * 2);
  machine.ahead += 3_600_000;
  await clock.advance(LOOK);
  assertEquals(told, ["resumed"]);
  await clock.advance(600_000);
  assertEquals(told.length, 1);
  watcher.close();
});

Deno.test("A sleep is seen where the monotonic clock goes on: the alarm comes late (F-16)", async () => {
  const base = new ManualClock();
  const clock = sleepyClock(base);
  const { told, watcher } = watching(clock);
  await base.advance(LOOK * 2);
  clock.sleep(3_600_000);
  await base.advance(LOOK);
  assertEquals(told, ["resumed"]);
  await base.advance(600_000);
  assertEquals(told.length, 1);
  watcher.close();
});

Deno.test("After a sleep in another network the client moves, and that is all", async () => {
  const clock = new ManualClock();
  const { machine, told, watcher } = watching(clock);
  await clock.advance(LOOK * 2);
  machine.ahead += 3_600_000;
  machine.network = undefined;
  await clock.advance(LOOK * 3);
  machine.network = { client: "10.0.0.7", server: "10.0.0.1" };
  await clock.advance(600_000);
  assertEquals(told, ["moved to 10.0.0.7 10.0.0.1"]);
  watcher.close();
});

Deno.test("A wall clock set by a day while awake is one harmless refresh at most (C-8.5-6)", async () => {
  const clock = new ManualClock();
  const { machine, told, watcher } = watching(clock);
  await clock.advance(LOOK * 2);
  machine.ahead -= 86_400_000;
  await clock.advance(600_000);
  assertEquals(told, []);
  machine.ahead += 86_400_000;
  await clock.advance(600_000);
  assertEquals(told, ["resumed"]);
  machine.ahead += 2_000; // as time servers do it
  await clock.advance(600_000);
  assertEquals(told.length, 1);
  watcher.close();
});

Deno.test("A question that takes long is no sleep, and is not asked twice at a time", async () => {
  const clock = new ManualClock();
  const machine = new FakeMachine();
  machine.clock = clock;
  const told: string[] = [];
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
    resumed: () => told.push("resumed"),
  }, LOOK);
  await clock.advance(300_000);
  assertEquals(told, []);
  watcher.close();
});

Deno.test("Client.start() refuses an interval that would keep the machine busy, and leaves no socket open", async () => {
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

Deno.test("Addresses that were given stay what they are; the machine's are not looked at", async () => {
  const surveyor = fixedSurvey();
  const current = addresses(CLIENT, SERVER);
  assertEquals(await surveyor.find(current), current);
  assertEquals(await surveyor.hostAddresses(), undefined);
  assertEquals(Math.abs(surveyor.wallTime() - Date.now()) < 1_000, true);
});

Deno.test("A client keeps its interface as long as that has a gateway, be there better ones or not (C-11.5-1)", async () => {
  const wireless = { family: "IPv4", interface: "wlan0", client: CLIENT, gateway: SERVER } as const;
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

/** A clock that goes on while the machine sleeps, so that alarms ring late. */
function sleepyClock(base: ManualClock): Clock & { sleep(duration: number): void } {
  let slept = 0;
  return {
    now: () => base.now() + slept,
    alarm: (at, fire) => base.alarm(at - slept, fire),
    sleep: (duration) => slept += duration,
  };
}
