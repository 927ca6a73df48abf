/** The clients of `Client.startAll()` follow the network (H-5). */

import { assertEquals, assertRejects } from "@std/assert";
import type { Addresses } from "../../src/client/network/addresses.ts";
import { GatewayGroup, type GroupMember } from "../../src/client/network/gateway_group.ts";
import { NetworkWatcher } from "../../src/client/network/network_watcher.ts";
import { DiscoveryError } from "../../src/discovery/discovery_error.ts";
import type { Gateway } from "../../src/discovery/gateway.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";

const WIRED = gateway("eth0", "192.168.1.10", "192.168.1.1");
const WIRELESS = gateway("wlan0", "192.168.2.10", "192.168.2.1");
const WIRED_6 = gateway("eth0", "2001:db8::10", "fe80::1%eth0");

Deno.test("each client of a group has the gateway that it was started for (H-5)", async () => {
  const { members } = group([WIRED, WIRELESS, WIRED_6]);
  for (const [index, each] of [WIRED, WIRELESS, WIRED_6].entries()) {
    assertEquals(show(await members[index]?.find()), `${each.client} ${each.gateway}`);
  }
});

Deno.test("a client keeps its gateway while that exists, though another one is better now (H-5)", async () => {
  const { members: [wired, wireless], host } = group([WIRED, WIRELESS]);
  const current = await wireless?.find();
  host.gateways = [WIRED, gateway("wlan0", "192.168.2.77", "192.168.2.9"), WIRELESS];
  assertEquals(await wireless?.find(current) === current, true);
  assertEquals(show(await wired?.find(await wired?.find())), "192.168.1.10 192.168.1.1");
});

Deno.test("each client follows a new address of its own interface, in its family (H-5)", async () => {
  const { members: [wired, wireless, wired6], host } = group([WIRED, WIRELESS, WIRED_6]);
  const [first, second, third] = [
    await wired?.find(),
    await wireless?.find(),
    await wired6?.find(),
  ];
  host.gateways = [
    gateway("wlan0", "10.0.0.7", "10.0.0.1"),
    gateway("eth0", "192.168.1.77", "192.168.1.1"),
    gateway("eth0", "2001:db8:1::10", "fe80::1%eth0"),
  ];
  assertEquals(show(await wired?.find(first)), "192.168.1.77 192.168.1.1");
  assertEquals(show(await wireless?.find(second)), "10.0.0.7 10.0.0.1");
  assertEquals(show(await wired6?.find(third)), "2001:db8:1::10 fe80::1%eth0");
});

Deno.test("a client whose interface has gone moves to a gateway without a client, never to that of another (H-5)", async () => {
  const { members: [wired, wireless], host } = group([WIRED, WIRELESS]);
  const [first, second] = [await wired?.find(), await wireless?.find()];
  host.gateways = [WIRELESS];
  await assertRejects(() => wired?.find(first) ?? Promise.reject(), DiscoveryError);
  assertEquals(await wireless?.find(second) === second, true);
  host.gateways = [WIRELESS, gateway("usb0", "10.1.1.2", "10.1.1.1")];
  assertEquals(show(await wired?.find(first)), "10.1.1.2 10.1.1.1");
});

Deno.test("two clients that look at the same moment choose different gateways (H-5)", async () => {
  const { members: [wired, wireless], host } = group([WIRED, WIRELESS]);
  const [first, second] = [await wired?.find(), await wireless?.find()];
  host.gateways = [
    gateway("usb0", "10.1.1.2", "10.1.1.1"),
    gateway("usb1", "10.1.2.2", "10.1.2.1"),
  ];
  const found = await Promise.all([wired?.find(first), wireless?.find(second)]);
  assertEquals(found.map(show), ["10.1.1.2 10.1.1.1", "10.1.2.2 10.1.2.1"]);
});

Deno.test("the gateway of a client that was shut down is free for the others (H-5)", async () => {
  const { members: [wired, wireless], host } = group([WIRED, WIRELESS]);
  const first = await wired?.find();
  wireless?.startedAs({ isShutDown: true });
  host.gateways = [WIRELESS];
  assertEquals(show(await wired?.find(first)), "192.168.2.10 192.168.2.1");
});

Deno.test("a member is found by the watcher of its client, in virtual time (H-5)", async () => {
  const { members: [wired], host } = group([WIRED, WIRELESS]);
  const clock = new ManualClock();
  let current = await wired?.find() as Addresses;
  const moves: string[] = [];
  const survey = {
    find: (now: Addresses) => (wired as GroupMember).find(now),
    hostAddresses: () => Promise.resolve(host.gateways.map(({ client }) => client)),
    wallTime: () => clock.now(),
  };
  const watcher = new NetworkWatcher(clock, survey, {
    current: () => current,
    moved: (found) => {
      current = found;
      return Promise.resolve(moves.push(show(found)) > 0);
    },
    resumed: () => {},
  }, 5_000);
  await clock.advance(20_000);
  host.gateways = [gateway("eth0", "192.168.1.77", "192.168.1.1"), WIRELESS];
  await clock.advance(20_000);
  assertEquals(moves, ["192.168.1.77 192.168.1.1"]);
  watcher.close();
});

function group(
  gateways: readonly Gateway[],
): { members: GroupMember[]; host: { gateways: readonly Gateway[] } } {
  const host = { gateways };
  const clients = new GatewayGroup(() => Promise.resolve(host.gateways));
  return { members: gateways.map((each) => clients.add(each)), host };
}

function gateway(device: string, client: string, address: string): Gateway {
  const family = client.includes(":") ? "IPv6" : "IPv4";
  return { family, gateway: address, interface: device, client, reason: "" };
}

function show(addresses: Addresses | undefined): string {
  return `${addresses?.clientAddress} ${addresses?.serverAddresses}`;
}
