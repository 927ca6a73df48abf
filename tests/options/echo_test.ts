/** Servers that send back options which they did not process, as miniupnpd and others do. */

import { assertEquals } from "@std/assert";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { lab, type LabOptions } from "../../src/testing/lab.ts";
import { miniupnpd } from "../../src/testing/server/server_options.ts";
import { opened, unread } from "../helpers/client.ts";

const ECHOING: LabOptions = { server: miniupnpd({ version: "2.3.11" }) };
const filtered = () => new InboundMap(6000, 7200).filter(0, "198.51.100.7", 32);

Deno.test("PREFIX64 `::/96` as sent is no prefix (G-7)", async () => {
  await using world = await lab(ECHOING);
  assertEquals(await world.settled(world.handle.prefix64()), []);
});

Deno.test("a PORT_SET echoed whole is one port, and ignored, also in alerts and JSON (G-7)", async () => {
  await using world = await lab(ECHOING);
  const mapping = world.handle.request(new InboundMap(6000, 7200).portSet(4));
  const assigned = await world.settled(mapping.ready());
  const portSet = { size: 1, firstInternalPort: 6000, firstExternalPort: 6000 };
  assertEquals([assigned.portSet, assigned.ignoredOptions], [portSet, ["portSet"]]);
  const alert = unread(mapping).find(({ type }) => type === "assigned");
  assertEquals(alert, { type: "assigned", ...assigned });
  assertEquals(mapping.toJSON().assigned, assigned);
});

Deno.test("a PORT_SET echoed whole is the granted set once the server is known to process options (G-7, E-7753-6)", async () => {
  await using world = await lab({ server: { maxPortSet: 32 } });
  const whole = await opened(world, new InboundMap(6000, 7200).portSet(4));
  const reported = () => [whole.assigned?.portSet?.size, whole.assigned?.ignoredOptions];
  assertEquals(reported(), [1, ["portSet"]]);
  await opened(world, new InboundMap(7000, 7200).portSet(100)); // 32 are granted
  assertEquals(reported(), [4, undefined]);
  await using other = await lab();
  const asked = await opened(other, new InboundMap(6000, 7200).portSet(4));
  assertEquals(asked.assigned?.portSet?.size, 1);
  await other.settled(other.handle.prefix64());
  assertEquals(asked.assigned?.portSet?.size, 4);
});

Deno.test("filters are not confirmed unless the server is known to process options (G-7)", async () => {
  await using echoing = await lab(ECHOING);
  assertEquals((await opened(echoing, filtered())).assigned?.filterConfirmed, false);
  await using world = await lab();
  const mapping = await opened(world, filtered());
  assertEquals(mapping.assigned?.filterConfirmed, false);
  await world.settled(world.handle.prefix64());
  assertEquals(mapping.assigned?.filterConfirmed, true);
  const plain = await opened(world, new InboundMap(6001, 7200));
  assertEquals("filterConfirmed" in (plain.assigned ?? {}), false);
});
