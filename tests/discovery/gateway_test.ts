import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DiscoveryError, SystemError } from "../../src/discovery/discovery_error.ts";
import { findGateways, type Gateway } from "../../src/discovery/gateway.ts";
import { discoverGateways } from "../../src/discovery/mod.ts";
import { type Answers, FakeSystem } from "./fake_system.ts";
import { byFiles, byIp, transcript } from "./recorded.ts";

const LINKS = "ip -j -d address";
const ROUTES_4 = "ip -j -d -4 route show default";
const ROUTES_6 = "ip -j -d -6 route show default";
const ETHERNET = { flags: ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"], link_type: "ether" };
const HOME = JSON.stringify([{
  ifname: "eth0",
  ...ETHERNET,
  addr_info: [
    { local: "192.168.1.2", prefixlen: 24 },
    { local: "2001:db8::2", prefixlen: 64, preferred_life_time: 3600 },
    { local: "fe80::2", prefixlen: 64 },
  ],
}]);

Deno.test("findGateways() finds both families of a home network (C-8.1-2)", async () => {
  assertEquals(
    await gateways({
      programs: {
        [LINKS]: HOME,
        [ROUTES_4]: `[{"dst":"default","gateway":"192.168.1.1","dev":"eth0","metric":100}]`,
        [ROUTES_6]: `[{"dst":"default","gateway":"fe80::1","dev":"eth0","metric":100}]`,
      },
    }),
    [
      {
        family: "IPv4",
        gateway: "192.168.1.1",
        interface: "eth0",
        client: "192.168.1.2",
        reason: "the only default gateway",
      },
      {
        family: "IPv6",
        gateway: "fe80::1%eth0",
        interface: "eth0",
        client: "2001:db8::2",
        reason: "the only default gateway",
      },
    ],
  );
});

Deno.test("findGateways() names the interface of a link-local client", async () => {
  const [gateway] = await gateways({
    programs: {
      [LINKS]: `[{"ifname":"eth0","addr_info":[{"local":"fe80::2","prefixlen":64}]}]`,
      [ROUTES_4]: "[]",
      [ROUTES_6]: `[{"dst":"default","gateway":"fe80::1","dev":"eth0"}]`,
    },
  });
  assertEquals(gateway?.client, "fe80::2%eth0");
});

for (const how of [byIp, byFiles]) {
  const way = how === byIp ? "from ip -j -d" : "from /proc/net and /sys (H-3)";

  Deno.test(`several default routes are ranked by metric, for each family, ${way}`, async () => {
    assertEquals(withoutContainer(await gateways(await how("two_uplinks"))).map(show), [
      "IPv4 192.168.1.1 eth0 192.168.1.2: first: metric 100 precedes metric 600",
      'IPv4 192.168.2.1 wlan0 192.168.2.2: after "192.168.1.1": metric 600 follows metric 100',
      "IPv6 fe80::1%eth0 eth0 2001:db8:1::2: first: metric 100 precedes metric 200",
      'IPv6 fe80::2%wlan0 wlan0 fe80::ff:fe00:202%wlan0: after "fe80::1": metric 200 follows metric 100',
    ]);
  });

  Deno.test(`a TUN device of any name is ranked after the local network, ${way} (H-2)`, async () => {
    const signs = "POINTOPOINT, NOARP, no link layer, its other end is a program";
    assertEquals(withoutContainer(await gateways(await how("tun"))).map(show), [
      `IPv4 192.168.1.1 eth0 192.168.1.2: first: a local network precedes a tunnel (${signs})`,
      `IPv4 10.8.0.1 corp 10.8.0.2: after "192.168.1.1": a tunnel (${signs}) follows a local network`,
    ]);
  });

  Deno.test(`a TAP device, which has a link layer, is ranked after the local network, ${way} (H-2)`, async () => {
    const found = await gateways(await how("tap"));
    assertEquals(found.map(({ gateway }) => gateway), ["192.168.1.1", "10.9.0.1"]);
    assertStringIncludes(found[1]?.reason ?? "", "a tunnel (its other end is a program)");
  });

  Deno.test(`a bridge is a local network, ${way} (H-2)`, async () => {
    assertEquals((await gateways(await how("bridge"))).map(show), [
      "IPv4 192.168.1.1 lan 192.168.1.2: the only default gateway",
    ]);
  });

  Deno.test(`an Ethernet interface without ARP leads to no gateway, ${way} (H-1)`, async () => {
    const found = await gateways(await how("noarp"));
    assertEquals(found.map(({ gateway }) => gateway), ["192.168.1.1"]);
  });
}

Deno.test("the next hops of a multipath route are ranked by weight, and one without carrier is left out", async () => {
  assertEquals(withoutContainer(await gateways(await byIp("multipath"))).map(show), [
    "IPv4 192.168.2.1 eth1 192.168.2.2: first: weight 3 precedes weight 1",
    'IPv4 192.168.1.1 eth0 192.168.1.2: after "192.168.2.1": weight 1 follows weight 3',
  ]);
  const files = await gateways(await byFiles("multipath"));
  assertEquals(files.map(({ gateway }) => gateway), ["192.168.1.1"]); // all that /proc/net/route shows
});

Deno.test("where /proc/net/route may hide a next hop, ip is run too (H-3)", async () => {
  const { files = {}, addresses = [] } = await byFiles("multipath");
  const both = await gateways({ ...await byIp("multipath"), files, addresses });
  assertEquals(both.map(({ gateway }) => gateway), ["192.168.2.1", "192.168.1.1"]);
});

Deno.test("a VPN's kill switch is no gateway: the address is one of this host (H-1)", async () => {
  assertEquals((await gateways(await byIp("kill_switch"))).map(show), [
    "IPv4 192.168.1.1 enp3s0 192.168.1.57: the only default gateway",
  ]);
  const error = await failure(await byIp("kill_switch_alone"));
  assertEquals([error.reason, error.detail], [
    "noDefaultRoute",
    'no default route leads to a router: the one through "pvpnksintrf0" has the gateway "100.85.0.1", which is an address of this host',
  ]);
});

Deno.test("what cannot be a router is no gateway, whatever its interface is called (H-1)", async () => {
  const own = { local: "10.0.0.5", prefixlen: 24 };
  const cases = [
    ["10.0.0.5", ETHERNET, "which is an address of this host"],
    ["192.168.9.9", ETHERNET, "which is an address of this host"], // of another interface
    ["10.0.0.0", ETHERNET, "which is the address of a network"],
    ["10.0.0.255", ETHERNET, "which is the address of a network"],
    ["0.0.0.0", ETHERNET, "which is no address of a router"],
    ["127.0.0.1", ETHERNET, "which is no address of a router"],
    ["224.0.0.1", ETHERNET, "which is no address of a router"],
    ["10.0.0.1", { ...ETHERNET, linkinfo: { info_kind: "dummy" } }, "leads to a dummy interface"],
    ["10.0.0.1", { ...ETHERNET, flags: ["UP", "BROADCAST", "NOARP"] }, "without ARP (NOARP)"],
    ["10.0.0.1", { flags: ["UP", "LOOPBACK"], link_type: "loopback" }, "to a loopback interface"],
    [
      "10.0.0.1",
      { ...ETHERNET, flags: ["NO-CARRIER", "UP"] },
      "leads to an interface that is down",
    ],
    ["10.0.0.1", { ...ETHERNET, flags: ["BROADCAST"] }, "leads to an interface that is down"],
  ] as const;
  for (const [gateway, link, expected] of cases) {
    for (const name of ["eth0", "dummy0", "tun0"]) {
      const links = [
        { ifname: name, ...link, addr_info: [own] },
        { ifname: "eth1", ...ETHERNET, addr_info: [{ local: "192.168.9.9", prefixlen: 24 }] },
      ];
      const route = [{ dst: "default", gateway, dev: name }];
      const programs = { [LINKS]: JSON.stringify(links), [ROUTES_4]: JSON.stringify(route) };
      const { reason, detail } = await failure({ programs });
      assertEquals(reason, "noDefaultRoute");
      assertStringIncludes(detail, expected);
    }
  }
});

Deno.test("an IPv6 gateway that is the network, or an address of this host, is none (H-1)", async () => {
  const links = [{
    ifname: "eth0",
    ...ETHERNET,
    addr_info: [{ local: "fd00::2", prefixlen: 64 }, { local: "fe80::2", prefixlen: 64 }],
  }];
  for (const gateway of ["fd00::", "fe80::", "fd00::2", "fe80::2", "ff02::2", "::1"]) {
    const route = [{ dst: "default", gateway, dev: "eth0" }];
    const programs = { [LINKS]: JSON.stringify(links), [ROUTES_6]: JSON.stringify(route) };
    assertEquals((await failure({ programs })).reason, "noDefaultRoute", gateway);
  }
});

Deno.test("a prefix of one or two addresses has no network address (H-1)", async () => {
  for (
    const [own, prefixlen, gateway] of [["10.0.0.1", 31, "10.0.0.0"], ["10.0.0.1", 32, "10.0.0.2"]]
  ) {
    const links = [{ ifname: "eth0", ...ETHERNET, addr_info: [{ local: own, prefixlen }] }];
    const route = [{ dst: "default", gateway, dev: "eth0" }];
    const programs = { [LINKS]: JSON.stringify(links), [ROUTES_4]: JSON.stringify(route) };
    assertEquals((await gateways({ programs })).map(({ gateway }) => gateway), [gateway]);
  }
});

Deno.test("WireGuard is ranked after the local network in both families, with a stable client address (H-2)", async () => {
  const tunnel = "a tunnel (POINTOPOINT, NOARP, no link layer)";
  const router = "fe80::3681:c4ff:fe11:2233";
  assertEquals((await gateways(await byIp("wireguard"))).map(show), [
    `IPv4 192.168.178.1 wlp2s0 192.168.178.20: first: a local network precedes ${tunnel}`,
    `IPv4 10.66.66.1 home 10.66.66.2: after "192.168.178.1": ${tunnel} follows a local network`,
    `IPv6 ${router}%wlp2s0 wlp2s0 2001:db8:4a1:7c00:5054:ff:fe12:3456: first: a local network precedes ${tunnel}`,
    `IPv6 fd42:42:42::1 home fd42:42:42::2: after "${router}": ${tunnel} follows a local network`,
  ]);
});

Deno.test("a local network may have the name of a tunnel (H-2)", async () => {
  const links = [
    { ifname: "tun0", ...ETHERNET, addr_info: [{ local: "192.168.1.2", prefixlen: 24 }] },
    {
      ifname: "eth0",
      flags: ["POINTOPOINT", "NOARP", "UP"],
      link_type: "none",
      addr_info: [
        { local: "10.8.0.2", prefixlen: 24 },
      ],
    },
  ];
  const routes = [
    { dst: "default", gateway: "10.8.0.1", dev: "eth0" },
    { dst: "default", gateway: "192.168.1.1", dev: "tun0", metric: 600 },
  ];
  const programs = { [LINKS]: JSON.stringify(links), [ROUTES_4]: JSON.stringify(routes) };
  const found = await gateways({ programs });
  assertEquals(found.map((each) => each.interface), ["tun0", "eth0"]);
});

Deno.test("a tunnel's gateway is found where there is no other (H-2)", async () => {
  const links = [{
    ifname: "wg0",
    flags: ["POINTOPOINT", "NOARP", "UP"],
    link_type: "none",
    addr_info: [
      { local: "10.8.0.2", prefixlen: 24 },
    ],
  }];
  const programs = {
    [LINKS]: JSON.stringify(links),
    [ROUTES_4]: `[{"dst":"default","gateway":"10.8.0.1","dev":"wg0"}]`,
  };
  const [found] = await gateways({ programs });
  assertEquals(found?.client, "10.8.0.2");
  assertEquals(
    found?.reason,
    "the only default gateway, a tunnel (POINTOPOINT, NOARP, no link layer)",
  );
});

Deno.test("routers of one link are ranked by their preference (RFC 4191 section 2.1)", async () => {
  const found = await gateways(await byIp("router_preference"));
  assertEquals(found.map(({ gateway }) => gateway), [
    "fe80::2%wlp2s0",
    "fe80::3%wlp2s0",
    "fe80::1%wlp2s0",
  ]);
  assertEquals(found[0]?.reason, "first: router preference high precedes router preference medium");
});

Deno.test("findGateways() lists a gateway once, though two interfaces lead there", async () => {
  const links = ["eth0", "wlan0"].map((ifname, index) => ({
    ifname,
    ...ETHERNET,
    addr_info: [{ local: `192.168.1.${2 + index}`, prefixlen: 24 }],
  }));
  const found = await gateways({
    programs: {
      [LINKS]: JSON.stringify(links),
      [ROUTES_4]: `[
        {"dst":"default","gateway":"192.168.1.1","dev":"eth0","metric":100},
        {"dst":"default","gateway":"192.168.1.1","dev":"wlan0","metric":600}
      ]`,
    },
  });
  assertEquals(found.map(show), ["IPv4 192.168.1.1 eth0 192.168.1.2: the only default gateway"]);
});

Deno.test("findGateways() lists routers of one link-local address on two links", async () => {
  const links = ["eth0", "wlan0"].map((ifname, index) => ({
    ifname,
    ...ETHERNET,
    addr_info: [{ local: `fe80::${2 + index}`, prefixlen: 64 }],
  }));
  const routes = ["eth0", "wlan0"].map((dev, metric) => ({
    dst: "default",
    gateway: "fe80::1",
    dev,
    metric,
  }));
  const programs = { [LINKS]: JSON.stringify(links), [ROUTES_6]: JSON.stringify(routes) };
  const found = await gateways({ programs });
  assertEquals(found.map(({ gateway }) => gateway), ["fe80::1%eth0", "fe80::1%wlan0"]);
});

Deno.test("findGateways() takes the source address that the route names", async () => {
  const links = [{
    ifname: "eth0",
    ...ETHERNET,
    addr_info: [
      { local: "192.168.1.2", prefixlen: 24 },
      { local: "192.168.1.9", prefixlen: 24 },
    ],
  }];
  const programs = {
    [LINKS]: JSON.stringify(links),
    [ROUTES_4]: `[{"dst":"default","gateway":"192.168.1.1","dev":"eth0","prefsrc":"192.168.1.9"}]`,
  };
  assertEquals((await gateways({ programs }))[0]?.client, "192.168.1.9");
});

Deno.test("findGateways() includes advice in the error for a missing default route", async () => {
  const error = await failure({ programs: { [LINKS]: HOME, [ROUTES_4]: "[]", [ROUTES_6]: "" } });
  assertEquals([error.reason, error.detail], ["noDefaultRoute", "no default route was found"]);
  assertEquals(
    error.message,
    "Cannot find the default gateway: no default route was found; " +
      'pass the addresses, as in Client.start("192.168.1.2", "192.168.1.1")',
  );
});

Deno.test("findGateways() reports that ip is missing or not permitted, and names the flag (H-3)", async () => {
  for (
    const [reason, flag] of [["programMissing", "-A"], [
      "permissionDenied",
      "--allow-run=ip",
    ]] as const
  ) {
    const refusal = reason === "programMissing"
      ? new SystemError(reason, 'cannot run "ip": there is no such program')
      : SystemError.from({ name: "NotCapable" }, 'run "ip"', "--allow-run=ip");
    const programs = { [LINKS]: refusal, [ROUTES_4]: refusal, [ROUTES_6]: refusal };
    const error = await failure({ programs });
    assertEquals(error.reason, reason);
    assertStringIncludes(error.message, flag);
  }
});

Deno.test("findGateways() never asks for a permission that another way does not need (H-3)", async () => {
  const denied = new SystemError("permissionDenied", "no");
  const withIp = new FakeSystem(await byIp("tun"));
  await findGateways(withIp);
  const withFiles = new FakeSystem(await byFiles("bridge"));
  await findGateways(withFiles);
  const withNeither = new FakeSystem({
    programs: { [LINKS]: denied, [ROUTES_4]: denied, [ROUTES_6]: denied },
    addresses: denied,
  });
  await assertRejects(() => findGateways(withNeither), DiscoveryError);
  assertEquals([withIp.questions, withFiles.questions, withNeither.questions], [0, 0, 0]);
  assertEquals([withIp.readPaths.length, withFiles.ran.length], [0, 0]);
});

Deno.test("findGateways() reports a gateway that was found though the other family failed", async () => {
  const found = await gateways({
    programs: {
      [LINKS]: HOME,
      [ROUTES_4]: new SystemError("programFailed", "no"),
      [ROUTES_6]: `[{"dst":"default","gateway":"2001:db8::1","dev":"eth0"}]`,
    },
  });
  assertEquals(found.map(({ gateway }) => gateway), ["2001:db8::1"]);
});

Deno.test("findGateways() reads the text of an ip that does not support JSON", async () => {
  const noJson = new SystemError("programFailed", '"ip" said "unrecognized option: j"');
  const programs = { [LINKS]: noJson, [ROUTES_4]: noJson, [ROUTES_6]: noJson };
  const found = await gateways({ programs: { ...programs, ...await transcript("busybox_tun") } });
  assertEquals(found.map(({ gateway, client }) => `${gateway} ${client}`), [
    "192.168.1.1 192.168.1.2",
    "10.8.0.1 10.8.0.2",
  ]);
  const two = await gateways({
    programs: { ...programs, ...await transcript("busybox_two_uplinks") },
  });
  assertEquals(two.map(({ gateway }) => gateway), [
    "192.168.1.1",
    "192.168.2.1",
    "fe80::1%eth0",
    "fe80::2%wlan0",
  ]);
});

Deno.test("findGateways() reports that no address faces the gateway", async () => {
  const error = await failure({
    programs: {
      [LINKS]: `[{"ifname":"eth0","addr_info":[{"local":"fe80::2","prefixlen":64}]}]`,
      [ROUTES_4]: `[{"dst":"default","gateway":"192.168.1.1","dev":"eth0"}]`,
    },
  });
  assertEquals([error.reason, error.detail], ["noLocalAddress", 'no address faces "192.168.1.1"']);
});

Deno.test("findGateways() uses an address of another interface where that of the route has none", async () => {
  const found = await gateways({
    programs: {
      [LINKS]: JSON.stringify([
        {
          ifname: "lo",
          flags: ["LOOPBACK", "UP"],
          addr_info: [{ local: "127.0.0.1", prefixlen: 8 }],
        },
        { ifname: "eth0", ...ETHERNET, addr_info: [] },
        { ifname: "eth1", ...ETHERNET, addr_info: [{ local: "192.0.2.7", prefixlen: 32 }] },
      ]),
      [ROUTES_4]: `[{"dst":"default","gateway":"192.168.1.1","dev":"eth0","flags":["onlink"]}]`,
    },
  });
  assertEquals(found.map(({ client }) => client), ["192.0.2.7"]);
});

Deno.test("a container's interface is named as such (H-7)", async () => {
  const [found] = await gateways(await byIp("noarp"));
  assertEquals(found?.reason, "the only default gateway, through a container's interface");
  const { files = {}, ...rest } = await byFiles("noarp");
  const [inDocker] = await gateways({ ...rest, files: { ...files, "/.dockerenv": "" } });
  assertEquals(inDocker?.reason, found?.reason);
});

Deno.test("discoverGateways() finds the gateways of this computer, or throws the reason", async () => {
  try {
    const found = await discoverGateways();
    assert(found.length > 0);
    for (const gateway of found) assertEquals(gateway.client === gateway.gateway, false);
  } catch (error) {
    assert(error instanceof DiscoveryError, String(error));
  }
});

Deno.test("discoverGateways() names the permission it lacks", async () => {
  const module = new URL("../../src/discovery/mod.ts", import.meta.url).href;
  const program = `
    import { DiscoveryError, discoverGateways, interfaceOf } from ${JSON.stringify(module)};
    for (const attempt of [discoverGateways, () => interfaceOf("192.168.1.2")]) {
      try { await attempt(); } catch (e) { console.log(e instanceof DiscoveryError, e.reason); }
    }
  `;
  const url = `data:application/javascript,${encodeURIComponent(program)}`;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const args = ["run", "--no-prompt", "--config", config, "--allow-import", url];
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const text = new TextDecoder();
  assertEquals(text.decode(stdout), "true permissionDenied\n".repeat(2), text.decode(stderr));
});

function gateways(answers: Answers): Promise<Gateway[]> {
  return findGateways(new FakeSystem(answers));
}

function failure(answers: Answers): Promise<DiscoveryError> {
  return assertRejects(() => gateways(answers), DiscoveryError);
}

function show({ family, gateway, interface: name, client, reason }: Gateway): string {
  return `${family} ${gateway} ${name} ${client}: ${reason}`;
}

/** The recorded hosts are network namespaces, as a container is. */
function withoutContainer(found: readonly Gateway[]): Gateway[] {
  return found.map((each) => ({
    ...each,
    reason: each.reason.replace(", through a container's interface", ""),
  }));
}
