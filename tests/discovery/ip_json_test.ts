import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../src/discovery/discovery_error.ts";
import type { Route } from "../../src/discovery/host.ts";
import { parseLinks, parseRouteGet, parseRoutes } from "../../src/discovery/ip_json.ts";

Deno.test("parseRoutes() reads what iproute2 prints", () => {
  const json = `[
    {"dst":"default","gateway":"192.168.1.1","dev":"wlan0","protocol":"dhcp","prefsrc":"192.168.1.5","metric":600,"flags":[]},
    {"dst":"default","gateway":"192.168.1.1","dev":"eth0","flags":[]}
  ]`;
  assertEquals(parseRoutes(json, "IPv4").map(show), [
    { gateway: "192.168.1.1", interface: "wlan0", metric: 600, preference: 0, weight: 1 },
    { gateway: "192.168.1.1", interface: "eth0", metric: 0, preference: 0, weight: 1 },
  ]);
});

Deno.test("parseRoutes() reads IPv6 routers and their preference", () => {
  const json = `[
    {"dst":"default","gateway":"fe80::1","dev":"eth0","protocol":"ra","metric":100,"flags":[],"pref":"high"},
    {"dst":"default","gateway":"fe80::2","dev":"eth0","protocol":"ra","metric":100,"flags":[],"pref":"low"}
  ]`;
  assertEquals(parseRoutes(json, "IPv6").map(show), [
    { gateway: "fe80::1", interface: "eth0", metric: 100, preference: 1, weight: 1 },
    { gateway: "fe80::2", interface: "eth0", metric: 100, preference: -1, weight: 1 },
  ]);
});

Deno.test("parseRoutes() reads the next hops of a multipath route", () => {
  const json = `[{"dst":"default","metric":50,"flags":[],"nexthops":[
    {"gateway":"192.168.1.1","dev":"eth0","weight":1,"flags":[]},
    {"gateway":"192.168.2.1","dev":"eth1","weight":3,"flags":[]},
    {"gateway":"192.168.3.1","dev":"eth2","weight":9,"flags":["dead","linkdown"]},
    {"dev":"ppp0","weight":1,"flags":[]}
  ]}]`;
  assertEquals(parseRoutes(json, "IPv4").map(show), [
    { gateway: "192.168.1.1", interface: "eth0", metric: 50, preference: 0, weight: 1 },
    { gateway: "192.168.2.1", interface: "eth1", metric: 50, preference: 0, weight: 3 },
    { gateway: undefined, interface: "ppp0", metric: 50, preference: 0, weight: 1 },
  ]);
});

Deno.test("parseRoutes() leaves out routes that lead to no gateway of the family", () => {
  const routes = [
    `{"dst":"default","dev":"tun0","scope":"link","flags":[]}`,
    `{"type":"unreachable","dst":"default","dev":"lo","metric":4278198272,"flags":[]}`,
    `{"type":"blackhole","dst":"default","gateway":"192.168.1.1","dev":"eth0","flags":[]}`,
    `{"dst":"default","gateway":"192.168.1.1","dev":"eth0","flags":["linkdown"]}`,
    `{"dst":"default","via":{"family":"inet6","host":"fe80::1"},"dev":"eth0","flags":[]}`,
    `{"dst":"default","gateway":"fe80::1","dev":"eth0","flags":[]}`,
    `{"dst":"default","gateway":"192.168.1.1","flags":[]}`,
    `{"dst":"default","gateway":"no address","dev":"eth0"}`,
    `{"dst":"default","gateway":7,"dev":7,"nexthops":7}`,
    `{"dst":"default","nexthops":[7,null,[]]}`,
    `null`,
    `7`,
  ];
  for (const text of routes) {
    const found = parseRoutes(`[${text}]`, "IPv4").filter(({ gateway }) => gateway !== undefined);
    assertEquals(found, [], text);
  }
});

Deno.test("parseRoutes() reads that there are none", () => {
  for (const json of ["[]", "[ ]\n", "", "\n"]) assertEquals(parseRoutes(json, "IPv4"), []);
});

Deno.test("the parsers refuse what is not the JSON of ip", () => {
  for (const parse of [(json: string) => parseRoutes(json, "IPv4"), parseLinks]) {
    for (const text of ["default via 192.168.1.1 dev eth0", "{}", "7", "[", "null"]) {
      assertEquals(assertThrows(() => parse(text), SystemError).reason, "programFailed");
    }
  }
});

Deno.test("parseRouteGet() reads the source address of a route (C-16.4-1)", () => {
  const cases = [
    [`[{"dst":"192.168.1.1","dev":"eth0","prefsrc":"192.168.1.2","flags":[],"uid":0,"cache":[]}]`],
    [`[{"dst":"203.0.113.1","gateway":"192.168.1.1","dev":"eth0","prefsrc":"192.168.1.2","flags":[]}]`],
  ] as const;
  for (const [json] of cases) {
    const { source, interface: device } = parseRouteGet(json);
    assertEquals([source.toString(), device], ["192.168.1.2", "eth0"]);
  }
});

Deno.test("parseRouteGet() refuses a route without a source address", () => {
  const cases = [
    `[]`,
    ``,
    `[{"dst":"192.168.1.1","dev":"eth0"}]`,
    `[{"dst":"192.168.1.1","prefsrc":"192.168.1.2"}]`,
    `[{"dst":"192.168.1.1","dev":"eth0","prefsrc":"eth0"}]`,
  ];
  for (const json of cases) {
    assertEquals(assertThrows(() => parseRouteGet(json), SystemError).reason, "noLocalAddress");
  }
});

Deno.test("parseLinks() gives usability and preferred lifetime of each address", () => {
  const json = `[{"ifindex":2,"ifname":"eth0","flags":["UP"],"addr_info":[
    {"family":"inet","local":"192.168.1.2","prefixlen":24,"scope":"global","valid_life_time":4294967295,"preferred_life_time":4294967295},
    {"family":"inet6","local":"2001:db8::a","prefixlen":64,"scope":"global","temporary":true,"dynamic":true,"preferred_life_time":3600},
    {"family":"inet6","local":"2001:db8::b","prefixlen":64,"scope":"global","temporary":true,"deprecated":true,"preferred_life_time":0},
    {"family":"inet6","local":"2001:db8::c","prefixlen":64,"scope":"global","tentative":true,"preferred_life_time":3600},
    {"family":"inet6","local":"2001:db8::d","prefixlen":64,"scope":"global","dadfailed":true,"preferred_life_time":3600},
    {"family":"inet6","local":"2001:db8::e","prefixlen":64,"scope":"global","preferred_life_time":0},
    {"family":"inet6","local":"fe80::2","prefixlen":64,"scope":"link"},
    {"family":"inet6","peer":"fe80::3"},
    7
  ]},{"ifname":"eth1"},{},7]`;
  const rows = parseLinks(json).flatMap(({ addresses }) => addresses).map(
    ({ address, usable, temporary, preferredLifetime }) => {
      return [address.toString(), usable, temporary, preferredLifetime];
    },
  );
  assertEquals(rows, [
    ["192.168.1.2", true, false, Infinity],
    ["2001:db8::a", true, true, 3600],
    ["2001:db8::b", false, true, 0],
    ["2001:db8::c", false, false, 3600],
    ["2001:db8::d", false, false, 3600],
    ["2001:db8::e", false, false, 0],
    ["fe80::2", true, false, Infinity],
  ]);
});

Deno.test("parseLinks() reads the properties of interfaces, whatever their names (H-1, H-2)", () => {
  const veth = { link_type: "ether", linkinfo: { info_kind: "veth" } };
  const cases = [
    [{ flags: ["LOOPBACK", "UP"], link_type: "loopback" }, ["loopback"]],
    [{ flags: ["BROADCAST", "UP"], link_type: "ether" }, []],
    [{ flags: ["BROADCAST", "UP"], link_type: "ieee802.11" }, []],
    [{ flags: ["BROADCAST", "UP"], link_type: "infiniband" }, []],
    [{ flags: ["POINTOPOINT", "NOARP", "UP"], link_type: "none" }, [
      "noArp",
      "noLinkLayer",
      "pointToPoint",
    ]],
    [{ flags: ["POINTOPOINT", "NOARP", "UP"], link_type: "ppp" }, [
      "noArp",
      "noLinkLayer",
      "pointToPoint",
    ]],
    [{ flags: ["UP"], link_type: "[519]" }, ["noLinkLayer"]],
    [
      { flags: ["BROADCAST", "NOARP", "UP"], link_type: "ether", linkinfo: { info_kind: "dummy" } },
      ["dummy", "noArp"],
    ],
    [{
      flags: ["UP"],
      link_type: "ether",
      linkinfo: { info_kind: "tun", info_data: { type: "tap" } },
    }, ["program"]],
    [{ flags: ["UP"], ...veth, link_netnsid: 0 }, ["container"]],
    [{ flags: ["UP"], ...veth }, []], // both ends in one namespace
    [{ flags: ["NO-CARRIER", "UP"], link_type: "ether" }, ["down"]],
    [{ flags: ["BROADCAST"], link_type: "ether" }, ["down"]],
    [{}, []],
    [{ flags: 7, link_type: 7, linkinfo: 7 }, []],
  ] as const;
  for (const [entry, expected] of cases) {
    const [link] = parseLinks(JSON.stringify([{ ifname: "dummy0", ...entry }]));
    assertEquals([...link?.properties ?? ["?"]].toSorted(), [...expected], JSON.stringify(entry));
  }
});

function show({ gateway, destination, ...route }: Route): unknown {
  assertEquals(destination.length, 0);
  const { interface: name, metric, preference, weight } = route;
  return { gateway: gateway?.toString(), interface: name, metric, preference, weight };
}
