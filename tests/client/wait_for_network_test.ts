/** A start before this host has a network, as after a boot (H-4). */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Client } from "../../src/client/client.ts";
import { SocketError } from "../../src/client/errors.ts";
import { waitForNetwork } from "../../src/client/network/wait_for_network.ts";
import { DiscoveryError, type DiscoveryReason } from "../../src/discovery/discovery_error.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { MemoryNetwork } from "../../src/transport/memory.ts";

const [CLIENT, SERVER] = ["192.168.1.10", "192.168.1.1"];

Deno.test("waitForNetwork() tries every second, and every 5 seconds after a minute (H-4)", async () => {
  const clock = new ManualClock();
  const times: number[] = [];
  const result = waitForNetwork(
    () => {
      times.push(clock.now());
      if (clock.now() < 100_000) throw failure("noDefaultRoute");
      return Promise.resolve("started");
    },
    clock,
    undefined,
  );
  await clock.advance(200_000);
  assertEquals(await result, "started");
  assertEquals(times.slice(0, 3), [0, 1_000, 2_000]);
  assertEquals(times.slice(-2), [95_000, 100_000]);
  assertEquals(clock.pending, 0);
});

Deno.test("waitForNetwork() waits for what a network brings, and for nothing else (H-4)", async () => {
  const passing: Error[] = [
    failure("noDefaultRoute"),
    failure("noLocalAddress"),
    failure("hostUnknown"),
    failure("programStopped"),
    new SocketError("open", "Cannot open", coded("EADDRNOTAVAIL")),
    new SocketError("open", "Cannot open", coded("EINVAL")),
  ];
  const final: Error[] = [
    failure("permissionDenied"),
    failure("programMissing"),
    new SocketError("open", "Cannot open", coded("EACCES")),
    new SocketError("open", "Cannot open", Object.assign(new Error(), { name: "NotCapable" })),
    new TypeError("both addresses must be of one family"),
  ];
  for (const error of [...passing, ...final]) {
    const clock = new ManualClock();
    let attempts = 0;
    const result = waitForNetwork(
      () => {
        return ++attempts === 1 ? Promise.reject(error) : Promise.resolve(attempts);
      },
      clock,
      undefined,
    );
    result.catch(() => {});
    await clock.advance(10_000);
    if (passing.includes(error)) assertEquals(await result, 2);
    else await assertRejects(() => result, error.constructor as new () => Error, error.message);
    assertEquals(clock.pending, 0);
  }
});

Deno.test("A signal ends the wait for a network, also before it begins (H-4)", async () => {
  const clock = new ManualClock();
  const aborter = new AbortController();
  const attempt = (): Promise<never> => Promise.reject(failure("noDefaultRoute"));
  const waiting = waitForNetwork(attempt, clock, aborter.signal);
  waiting.catch(() => {});
  await clock.advance(3_500);
  aborter.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  assertEquals(clock.pending, 0);
  await assertRejects(() => waitForNetwork(attempt, clock, aborter.signal), Error, "enough");
});

Deno.test("Client.start() with waitForNetwork starts as soon as this host has the address (H-4)", async () => {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock });
  let hasAddress = false;
  network.failOpen = () => hasAddress ? undefined : coded("EADDRNOTAVAIL");
  const options = { network, clock, multicast: false };
  await assertRejects(() => Client.start(CLIENT, SERVER, options), SocketError);
  let started = false;
  const handle = Client.start(CLIENT, SERVER, { ...options, waitForNetwork: true });
  void handle.then(() => started = true);
  await clock.advance(4_500);
  assertEquals(started, false);
  hasAddress = true;
  await clock.advance(1_000);
  assert(started);
  assertEquals((await handle).client, CLIENT);
  await (await handle).shutdown();
  assertEquals(network.openSockets, 0);
});

function failure(reason: DiscoveryReason): DiscoveryError {
  return new DiscoveryError("find the default gateway", reason, "none");
}

function coded(code: string): Error {
  return Object.assign(new Error("the system refused"), { code });
}
