import { assertEquals, assertThrows } from "@std/assert";
import { IpAddress } from "../../src/wire/address.ts";
import {
  decodeDhcpv4Servers,
  decodeDhcpv6Servers,
  encodeDhcpv4Servers,
  encodeDhcpv6Servers,
} from "../../src/wire/dhcp.ts";
import { octets } from "../helpers/hex.ts";

const ip = IpAddress.parse;

Deno.test("decodeDhcpv4Servers() makes a server of each list (E-7291-2)", () => {
  assertEquals(texts4("9e0a 04c0000201 04c0000202"), [["192.0.2.1"], ["192.0.2.2"]]);
});

Deno.test("decodeDhcpv4Servers() joins the instances of a split option (E-7291-2)", () => {
  assertEquals(texts4("9e03 08c000 3501 05 9e06 0201c0000202"), [["192.0.2.1", "192.0.2.2"]]);
  const many = Array.from({ length: 70 }, (_, i) => [new IpAddress(0, 0, 0xffff, 0xc0000201 + i)]);
  const bytes = encodeDhcpv4Servers(many);
  assertEquals([bytes[0], bytes[1], bytes[257], bytes[258]], [158, 255, 158, 95]);
  assertEquals(decodeDhcpv4Servers(bytes), many);
});

Deno.test("decodeDhcpv4Servers() steps over padding and stops at the end option", () => {
  assertEquals(texts4("0000 9e05 04c0000201 ff 9e05 04c0000202"), [["192.0.2.1"]]);
});

Deno.test("decodeDhcpv4Servers() drops multicast, loopback and all zeros (E-7291-3)", () => {
  assertEquals(texts4("9e11 10 7f000001 e0000001 00000000 c0000201"), [["192.0.2.1"]]);
  assertEquals(texts4("9e0a 047f000001 04e0000001"), []);
});

Deno.test("decodeDhcpv4Servers() stops where the octets make no sense", () => {
  assertEquals(texts4("9e0a 04c0000201 03c0000202"), [["192.0.2.1"]]);
  assertEquals(texts4("9e0a 04c0000201 08c0000202"), [["192.0.2.1"]]);
  assertEquals(texts4("9e06 04c0000201 00"), [["192.0.2.1"]]);
  for (const text of ["", "9e", "9e00", "9e05 04c00002", "9eff", "01"]) {
    assertEquals([text, texts4(text)], [text, []]);
  }
});

Deno.test("decodeDhcpv6Servers() makes a server of each instance (E-7291-2)", () => {
  const a = "20010db8 00000000 00000000 00000001";
  const b = "20010db8 00000000 00000000 00000002";
  assertEquals(texts6(`0056 0010 ${a} 0001 0002 abcd 0056 0010 ${b}`), [["2001:db8::1"], [
    "2001:db8::2",
  ]]);
});

Deno.test("decodeDhcpv6Servers() drops multicast, loopback and all zeros (E-7291-3)", () => {
  const bad = [
    "ff020000 00000000 00000000 00000001",
    "00000000 00000000 00000000 00000001",
    "00000000 00000000 00000000 00000000",
    "00000000 00000000 0000ffff 7f000001",
    "00000000 00000000 0000ffff e0000001",
  ];
  const good = "20010db8 00000000 00000000 00000001";
  assertEquals(texts6(`0056 0060 ${bad.join("")} ${good}`), [["2001:db8::1"]]);
  assertEquals(texts6(`0056 0050 ${bad.join("")}`), []);
});

Deno.test("decodeDhcpv6Servers() leaves out what has a wrong length", () => {
  const good = "0056 0010 20010db8 00000000 00000000 00000001";
  assertEquals(texts6(`0056 0004 c0000201 ${good}`), [["2001:db8::1"]]);
  assertEquals(texts6(`${good} 0056 0010 20010db8`), [["2001:db8::1"]]);
  for (const text of ["", "0056", "0056 00", "0056 0000", "0056 ffff"]) {
    assertEquals([text, texts6(text)], [text, []]);
  }
});

Deno.test("encodeDhcpv4Servers() and encodeDhcpv6Servers() throw on what no option can hold", () => {
  const v4 = ip("192.0.2.1");
  assertThrows(() => encodeDhcpv4Servers([[ip("::1")]]), TypeError, 'got "::1"');
  for (const count of [0, 64]) {
    const addresses = new Array<IpAddress>(count).fill(v4);
    assertThrows(() => encodeDhcpv4Servers([addresses]), RangeError, `got "${count}"`);
  }
  for (const count of [0, 4096]) {
    const addresses = new Array<IpAddress>(count).fill(v4);
    assertThrows(() => encodeDhcpv6Servers([addresses]), RangeError, `got "${count}"`);
  }
});

Deno.test("encodeDhcpv6Servers() writes one option for each server", () => {
  const servers = [[ip("2001:db8::1"), ip("192.0.2.1")], [ip("2001:db8::2")]];
  assertEquals(decodeDhcpv6Servers(encodeDhcpv6Servers(servers)), servers);
});

function texts4(text: string): string[][] {
  return decodeDhcpv4Servers(octets(text)).map((list) => list.map(String));
}

function texts6(text: string): string[][] {
  return decodeDhcpv6Servers(octets(text)).map((list) => list.map(String));
}
