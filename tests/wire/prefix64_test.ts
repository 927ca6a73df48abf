import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { IpAddress } from "../../src/wire/address.ts";
import { encodeOption, type Prefix64Option } from "../../src/wire/option.ts";
import { choosePrefix64, prefix64Request, synthesizeAddress } from "../../src/wire/prefix64.ts";
import { hex, octets } from "../helpers/hex.ts";

const ip = IpAddress.parse;

// The examples of RFC 6052 section 2.4.
const SYNTHESES = [
  ["20010db8", "2001:db8:c000:221::"],
  ["20010db801", "2001:db8:1c0:2:21::"],
  ["20010db80122", "2001:db8:122:c000:2:2100::"],
  ["20010db8012203", "2001:db8:122:3c0:0:221::"],
  ["20010db801220344", "2001:db8:122:344:c0:2:2100:0"],
  ["20010db80122034400000000", "2001:db8:122:344::c000:221"],
  ["0064ff9b0000000000000000", "64:ff9b::c000:221"],
] as const;

for (const [prefix, expected] of SYNTHESES) {
  Deno.test(`synthesizeAddress() with a prefix of ${prefix.length / 2} octets gives ${expected} (E-7225-9)`, () => {
    const address = synthesizeAddress(nat64(prefix), ip("192.0.2.33"));
    assertEquals(address.toString(), expected);
  });
}

Deno.test("synthesizeAddress() puts the suffix into the octets that are left (E-7225-9)", () => {
  const option = { ...nat64("20010db8"), suffix: octets("00 01020304050607") };
  const address = synthesizeAddress(option, ip("192.0.2.33"));
  assertEquals(address.toString(), "2001:db8:c000:221:1:203:405:607");
});

Deno.test("synthesizeAddress() keeps octet 8 zero, whatever the suffix is (E-7225-9)", () => {
  const option = { ...nat64("20010db801220344"), suffix: octets("ff000000") };
  assertEquals(
    synthesizeAddress(option, ip("192.0.2.33")).toString(),
    "2001:db8:122:344:c0:2:2100:0",
  );
});

Deno.test("synthesizeAddress() throws on what cannot be put together", () => {
  assertThrows(() => synthesizeAddress(nat64("20010db8"), ip("::1")), TypeError, 'got "::1"');
  const short = { ...nat64("20010db8"), suffix: new Uint8Array(7) };
  assertThrows(() => synthesizeAddress(short, ip("192.0.2.1")), RangeError, 'got "11"');
});

Deno.test("choosePrefix64() takes the first option if there is no list anywhere (E-7225-4)", () => {
  const options = [nat64("20010db8"), nat64("0064ff9b")];
  assertStrictEquals(choosePrefix64(options, ip("192.0.2.1")), options[0]);
  assertEquals(choosePrefix64([], ip("192.0.2.1")), undefined);
});

Deno.test("choosePrefix64() takes the longest match of the lists (E-7225-5)", () => {
  const a = nat64("20010001", "192.0.2.0/24");
  const b = nat64("20010002", "198.51.100.0/24", "192.0.2.128/25");
  const all = nat64("20010003", "0.0.0.0/0");
  const host = nat64("20010004", "192.0.2.1/32");
  const choose = (options: Prefix64Option[], text: string) => choosePrefix64(options, ip(text));
  assertStrictEquals(choose([a, b], "192.0.2.1"), a);
  assertStrictEquals(choose([a, b], "198.51.100.9"), b);
  assertStrictEquals(choose([a, b], "192.0.2.200"), b);
  assertEquals(choose([a, b], "203.0.113.1"), undefined);
  assertStrictEquals(choose([a, all], "203.0.113.1"), all);
  assertStrictEquals(choose([all, a, host], "192.0.2.1"), host);
  assertStrictEquals(choose([all, a, host], "192.0.2.2"), a);
});

Deno.test("choosePrefix64() falls back on a prefix without a list", () => {
  const listed = nat64("20010001", "192.0.2.0/24");
  const plain = nat64("20010002");
  const counted = { ...nat64("20010003"), ipv4Prefixes: [] };
  assertStrictEquals(choosePrefix64([listed, plain], ip("203.0.113.1")), plain);
  assertStrictEquals(choosePrefix64([listed, counted], ip("203.0.113.1")), counted);
  assertStrictEquals(choosePrefix64([plain, listed], ip("192.0.2.1")), listed);
});

Deno.test("prefix64Request() is ::/96 without a list (E-7225-1)", () => {
  const bytes = new Uint8Array(20);
  assertEquals(encodeOption(prefix64Request(), new DataView(bytes.buffer), 0), 20);
  assertEquals(hex(bytes), "8100000e 000c0000 00000000 00000000 00000000");
});

function nat64(prefix: string, ...networks: string[]): Prefix64Option {
  const ipv4Prefixes = networks.map((network) => {
    const [address = "", bits] = network.split("/");
    return { address: ip(address), prefixLength: Number(bits) };
  });
  return {
    type: "prefix64",
    prefix: octets(prefix),
    suffix: new Uint8Array(12 - prefix.length / 2),
    ipv4Prefixes: networks.length === 0 ? undefined : ipv4Prefixes,
  };
}
