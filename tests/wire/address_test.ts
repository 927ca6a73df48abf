import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { IpAddress } from "../../src/wire/address.ts";
import { hex, viewOfHex } from "../helpers/hex.ts";

/** What is read, and the one text that RFC 5952 allows for it. */
const TEXTS: readonly (readonly [string, string])[] = [
  ["0.0.0.0", "0.0.0.0"],
  ["255.255.255.255", "255.255.255.255"],
  ["192.168.1.10", "192.168.1.10"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:c000:0201", "192.0.2.1"],
  ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
  ["::", "::"],
  ["::1", "::1"],
  ["1::", "1::"],
  ["0:0:0:0:0:0:0:0", "::"],
  ["0000:0000:0000:0000:0000:0000:0000:0001", "::1"],
  // RFC 5952 section 4.1: no leading zeros.
  ["2001:0db8::0001", "2001:db8::1"],
  // Section 4.2.1: as short as possible.
  ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"],
  ["2001:db8::0:1", "2001:db8::1"],
  // Section 4.2.2: not for a single group.
  ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
  ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
  // Section 4.2.3: the longest run, and the first of two.
  ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["0:0:0:0:1:0:0:0", "::1:0:0:0"],
  ["1:0:0:0:0:0:0:0", "1::"],
  // Section 4.3: lower case.
  ["2001:DB8:AAAA:BBBB:CCCC:DDDD:EEEE:FFFF", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff"],
  ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ["1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"],
  ["::1.2.3.4", "::102:304"],
  ["2001:db8::ffff:1.2.3.4", "2001:db8::ffff:102:304"],
  ["fe80::1%eth0", "fe80::1%eth0"],
  ["febf::1%2", "febf::1%2"],
  ["ff02::1%en0.7", "ff02::1%en0.7"],
];

const NO_ADDRESSES: readonly string[] = [
  "",
  " ",
  "router",
  "1.2.3",
  "1.2.3.4.5",
  "1.2.3.256",
  "01.2.3.4",
  "1.2.3.04",
  "1.2.3.-4",
  "1.2.3.4 ",
  "1.2.3.4%eth0",
  "0x1.2.3.4",
  ":",
  ":::",
  "1:",
  ":1",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1:2:3:4:5:6:7:8::",
  "::1:2:3:4:5:6:7:8",
  "1::2:3:4:5:6:7:8",
  "12345::",
  "g::",
  "1.2.3.4::",
  "::1.2.3.4:5",
  "1:2:3:4:5:6:7:1.2.3.4",
  "::1.2.3",
  "[::1]",
  "2001:db8::1%eth0",
  "fe80::1%",
  "fe80::1%a b",
  "fe80::1%a%b",
  "fe80::1%a/b",
  "fe80::1%a]",
  `fe80::1%${"x".repeat(65)}`,
  `::${"0".repeat(60)}1`,
];

Deno.test("IpAddress.parse() and toString() give the text of RFC 5952", () => {
  for (const [text, expected] of TEXTS) {
    assertEquals([text, IpAddress.parse(text).toString()], [text, expected]);
    assertEquals(IpAddress.parse(expected).toString(), expected);
  }
});

Deno.test("IpAddress.parse() throws TypeError that names what is no address", () => {
  for (const text of NO_ADDRESSES) {
    assertEquals([text, IpAddress.tryParse(text)], [text, undefined]);
    assertThrows(() => IpAddress.parse(text), TypeError, `got "${text}"`);
  }
});

Deno.test("IpAddress.tryParse() refuses what is no text", () => {
  const parse: (value: never) => unknown = IpAddress.tryParse;
  for (const value of [undefined, null, 1, {}, []]) assertEquals(parse(value as never), undefined);
});

Deno.test("IpAddress.write() writes IPv4 as ::ffff:a.b.c.d (C-5-1)", () => {
  const view = new DataView(new ArrayBuffer(20));
  IpAddress.parse("192.168.1.10").write(view, 4);
  const written = hex(new Uint8Array(view.buffer));
  assertEquals(written, "00000000 00000000 00000000 0000ffff c0a8010a");
});

Deno.test("IpAddress.ANY_IPV4 and ANY_IPV6 are the two all-zeros forms (C-5-1)", () => {
  const forms = [
    [IpAddress.any("IPv4"), "00000000 00000000 0000ffff 00000000", "0.0.0.0", "IPv4"],
    [IpAddress.any("IPv6"), "00000000 00000000 00000000 00000000", "::", "IPv6"],
  ] as const;
  for (const [address, octets, text, family] of forms) {
    const view = new DataView(new ArrayBuffer(16));
    address.write(view, 0);
    assertEquals(hex(new Uint8Array(view.buffer)), octets);
    assertEquals([address.toString(), address.family, address.isUnspecified], [text, family, true]);
    assertEquals(IpAddress.read(view, 0), address);
  }
  assertStrictEquals(IpAddress.any("IPv4"), IpAddress.ANY_IPV4);
  assertEquals(IpAddress.ANY_IPV4.equals(IpAddress.ANY_IPV6), false);
});

Deno.test("IpAddress.family depends on all 96 leading bits (C-5-2)", () => {
  const families = [
    ["00000000 00000000 0000ffff 01020304", "IPv4"],
    ["20010db8 00000000 0000ffff 01020304", "IPv6"],
    ["00000000 00000001 0000ffff 01020304", "IPv6"],
    ["00000000 00000000 0001ffff 01020304", "IPv6"],
    ["00000000 00000000 0000fffe 01020304", "IPv6"],
    ["00000000 00000000 00000000 01020304", "IPv6"],
  ] as const;
  for (const [octets, family] of families) {
    assertEquals([octets, IpAddress.read(viewOfHex(octets), 0).family], [octets, family]);
  }
});

Deno.test("IpAddress recognises unspecified, link-local, loopback and multicast addresses", () => {
  const kinds: readonly (readonly [string, string])[] = [
    ["0.0.0.0", "U"],
    ["::", "U"],
    ["0.0.0.1", ""],
    ["169.254.0.1", "L"],
    ["169.255.0.1", ""],
    ["fe80::1", "L"],
    ["febf::1", "L"],
    ["fec0::1", ""],
    ["127.0.0.1", "O"],
    ["127.255.255.255", "O"],
    ["128.0.0.1", ""],
    ["::1", "O"],
    ["::2", ""],
    ["2001:db8::1", ""],
    ["224.0.0.1", "M"],
    ["239.255.255.255", "M"],
    ["240.0.0.1", ""],
    ["ff02::1", "M"],
    ["fe00::1", ""],
  ];
  for (const [text, expected] of kinds) {
    const address = IpAddress.parse(text);
    const kind = (address.isUnspecified ? "U" : "") + (address.isLinkLocal ? "L" : "") +
      (address.isLoopback ? "O" : "") + (address.isMulticast ? "M" : "");
    assertEquals([text, kind], [text, expected]);
  }
});

Deno.test("IpAddress.equals() compares every octet and no scope", () => {
  const address = IpAddress.parse("fe80:1:2:3:4:5:6:7%eth0");
  const octets = "fe800001 00020003 00040005 00060007";
  assertEquals(address.equals(IpAddress.parse("fe80:1:2:3:4:5:6:7")), true);
  assertEquals(address.equals(IpAddress.read(viewOfHex(`ffffffff ${octets}`), 4)), true);
  for (let octet = 0; octet < 16; octet++) {
    const view = viewOfHex(octets);
    view.setUint8(octet, view.getUint8(octet) ^ 1);
    assertEquals([octet, address.equals(IpAddress.read(view, 0))], [octet, false]);
  }
});

Deno.test("IpAddress.withScope() changes the scope and nothing else", () => {
  const address = IpAddress.parse("fe80::1");
  const scoped = address.withScope("eth0");
  assertEquals([scoped.scope, scoped.toString(), address.scope], [
    "eth0",
    "fe80::1%eth0",
    undefined,
  ]);
  assertEquals(scoped.equals(address), true);
  assertEquals(scoped.withScope(undefined).toString(), "fe80::1");
  assertStrictEquals(scoped.withScope("eth0"), scoped);
});

Deno.test("IpAddress.withScope() throws TypeError on what can have no such scope", () => {
  for (const text of ["192.0.2.1", "169.254.0.1", "2001:db8::1", "ff05::1"]) {
    assertThrows(() => IpAddress.parse(text).withScope("eth0"), TypeError, "expected a link-local");
  }
  for (const scope of ["", "a b", "a%b", "é"]) {
    assertThrows(() => IpAddress.parse("fe80::1").withScope(scope), TypeError, `got "${scope}"`);
  }
});

Deno.test("IpAddress takes words with and without a sign, and is a string in JSON", () => {
  assertEquals(new IpAddress(0xfe800000, 0, 0, 1), new IpAddress(0xfe800000 | 0, 0, 0, 1));
  assertEquals(JSON.stringify({ a: IpAddress.parse("192.0.2.1") }), '{"a":"192.0.2.1"}');
});
