import { assertEquals } from "@std/assert";
import type { DefaultRoute, InterfaceAddress } from "../../src/discovery/ip_route.ts";
import { chooseSource, isVirtual, rankRoutes } from "../../src/discovery/rank.ts";
import { IpAddress } from "../../src/wire/address.ts";

Deno.test("rankRoutes() puts the lowest metric first", () => {
  const routes = [route("wlan0", { metric: 600 }), route("eth0", { metric: 100 }), route("usb0")];
  assertEquals(names(routes), ["usb0", "eth0", "wlan0"]);
});

Deno.test("rankRoutes() breaks ties by the router's preference, then by weight", () => {
  const routes = [
    route("a", { preference: -1 }),
    route("b", { weight: 1 }),
    route("c", { weight: 5 }),
    route("d", { preference: 1 }),
  ];
  assertEquals(names(routes), ["d", "c", "b", "a"]);
});

Deno.test("rankRoutes() leaves out tunnels and containers where there is another way", () => {
  const virtual = [
    "docker0",
    "br-0123456789ab",
    "veth12ab",
    "tun0",
    "tap1",
    "wg0",
    "utun3",
    "ppp0",
  ];
  for (const name of [...virtual, "tailscale0", "ztabcdefgh"]) {
    assertEquals(names([route(name), route("eth0", { metric: 9999 })]), ["eth0"], name);
    assertEquals(names([route(name)]), [name]);
  }
});

Deno.test("isVirtual() is false for physical interfaces", () => {
  const physical = ["eth0", "enp3s0", "eno1", "wlan0", "wlp2s0", "wwan0", "en0", "usb0", "br-lan"];
  for (const name of [...physical, "br0", "bond0", "eth0.100", "vlan7", "Ethernet 2", "Wi-Fi"]) {
    assertEquals([name, isVirtual(name)], [name, false]);
  }
});

Deno.test("chooseSource() takes the system's choice for IPv4 (C-8.4-2)", () => {
  const others = [address("192.168.1.9"), address("8.8.8.8")];
  assertEquals(choose("192.168.1.2", others), "192.168.1.2");
});

Deno.test("chooseSource() prefers a global IPv6 address to a ULA, and that to a link-local one (C-8.4-1)", () => {
  const [linkLocal, ula, global] = [address("fe80::2"), address("fd00::2"), address("2001:db8::2")];
  assertEquals(choose("fe80::2", [linkLocal, ula, global]), "2001:db8::2");
  assertEquals(choose("fd00::2", [global, ula, linkLocal]), "2001:db8::2");
  assertEquals(choose("fe80::2", [linkLocal, ula]), "fd00::2");
  assertEquals(choose("fe80::2", [linkLocal]), "fe80::2");
  assertEquals(choose("fe80::2", []), "fe80::2");
});

Deno.test("chooseSource() never takes an address that must not be used any more (C-8.4-3)", () => {
  const old = { ...address("2001:db8::2"), usable: false };
  assertEquals(choose("fe80::2", [old, address("fe80::2")]), "fe80::2");
  assertEquals(choose("2001:db8::2", [old, address("2001:db8::3")]), "2001:db8::3");
});

Deno.test("chooseSource() prefers a lasting address to a privacy address, then the system's choice", () => {
  const temporary = { ...address("2001:db8::a"), temporary: true };
  assertEquals(choose("2001:db8::a", [temporary, address("2001:db8::2")]), "2001:db8::2");
  assertEquals(choose("fe80::2", [temporary, address("fd00::2")]), "2001:db8::a");
  const others = [address("2001:db8::2"), address("2001:db8::3")];
  assertEquals(choose("2001:db8::3", others), "2001:db8::3");
  const short = { ...address("2001:db8::1"), preferredLifetime: 60 };
  assertEquals(choose("fe80::2", [short, ...others]), "2001:db8::2");
});

function route(name: string, details: Partial<DefaultRoute> = {}): DefaultRoute {
  const gateway = IpAddress.parse("192.168.1.1");
  return { gateway, interface: name, metric: 0, preference: 0, weight: 1, ...details };
}

function names(routes: DefaultRoute[]): string[] {
  return rankRoutes(routes).map((each) => each.interface);
}

function address(text: string): InterfaceAddress {
  const address = IpAddress.parse(text);
  return { address, usable: true, temporary: false, preferredLifetime: 86_400 };
}

function choose(source: string, others: InterfaceAddress[]): string {
  return chooseSource(IpAddress.parse(source), others).toString();
}
