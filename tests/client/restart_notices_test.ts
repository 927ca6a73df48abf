/** Restarts of a server, or forged ones, are reported at most once a second. */

import { assert, assertEquals } from "@std/assert";
import { ServerRestartedError } from "../../src/client/errors.ts";
import { RestartNotices } from "../../src/client/restart_notices.ts";
import { lab } from "../../src/testing/lab.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { encodeResponse } from "../../src/wire/message.ts";
import { multicast, opened, remains } from "../helpers/client.ts";

Deno.test("restarts are reported at most once a second, with their number", async () => {
  const clock = new ManualClock();
  const sent: unknown[] = [];
  const notices = new RestartNotices(
    clock,
    (restart) => sent.push({ at: clock.now(), ...restart }),
  );
  notices.put(1);
  for (let turn = 0; turn < 30; turn++) {
    await clock.advance(100);
    notices.put(turn);
  }
  await clock.advance(10_000);
  notices.put(99);
  notices.put(100);
  notices.close();
  assertEquals(sent, [
    { at: 0, epoch: 1, count: 1 },
    { at: 1_000, epoch: 8, count: 9 },
    { at: 2_000, epoch: 18, count: 10 },
    { at: 3_000, epoch: 28, count: 10 },
    { at: 4_000, epoch: 29, count: 1 },
    { at: 13_000, epoch: 99, count: 1 },
    { at: 13_000, epoch: 100, count: 1 },
  ]);
  assertEquals(clock.pending, 0);
});

Deno.test("a flood of announcements with changing epochs makes one error a second, each with its count", async () => {
  const world = await lab();
  const mapping = await opened(world);
  const errors: ServerRestartedError[] = [];
  const collected = (async () => {
    for await (const error of world.handle.errors()) {
      if (error instanceof ServerRestartedError) errors.push(error);
    }
  })();
  for (let turn = 0; turn < 500; turn++) {
    const epoch = turn % 2 === 0 ? 900_000 : 0;
    await multicast(world, encodeResponse({ type: "announce", result: 0, lifetime: 0, epoch }));
    await world.advance(9);
  }
  await world.advance(2_000);
  assert(errors.length <= 7, `${errors.length} errors in 5 s`);
  // The recovery shows the true epoch again.
  assertEquals(errors.reduce((sum, { count }) => sum + count, 0), 501);
  assertEquals(mapping.state.type, "running");
  await world.settled(world.handle.shutdown());
  await collected;
  assertEquals((await remains(world)).alarms, 0);
});
