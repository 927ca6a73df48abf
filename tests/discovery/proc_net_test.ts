import { assertEquals } from "@std/assert";
import {
  parseIfInet6,
  parseIpv4Routes,
  parseIpv6Routes,
  parseLinkFiles,
} from "../../src/discovery/proc_net.ts";
import type { Route } from "../../src/discovery/host.ts";
import { transcript } from "./recorded.ts";

Deno.test("parseIpv4Routes() reads every route of /proc/net/route that is up (H-3)", async () => {
  const text = (await transcript("two_uplinks"))["cat /proc/net/route"] ?? "";
  assertEquals(parseIpv4Routes(text).map(show), [
    "0.0.0.0/0 via 192.168.1.1 eth0 100",
    "0.0.0.0/0 via 192.168.2.1 wlan0 600",
    "10.0.0.0/8 via 192.168.2.254 wlan0 0",
    "192.168.1.0/24 via undefined eth0 0",
    "192.168.2.0/24 via undefined wlan0 0",
  ]);
});

Deno.test("parseIpv4Routes() leaves out routes that are down or forbid the destination, and damaged rows", () => {
  const rows = [
    "eth0\t00000000\t0101A8C0\t0002\t0\t0\t0\t00000000\t0\t0\t0",
    "*\t00000000\t00000000\t0200\t0\t0\t0\t00000000\t0\t0\t0",
    "*\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0",
    "eth0\t00000000\t0101A8",
    "eth0\tzzzzzzzz\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
    "",
    "eth0",
  ];
  for (const row of rows) assertEquals(parseIpv4Routes(`Iface\tDestination\n${row}\n`), [], row);
});

Deno.test("parseIpv6Routes() reads routes with the preference of their router (H-3, RFC 4191 section 2.1)", async () => {
  const text = (await transcript("two_uplinks"))["cat /proc/net/ipv6_route"] ?? "";
  const routes = parseIpv6Routes(text).filter(({ gateway }) => gateway !== undefined);
  assertEquals(routes.map((route) => `${show(route)} ${route.preference}`), [
    "::/0 via fe80::1 eth0 100 1",
    "::/0 via fe80::2 wlan0 200 -1",
  ]);
});

Deno.test("parseIpv6Routes() leaves out addresses of this host, caches and unreachable routes", () => {
  const zero = "0".repeat(32);
  const via = "fe800000000000000000000000000001";
  for (const flags of ["80200003", "00100003", "01000003", "00000203", "00000002", "zz"]) {
    const row = `${zero} 00 ${zero} 00 ${via} 00000064 00000001 00000000 ${flags}     eth0`;
    assertEquals(parseIpv6Routes(row), [], flags);
  }
  assertEquals(parseIpv6Routes(`${zero} 00 ${zero}`), []);
});

Deno.test("parseIfInet6() reads addresses and whether they may be used (H-3, C-8.4-3)", () => {
  const row = (flags: string) => `20010db8000000000000000000000002 04 40 00 ${flags}     eth0`;
  const read = (flags: string) => {
    const [found] = parseIfInet6(row(flags));
    return [
      `${found?.address}/${found?.prefixLength}`,
      found?.interface,
      found?.index,
      found?.usable,
      found?.temporary,
    ];
  };
  assertEquals(read("80"), ["2001:db8::2/64", "eth0", 4, true, false]);
  assertEquals(read("01"), ["2001:db8::2/64", "eth0", 4, true, true]);
  for (const flags of ["20", "40", "08"]) assertEquals(read(flags)[3], false, flags);
  assertEquals(parseIfInet6("nothing\n\n"), []);
});

Deno.test("parseLinkFiles() reads flags, type and state of an interface (H-1, H-2, H-3)", () => {
  const cases = [
    [{ flags: "0x1003", type: "1", operstate: "up" }, []],
    [{ flags: "0x1003", type: "1", operstate: "unknown" }, []],
    [{ flags: "0x1002", type: "1", operstate: "down" }, ["down"]],
    [{ flags: "0x1003", type: "1", operstate: "lowerlayerdown" }, ["down"]],
    [{ flags: "0x9", type: "772", operstate: "unknown" }, ["loopback"]],
    [{ flags: "0x83", type: "1", operstate: "unknown" }, ["noArp"]],
    [{ flags: "0x91", type: "65534", operstate: "unknown" }, [
      "noArp",
      "noLinkLayer",
      "pointToPoint",
    ]],
    [{ flags: "0x1003", type: "1", operstate: "unknown", tun_flags: "0x1002" }, ["program"]],
    [{ flags: "0x1003", type: "32", operstate: "up" }, []],
    [{}, []], // nothing is known where /sys is hidden
  ] as const;
  const none = { flags: undefined, type: undefined, operstate: undefined, tun_flags: undefined };
  for (const [files, expected] of cases) {
    const lines = Object.fromEntries(
      Object.entries(files).map(([name, text]) => [name, `${text}\n`]),
    );
    assertEquals(
      [...parseLinkFiles({ ...none, ...lines })].toSorted(),
      [...expected],
      JSON.stringify(files),
    );
  }
});

function show(
  { destination: { address, length }, gateway, metric, interface: name }: Route,
): string {
  return `${address}/${length} via ${gateway} ${name} ${metric}`;
}
