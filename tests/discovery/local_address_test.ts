import { assert, assertEquals, assertRejects } from "@std/assert";
import { DiscoveryError, SystemError } from "../../src/discovery/discovery_error.ts";
import {
  findInterface,
  findLocalAddress,
  listAddresses,
} from "../../src/discovery/local_address.ts";
import { interfaceOf, localAddressFor } from "../../src/discovery/mod.ts";
import { type Answers, FakeSystem, local } from "./fake_system.ts";
import { byFiles, transcript } from "./recorded.ts";

const EVERYTHING = [
  local("lo", "127.0.0.1/8"),
  local("eth0", "192.168.1.2/24"),
  local("eth0", "10.1.2.3/8"),
  local("wlan0", "10.1.2.4/24"),
  local("eth0", "fe80::2/64", 2),
  local("eth0", "fd00::2/64", 0),
  local("eth0", "2001:db8::2/64", 0),
  local("wlan0", "fe80::3/64", 3),
];

Deno.test("findLocalAddress() is what the system would send from (C-16.4-1)", async () => {
  const programs = {
    "ip -j -4 route get 192.168.1.1": `[{"dev":"eth0","prefsrc":"192.168.1.2"}]`,
    "ip -j -4 route get 203.0.113.1":
      `[{"gateway":"192.168.1.1","dev":"eth0","prefsrc":"192.168.1.3"}]`,
    "ip -j -4 route get 192.168.1.2": `[{"type":"local","dev":"lo","prefsrc":"192.168.1.2"}]`,
  };
  assertEquals(await find("192.168.1.1", { programs }), "192.168.1.2");
  assertEquals(await find("203.0.113.1", { programs }), "192.168.1.3");
  assertEquals(await find("192.168.1.2", { programs }), "192.168.1.2");
});

Deno.test("findLocalAddress() prefers a global IPv6 address (C-8.4-1)", async () => {
  const addresses =
    `[{"ifname":"eth0","addr_info":[{"local":"fd00::2"},{"local":"2001:db8::2"},{"local":"fe80::2"}]}]`;
  const programs = {
    "ip -j -6 route get fd00::1": `[{"dev":"eth0","prefsrc":"fd00::2"}]`,
    "ip -j -6 route get fd00::2": `[{"type":"local","dev":"lo","prefsrc":"fd00::2"}]`,
    "ip -j -d address": addresses,
  };
  assertEquals(await find("fe80::1%eth0", { programs }), "2001:db8::2");
  assertEquals(await find("fd00::1", { programs }), "2001:db8::2");
  assertEquals(await find("fd00::2", { programs }), "fd00::2"); // this computer itself
});

Deno.test("findLocalAddress() names the interface of a link-local address", async () => {
  const programs = {
    "ip -j -d address":
      `[{"ifname":"eth0","ifindex":2,"addr_info":[{"local":"fe80::2"}]},{"ifname":"eth1","ifindex":3,"addr_info":[{"local":"fe80::3"}]}]`,
  };
  assertEquals(await find("fe80::1%eth0", { programs }), "fe80::2%eth0");
  assertEquals(await find("fe80::1%eth1", { programs }), "fe80::3%eth1");
  assertEquals(await find("fe80::1%3", { programs }), "fe80::3%3"); // its number (H-6)
  const error = await assertRejects(() => find("fe80::1%eth7", { programs }), DiscoveryError);
  assertEquals(error.reason, "noLocalAddress");
});

Deno.test("findLocalAddress() does not query the system for the loopback addresses", async () => {
  const system = new FakeSystem({ addresses: new SystemError("permissionDenied", "no") });
  assertEquals(await findLocalAddress("127.0.0.1", system), "127.0.0.1");
  assertEquals(await findLocalAddress("127.0.0.53", system), "127.0.0.1");
  assertEquals(await findLocalAddress("::1", system), "::1");
  assertEquals(system.ran, []);
});

Deno.test("findLocalAddress() goes by prefixes where ip cannot be used, and off Linux", async () => {
  const cases = [
    ["192.168.1.1", "192.168.1.2"],
    ["10.1.2.1", "10.1.2.4"], // the longest prefix
    ["10.9.9.9", "10.1.2.3"],
    ["fe80::1%eth0", "2001:db8::2"],
    ["fe80::1%wlan0", "fe80::3%wlan0"],
    ["fd00::1", "2001:db8::2"],
    ["2001:db8::1", "2001:db8::2"],
    ["192.168.1.2", "192.168.1.2"],
  ] as const;
  for (const [server, client] of cases) {
    for (const platform of ["linux", "darwin"]) {
      assertEquals(await find(server, { platform, addresses: EVERYTHING }), client, server);
    }
  }
  const windows = { platform: "windows", addresses: EVERYTHING };
  assertEquals(await find("fe80::1%3", windows), "fe80::3%3");
});

Deno.test("findLocalAddress() faces the default gateway for what is far away, off Linux", async () => {
  const answers: Answers = {
    platform: "darwin",
    addresses: EVERYTHING,
    programs: {
      "netstat -rn": "Destination Gateway Flags Netif\ndefault 192.168.1.1 UGSc eth0\n",
      "ifconfig -a":
        "eth0: flags=8863<UP,BROADCAST> mtu 1500\n\tinet 192.168.1.2 netmask 0xffffff00\n",
    },
  };
  assertEquals(await find("203.0.113.1", answers), "192.168.1.2");
  await assertRejects(() => find("2001:db8:9::1", answers), DiscoveryError);
});

Deno.test("findLocalAddress() goes by /proc/net where it can be read (H-3, C-16.4-1)", async () => {
  const answers = await byFiles("two_uplinks");
  const cases = [
    ["192.168.2.1", "192.168.2.2"],
    ["203.0.113.1", "192.168.1.2"], // the default route with the lowest metric
    ["10.1.2.3", "192.168.2.2"], // 10.0.0.0/8 by way of wlan0
    ["192.168.1.2", "192.168.1.2"],
    ["2001:db8:9::1", "2001:db8:1::2"],
    ["fe80::1%eth0", "2001:db8:1::2"],
    ["fe80::1%wlan0", "fe80::ff:fe00:202%wlan0"],
    ["fe80::1%3", "fe80::ff:fe00:202%3"],
  ] as const;
  for (const [server, client] of cases) assertEquals(await find(server, answers), client, server);
});

Deno.test("findLocalAddress() reads the text of an ip that does not support JSON", async () => {
  const programs = await transcript("busybox_tun");
  const addresses = new SystemError("permissionDenied", "no");
  assertEquals(await find("192.168.1.1", { programs, addresses }), "192.168.1.2");
  assertEquals(await find("203.0.113.1", { programs, addresses }), "10.8.0.2"); // the lowest metric
});

Deno.test("findLocalAddress() does not ask for a second permission when the first is refused (H-3)", async () => {
  const denied = new SystemError("permissionDenied", "no");
  const system = new FakeSystem({
    programs: { "ip -j -4 route get 192.168.1.1": denied },
    addresses: denied,
  });
  await assertRejects(() => findLocalAddress("192.168.1.1", system), DiscoveryError);
  assertEquals(system.questions, 0);
});

Deno.test("findLocalAddress() throws the reason if there is no address", async () => {
  const message = '"ip" said "RTNETLINK answers: Network is unreachable"';
  const programs = {
    "ip -j -4 route get 203.0.113.1": new SystemError("programFailed", message),
    "ip -j -4 route get 203.0.113.2": `[{"dev":"eth0"}]`,
  };
  const addresses = new SystemError("permissionDenied", "no");
  const first = await assertRejects(
    () => find("203.0.113.1", { programs, addresses }),
    DiscoveryError,
  );
  assertEquals(
    first.message,
    `Cannot find the local address facing "203.0.113.1": ${message}; ` +
      'pass the addresses, as in Client.start("192.168.1.2", "192.168.1.1")',
  );
  const second = await assertRejects(() => find("203.0.113.2", { programs }), DiscoveryError);
  assertEquals(second.reason, "noLocalAddress");
});

Deno.test("findLocalAddress() does not guess where a link-local address is", async () => {
  const answers = { platform: "darwin", addresses: EVERYTHING };
  const error = await assertRejects(() => find("fe80::1", answers), DiscoveryError);
  assertEquals(error.reason, "noLocalAddress");
});

Deno.test("localAddressFor() refuses a text that is not an address", async () => {
  for (const server of ["", "router.example", "192.168.1.256", "fe80::1%"]) {
    await assertRejects(() => localAddressFor(server), TypeError, `"${server}"`);
  }
});

Deno.test("findInterface() finds name and number (C-14.1.3-1)", async () => {
  const system = new FakeSystem({ addresses: EVERYTHING });
  const cases = [
    ["192.168.1.2", { name: "eth0", index: 2 }],
    ["2001:DB8:0::2", { name: "eth0", index: 2 }],
    ["fe80::3", { name: "wlan0", index: 3 }],
    ["fe80::3%wlan0", { name: "wlan0", index: 3 }],
    ["fe80::3%3", { name: "wlan0", index: 3 }],
    ["127.0.0.1", { name: "lo", index: undefined }],
    ["fe80::3%eth0", undefined],
    ["192.168.1.9", undefined],
  ] as const;
  for (const [address, expected] of cases) {
    assertEquals(await findInterface(address, system), expected, address);
  }
});

Deno.test("findInterface() reports that listing interfaces is not permitted", async () => {
  const system = new FakeSystem({ addresses: new SystemError("permissionDenied", "no") });
  const error = await assertRejects(() => findInterface("192.168.1.2", system), DiscoveryError);
  assertEquals(error.message, 'Cannot find the interface of "192.168.1.2": no');
});

Deno.test("listAddresses() names interfaces, and is undefined where addresses cannot be listed, without a question", async () => {
  const system = new FakeSystem({ addresses: [local("eth0", "192.168.1.2/24")] });
  assertEquals(await listAddresses(system), ["192.168.1.2%eth0"]);
  const denied = new FakeSystem({ addresses: new SystemError("permissionDenied", "no") });
  assertEquals([await listAddresses(denied), denied.questions], [undefined, 0]);
  const broken = new FakeSystem({ addresses: new SystemError("programFailed", "no") });
  broken.mayListAddresses = () => Promise.resolve(true);
  assertEquals(await listAddresses(broken), undefined);
});

Deno.test("interfaceOf() finds the loopback interface of this computer", async () => {
  const found = await interfaceOf("127.0.0.1");
  assert(found !== undefined && found.name !== "");
});

function find(server: string, answers: Answers): Promise<string> {
  return findLocalAddress(server, new FakeSystem(answers));
}
