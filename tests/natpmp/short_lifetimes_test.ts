/** NAT-PMP gateways that grant a few seconds, time after time. */

import { assert, assertEquals } from "@std/assert";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { lab } from "../../src/testing/lab.ts";

Deno.test("grants of 1 s in NAT-PMP: the gateway is asked more and more seldom, and the state says why (G-16)", async () => {
  await using world = await lab({ server: { natPmpOnly: true, maxLifetime: 1 } });
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  const reasons = new Set<unknown>();
  await world.advance(600_000);
  for (let alert = mapping.pollAlert(); alert !== undefined; alert = mapping.pollAlert()) {
    if (alert.type === "stateChange" && alert.state.type === "error") {
      reasons.add(alert.state.reason);
    }
  }
  assertEquals([...reasons], ["shortLifetime"]);
  const before = world.sent().length;
  await world.advance(3_600_000);
  const perHour = world.sent().length - before;
  assert(perHour <= 3 * 62, `${perHour} datagrams in an hour`);
});
