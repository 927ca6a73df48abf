import { assertEquals } from "@std/assert";
import { addressKind, isGloballyReachable } from "../../src/client/address_kind.ts";
import { InboundMap } from "../../src/client/inbound_map.ts";
import { lab } from "../../src/testing/lab.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { opened, unread } from "../helpers/client.ts";

Deno.test("addressKind() follows the registries of special addresses, to the bit", () => {
  const cases: Record<string, string> = {
    "0.255.255.255": "reserved",
    "1.0.0.0": "global",
    "9.255.255.255": "global",
    "10.0.0.0": "private",
    "10.255.255.255": "private",
    "11.0.0.0": "global",
    "100.63.255.255": "global",
    "100.64.0.0": "shared",
    "100.127.255.255": "shared",
    "100.128.0.0": "global",
    "127.0.0.1": "loopback",
    "127.255.255.255": "loopback",
    "169.253.255.255": "global",
    "169.254.0.0": "linkLocal",
    "172.15.255.255": "global",
    "172.16.0.0": "private",
    "172.31.255.255": "private",
    "172.32.0.0": "global",
    "192.0.0.7": "shared",
    "192.0.0.8": "reserved",
    "192.0.1.0": "global",
    "192.0.2.255": "documentation",
    "192.167.255.255": "global",
    "192.168.0.0": "private",
    "192.169.0.0": "global",
    "198.17.255.255": "global",
    "198.19.255.255": "reserved",
    "198.20.0.0": "global",
    "198.51.100.7": "documentation",
    "203.0.113.5": "documentation",
    "223.255.255.255": "global",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "240.0.0.0": "reserved",
    "255.255.255.255": "reserved",
    "::": "reserved",
    "::1": "loopback",
    "1fff::1": "reserved",
    "2000::": "global",
    "2001:db7:ffff::": "global",
    "2001:db8::1": "documentation",
    "2001:db9::": "global",
    "3ffe::": "global",
    "3fff:0fff::": "documentation",
    "3fff:1000::": "global",
    "4000::": "reserved",
    "64:ff9b::1.2.3.4": "global",
    "64:ff9b:1::1": "private",
    "fc00::1": "private",
    "fdff::1": "private",
    "fe80::1": "linkLocal",
    "fec0::1": "reserved",
    "ff02::1": "multicast",
  };
  const kinds = Object.keys(cases).map((text) => [text, addressKind(IpAddress.parse(text))]);
  assertEquals(Object.fromEntries(kinds), cases);
});

Deno.test("isGloballyReachable() counts addresses for documentation as global", () => {
  const reachable = ["20.30.40.1", "203.0.113.5", "2001:db8::1", "2a00::1"];
  assertEquals(reachable.map((text) => isGloballyReachable(IpAddress.parse(text))), [
    true,
    true,
    true,
    true,
  ]);
  const not = ["10.0.0.1", "100.64.0.1", "fd00::1", "240.0.0.1"];
  assertEquals(not.map((text) => isGloballyReachable(IpAddress.parse(text))), [
    false,
    false,
    false,
    false,
  ]);
});

Deno.test("`assigned` has `globallyReachable: false` for a private address, in the alert and after", async () => {
  await using world = await lab({ server: { externalAddress: "100.64.0.9" } });
  const mapping = world.handle.request(new InboundMap(6000, 7200));
  const assigned = await world.settled(mapping.ready());
  assertEquals(assigned, {
    externalAddress: "100.64.0.9",
    externalPort: 40_000,
    lifetime: 7_200,
    protocol: "pcp",
    globallyReachable: false,
    reachProblem: "carrierNat",
  });
  assertEquals(unread(mapping).at(-1), { type: "assigned", ...assigned });
  world.host.changeExternalAddress("203.0.113.9");
  await world.advance(60_000);
  assertEquals("globallyReachable" in (mapping.assigned ?? {}), false);
});

Deno.test("`assigned` has no `globallyReachable` for a global address", async () => {
  await using world = await lab();
  const mapping = await opened(world);
  assertEquals("globallyReachable" in (mapping.assigned ?? {}), false);
});
