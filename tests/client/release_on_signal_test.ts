import { assertEquals, assertRejects } from "@std/assert";
import { Client } from "../../mod.ts";
import { ReleaseOnSignal, type ReleaseSignal } from "../../src/client/release_on_signal.ts";
import { lab } from "../../src/testing/mod.ts";
import { InboundMap } from "../../mod.ts";

/** Signals of a test, and the exit codes that the program would have ended with. */
class FakeSignals {
  readonly listeners = new Map<ReleaseSignal, () => void>();
  readonly exits: number[] = [];

  add(signal: ReleaseSignal, listener: () => void): void {
    if (signal === "SIGBREAK") throw new TypeError("Windows only");
    this.listeners.set(signal, listener);
  }

  remove(signal: ReleaseSignal, listener: () => void): void {
    if (this.listeners.get(signal) === listener) this.listeners.delete(signal);
  }

  exit(code: number): void {
    this.exits.push(code);
  }
}

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  Deno.test(`${signal} deletes the mappings of all clients, then exits with ${code} (K-10)`, async () => {
    const signals = new FakeSignals();
    const release = new ReleaseOnSignal(signals);
    await using first = await lab();
    await using second = await lab();
    for (const { handle } of [first, second]) release.add(handle, [signal, "SIGBREAK"]);
    for (const world of [first, second]) {
      await world.settled(world.handle.request(new InboundMap(6000, 60)).ready());
    }
    signals.listeners.get(signal)?.();
    assertEquals(signals.exits, []);
    for (const world of [first, second]) await world.settled(world.handle.shutdown());
    await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals([first.server.mappings.size, second.server.mappings.size], [0, 0]);
    assertEquals(signals.exits, [code]);
  });
}

Deno.test("a second signal does not wait (K-10)", async () => {
  const signals = new FakeSignals();
  await using world = await lab();
  new ReleaseOnSignal(signals).add(world.handle, ["SIGINT", "SIGTERM"]);
  world.server.silent = true;
  void world.handle.request(new InboundMap(6000, 60));
  signals.listeners.get("SIGINT")?.();
  signals.listeners.get("SIGTERM")?.();
  assertEquals(signals.exits, [143]);
  await world.settled(world.handle.shutdown());
});

Deno.test("after the last client the program gets its signals as before (K-10)", async () => {
  const signals = new FakeSignals();
  const release = new ReleaseOnSignal(signals);
  await using first = await lab();
  await using second = await lab();
  release.add(first.handle, ["SIGINT"]);
  release.add(second.handle, ["SIGINT", "SIGTERM"]);
  await first.settled(first.handle.shutdown());
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals([...signals.listeners.keys()], ["SIGINT", "SIGTERM"]);
  await second.settled(second.handle.shutdown());
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals([...signals.listeners.keys()], []);
});

Deno.test("releaseOn must be an array of names of signals (K-10)", async () => {
  for (const releaseOn of ["SIGINT", ["SIGKILL"], [2], {}]) {
    await assertRejects(
      () => Client.start("127.0.0.1", "127.0.0.1", { releaseOn: releaseOn as never }),
      TypeError,
      'Cannot start a client: "releaseOn" must be an array of "SIGHUP", "SIGINT", "SIGTERM", "SIGBREAK", got',
    );
  }
});
