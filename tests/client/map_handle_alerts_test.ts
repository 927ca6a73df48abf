/** Alerts that stay unread: each keeps the snapshot of its time. */

import { assert, assertEquals } from "@std/assert";
import { InboundMap } from "../../src/client/inbound_map.ts";
import type { MapHandle } from "../../src/client/map_handle.ts";
import { RequestType } from "../../src/client/request_type.ts";
import { lab } from "../../src/testing/lab.ts";
import { unread } from "../helpers/client.ts";

/** The alerts in short: states by their name, assignments by their address. */
function inShort(mapping: MapHandle): string[] {
  return unread(mapping).map((alert) =>
    alert.type === "assigned" ? alert.externalAddress : alert.state.type
  );
}

Deno.test("An unread alert has the assignment of its time, not the current one", async () => {
  await using world = await lab();
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  await world.settled(mapping.ready());
  world.host.changeExternalAddress("203.0.113.77");
  await world.advance(10_000);
  assertEquals(inShort(mapping).slice(0, 4), [
    "starting",
    "running",
    "203.0.113.5",
    "203.0.113.77",
  ]);
});

Deno.test("Unread alerts outlive the assignment", async () => {
  await using world = await lab({ server: { maxLifetime: 600 } });
  const mapping = world.handle.request(new InboundMap(6000, 600), RequestType.Once);
  await world.settled(mapping.ready());
  await world.advance(601_000);
  assertEquals(mapping.assigned, undefined);
  assertEquals(inShort(mapping), ["starting", "running", "203.0.113.5", "expired"]);
  assertEquals(await mapping.waitAlert(), undefined);
});

Deno.test("Alerts arrive one by one at an early reader, and all at once at a late one", async () => {
  await using world = await lab();
  const [early, late] = [6000, 6001].map((port) => world.handle.request(new InboundMap(port, 600)));
  assert(early !== undefined && late !== undefined);
  const seen: string[] = [];
  const reading = (async () => {
    for await (const alert of early) seen.push(alert.type);
  })();
  await world.settled(Promise.all([early.ready(), late.ready()]));
  assertEquals(seen, ["stateChange", "stateChange", "assigned"]);
  assertEquals(inShort(late), ["starting", "running", "203.0.113.5"]);
  await world.settled(Promise.all([early.revoke(), late.revoke()]));
  await reading;
});

Deno.test("The assigned alert contains the result of each option, read late or not", async () => {
  await using world = await lab();
  const map = new InboundMap(6000, 600).description("game");
  const mapping = world.handle.request(map);
  const ready = await world.settled(mapping.ready());
  await world.advance(60_000);
  assertEquals(unread(mapping).at(-1), { type: "assigned", ...ready });
});

Deno.test("An early and a late reader of a long life get the same alerts", async () => {
  for (const trouble of ["none", "restart", "newLifetime"]) {
    await using world = await lab({ server: { maxLifetime: 600 } });
    const [early, late] = [6000, 6001].map((port) =>
      world.handle.request(new InboundMap(port, 600))
    );
    assert(early !== undefined && late !== undefined);
    const seen: string[] = [];
    const reading = (async () => {
      for await (const alert of early) seen.push(JSON.stringify(alert));
    })();
    await world.settled(Promise.all([early.ready(), late.ready()]));
    await world.advance(1_800_000);
    if (trouble === "restart") world.host.restart();
    if (trouble === "newLifetime") { for (const mapping of [early, late]) mapping.renew(300); }
    await world.advance(1_800_000);
    assertEquals([early.state, late.state], [{ type: "running" }, { type: "running" }], trouble);
    const lateSeen = unread(late).map((alert) => JSON.stringify(alert));
    assert(lateSeen.length > 20, `${lateSeen.length}`);
    const without = (alerts: readonly string[]) =>
      alerts.map((alert) => alert.replace(/"externalPort":\d+/, ""));
    assertEquals(without(lateSeen), without(seen), trouble);
    await world.settled(Promise.all([early.revoke(), late.revoke()]));
    await reading;
  }
});

Deno.test("The newest 256 unread alerts of a very long life are kept", async () => {
  await using world = await lab({ server: { maxLifetime: 120 } });
  const mapping = world.handle.request(new InboundMap(6000, 120));
  await world.advance(150 * 120_000);
  assertEquals(mapping.state, { type: "running" });
  const alerts = unread(mapping);
  assertEquals(alerts.length, 256);
  const updates = alerts.filter((alert) =>
    alert.type === "stateChange" && alert.state.type === "updating"
  );
  assertEquals(updates.length, 128);
});
