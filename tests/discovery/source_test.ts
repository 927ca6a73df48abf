import { assertEquals } from "@std/assert";
import type { Link, LinkAddress } from "../../src/discovery/host.ts";
import { sourceOn } from "../../src/discovery/source.ts";
import { IpAddress } from "../../src/wire/address.ts";

Deno.test("sourceOn() takes the system's choice for IPv4 (C-8.4-2)", () => {
  const addresses = [address("192.168.1.9/24"), address("192.168.1.2/24")];
  assertEquals(choose("192.168.1.1", addresses, "192.168.1.2"), "192.168.1.2");
});

Deno.test("sourceOn() takes the first IPv4 address of the prefix that has the gateway, else the first one", () => {
  const addresses = [address("10.0.0.2/8"), address("192.168.1.2/24"), address("192.168.1.3/24")];
  assertEquals(choose("192.168.1.1", addresses), "192.168.1.2");
  assertEquals(choose("172.16.0.1", addresses), "10.0.0.2");
  const old = { ...address("192.168.1.2/24"), usable: false };
  assertEquals(choose("192.168.1.1", [old, address("192.168.1.3/24")]), "192.168.1.3");
  assertEquals(choose("192.168.1.1", [address("fe80::2/64")]), undefined);
});

Deno.test("sourceOn() prefers a global IPv6 address to a ULA, and that to a link-local one (C-8.4-1)", () => {
  const [linkLocal, ula, global] = [
    address("fe80::2/64"),
    address("fd00::2/64"),
    address("2001:db8::2/64"),
  ];
  assertEquals(choose("fe80::1", [linkLocal, ula, global]), "2001:db8::2");
  assertEquals(choose("fd00::1", [global, ula, linkLocal], "fd00::2"), "2001:db8::2");
  assertEquals(choose("fe80::1", [linkLocal, ula]), "fd00::2");
  assertEquals(choose("fe80::1", [linkLocal]), "fe80::2");
  assertEquals(choose("fe80::1", [], "fe80::2"), "fe80::2");
});

Deno.test("sourceOn() never takes an address that must not be used any more (C-8.4-3)", () => {
  const old = { ...address("2001:db8::2/64"), usable: false };
  assertEquals(choose("fe80::1", [old, address("fe80::2/64")]), "fe80::2");
  assertEquals(choose("fe80::1", [old, address("2001:db8::3/64")], "2001:db8::2"), "2001:db8::3");
});

Deno.test("sourceOn() prefers a lasting address to a privacy address, then the system's choice", () => {
  const temporary = { ...address("2001:db8::a/64"), temporary: true };
  assertEquals(
    choose("fe80::1", [temporary, address("2001:db8::2/64")], "2001:db8::a"),
    "2001:db8::2",
  );
  assertEquals(choose("fe80::1", [temporary, address("fd00::2/64")]), "2001:db8::a");
  const others = [address("2001:db8::2/64"), address("2001:db8::3/64")];
  assertEquals(choose("fe80::1", others, "2001:db8::3"), "2001:db8::3");
  const short = { ...address("2001:db8::1/64"), preferredLifetime: 60 };
  assertEquals(choose("fe80::1", [short, ...others]), "2001:db8::2");
});

Deno.test("sourceOn() prefers the IPv6 address of the gateway's prefix among equal ones", () => {
  const addresses = [address("2001:db8:1::2/64"), address("2001:db8:2::2/64")];
  assertEquals(choose("2001:db8:2::1", addresses), "2001:db8:2::2");
});

function address(cidr: string): LinkAddress {
  const [text = "", length] = cidr.split("/");
  return {
    address: IpAddress.parse(text),
    prefixLength: Number(length),
    usable: true,
    temporary: false,
    preferredLifetime: 86_400,
  };
}

function choose(
  target: string,
  addresses: readonly LinkAddress[],
  preferred?: string,
): string | undefined {
  const link: Link = { name: "eth0", index: 2, properties: new Set(), addresses };
  const choice = preferred === undefined ? undefined : IpAddress.parse(preferred);
  return sourceOn(link, IpAddress.parse(target), { links: [link], routes: [] }, choice)?.toString();
}
