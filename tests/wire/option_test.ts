import { assertEquals, assertThrows } from "@std/assert";
import { IpAddress } from "../../src/wire/address.ts";
import {
  decodeOptions,
  encodeOption,
  type Option,
  OptionCode,
  optionCode,
  optionLength,
} from "../../src/wire/option.ts";
import { hex, octets, viewOfHex } from "../helpers/hex.ts";

const ip = IpAddress.parse;

Deno.test("encodeOption() and decodeOptions() carry the options of RFC 7652", () => {
  const mac = octets("00010203 04050607 08090a0b 0c0d0e0f");
  const vectors: readonly (readonly [Option, string])[] = [
    [{ type: "nonce", value: 0xdeadbeef }, "04000004 deadbeef"],
    [
      { type: "authenticationTag", sessionId: 1, sequence: 2, keyId: 3, mac },
      "0500001c 00000001 00000002 00000003 00010203 04050607 08090a0b 0c0d0e0f",
    ],
    [
      { type: "paAuthenticationTag", keyId: 3, mac },
      "06000014 00000003 00010203 04050607 08090a0b 0c0d0e0f",
    ],
    [{ type: "eapPayload", packet: octets("0102030405") }, "07000005 01020304 05000000"],
    [{ type: "prf", value: 5 }, "08000004 00000005"],
    [{ type: "macAlgorithm", value: 12 }, "09000004 0000000c"],
    [{ type: "sessionLifetime", value: 3600 }, "0a000004 00000e10"],
    [{ type: "receivedPak", value: 7 }, "0b000004 00000007"],
    [{ type: "idIndicator", identity: "rö" }, "0c000003 72c3b600"],
  ];
  for (const [option, text] of vectors) {
    assertEquals(encoded(option), text);
    assertEquals(decodeOptions(viewOfHex(text), 0), { options: [option], fault: undefined });
  }
});

Deno.test("decodeOptions() keeps unknown options 100 and 200 octet for octet (C-7.3-6)", () => {
  const text = "64000008 00010203 04050607 c8000003 aabbcc00 02000000";
  const { options, fault } = decodeOptions(viewOfHex(text), 0);
  assertEquals<unknown>([options, fault], [[
    { type: "unknown", code: 100, data: octets("0001020304050607") },
    { type: "unknown", code: 200, data: octets("aabbcc") },
    { type: "preferFailure" },
  ], undefined]);
  assertEquals(options.map(encoded).join(" "), text);
  assertEquals(options.map(optionCode), [100, 200, 2]);
});

Deno.test("decodeOptions() keeps the order and repeated options", () => {
  const clear = "03000014 00000000 00000000 00000000 00000000 00000000";
  const one = "03000014 00800050 00000000 00000000 0000ffff c6336407";
  const { options } = decodeOptions(viewOfHex(`${clear} ${one} ${clear}`), 0);
  assertEquals(options.map(encoded), [clear, one, clear]);
});

Deno.test("decodeOptions() ignores reserved octets and padding (C-8.3-8)", () => {
  const vectors = [
    ["01ff0010 00000000 00000000 0000ffff c0a80163", "thirdParty"],
    ["03ff0014 ff780000 00000000 00000000 0000ffff c6336400", "filter"],
    ["82ff0005 0064c350 feffffff", "portSet"],
    ["80ff0003 776562ff", "description"],
  ] as const;
  for (const [text, type] of vectors) {
    assertEquals(decodeOptions(viewOfHex(text), 0).options.map((option) => option.type), [type]);
  }
});

Deno.test("decodeOptions() keeps known options whose data break their rule as malformed", () => {
  const bodies: readonly (readonly [string, number, string])[] = [
    ["THIRD_PARTY of 15 octets", 1, "00".repeat(15)],
    ["THIRD_PARTY of 17 octets", 1, "00".repeat(17)],
    ["PREFER_FAILURE with data", 2, "00"],
    ["FILTER of 16 octets", 3, "00".repeat(16)],
    ["FILTER of 24 octets", 3, "00".repeat(24)],
    ["FILTER with prefix length 129", 3, `00810000 ${"00".repeat(16)}`],
    ["FILTER with an IPv4 prefix length of 95", 3, "005f0000 00000000 00000000 0000ffff c6336400"],
    ["NONCE of 3 octets", 4, "000000"],
    ["AUTHENTICATION_TAG of 11 octets", 5, "00".repeat(11)],
    ["PA_AUTHENTICATION_TAG of 3 octets", 6, "00".repeat(3)],
    ["PRF of 8 octets", 8, "00".repeat(8)],
    ["ID_INDICATOR that is not UTF-8", 12, "ff"],
    ["THIRD_PARTY_ID of 1017 octets", 13, "00".repeat(1017)],
    ["DESCRIPTION that is not UTF-8 (E-7220-5)", 128, "c328"],
    ["DESCRIPTION of 1017 octets (E-7220-2)", 128, "61".repeat(1017)],
    ["PREFIX64 without all of its prefix", 129, `000c ${"00".repeat(11)}`],
    ["PREFIX64 with 3 octets (E-7225-8)", 129, `0003 ${"00".repeat(12)}`],
    ["PREFIX64 with 9 octets (E-7225-8)", 129, `0009 ${"00".repeat(12)}`],
    ["PREFIX64 with half a count", 129, `000c ${"00".repeat(12)} 00`],
    ["PREFIX64 with a count and no list", 129, `000c ${"00".repeat(12)} ffff`],
    ["PREFIX64 with more list than it counts", 129, `000c ${"00".repeat(12)} 0000 001800000000`],
    ["PORT_SET of 4 octets", 130, "0064c350"],
    ["PORT_SET of no port", 130, "0000c35000"],
    ["CHECKPOINT_REQUIRED with data", 192, "00000000"],
  ];
  for (const [name, code, text] of bodies) {
    const data = octets(text);
    const option: Option = { type: "malformed", code, data };
    const decoded = decodeOptions(viewOfHex(encoded(option)), 0);
    assertEquals<unknown>([name, decoded], [name, { options: [option], fault: undefined }]);
  }
});

Deno.test("decodeOptions() accepts the bounds of FILTER", () => {
  const bounds: readonly Option[] = [
    { type: "filter", prefixLength: 96, remotePort: 1, remoteAddress: ip("0.0.0.0") },
    { type: "filter", prefixLength: 128, remotePort: 65535, remoteAddress: ip("192.0.2.1") },
    { type: "filter", prefixLength: 1, remotePort: 0, remoteAddress: ip("8000::") },
    { type: "filter", prefixLength: 128, remotePort: 0, remoteAddress: ip("2001:db8::1") },
    { type: "filter", prefixLength: 0, remotePort: 0, remoteAddress: IpAddress.ANY_IPV4 },
  ];
  for (const option of bounds) {
    assertEquals(decodeOptions(viewOfHex(encoded(option)), 0).options, [option]);
  }
});

Deno.test("decodeOptions() skips an invalid IPv4 prefix and keeps the rest (E-7225-6)", () => {
  const text = "8100001c 00040064 ff9b0000 00000000 00000002 0021c000 02000018 c6336400";
  const { options } = decodeOptions(viewOfHex(text), 0);
  assertEquals<unknown>(options, [{
    type: "prefix64",
    prefix: octets("0064ff9b"),
    suffix: new Uint8Array(8),
    ipv4Prefixes: [{ address: ip("198.51.100.0"), prefixLength: 24 }],
  }]);
});

Deno.test("decodeOptions() stops at an option that overruns, even by 65535 (C-8.3-13)", () => {
  for (const tail of ["8000ffff", "80000001", "64000005 01020304", "0100000d 000000000000000000"]) {
    const decoded = decodeOptions(viewOfHex(`02000000 ${tail}`), 0);
    assertEquals(decoded, { options: [{ type: "preferFailure" }], fault: "overrun" });
  }
});

Deno.test("decodeOptions() stops at less than a head (C-8.3-13)", () => {
  for (const tail of ["02", "0200", "020000"]) {
    const decoded = decodeOptions(viewOfHex(`02000000 ${tail}`), 0);
    assertEquals(decoded, { options: [{ type: "preferFailure" }], fault: "truncatedHeader" });
  }
});

Deno.test("decodeOptions() does not need the last padding, and starts at the offset", () => {
  const view = viewOfHex("ffffffff 80000003 776562");
  const web: Option = { type: "description", text: "web" };
  assertEquals(decodeOptions(view, 4), { options: [web], fault: undefined });
  for (const offset of [view.byteLength, view.byteLength + 4]) {
    assertEquals(decodeOptions(view, offset), { options: [], fault: undefined });
  }
});

Deno.test("decodeOptions() gives octets of its own", () => {
  const view = viewOfHex("64000004 01020304");
  const { options } = decodeOptions(view, 0);
  view.setUint32(4, 0);
  assertEquals(options.map(encoded), ["64000004 01020304"]);
});

Deno.test("a description is UTF-8 that only its length ends (E-7220-1)", () => {
  for (const text of ["a\0b", "\0", "\ufeffbom", "Grüße 🎮", "x".repeat(1016)]) {
    const option: Option = { type: "description", text };
    assertEquals(decodeOptions(viewOfHex(encoded(option)), 0).options, [option]);
  }
});

Deno.test("encodeOption() throws RangeError on numbers that do not fit", () => {
  const remoteAddress = ip("2001:db8::1");
  const remote4 = ip("192.0.2.1");
  const suffix = new Uint8Array(0);
  const prefix = new Uint8Array(12);
  const wrong: readonly (readonly [Option, string])[] = [
    [{ type: "filter", prefixLength: 129, remotePort: 0, remoteAddress }, "prefix length"],
    [{ type: "filter", prefixLength: -1, remotePort: 0, remoteAddress }, "prefix length"],
    [{ type: "filter", prefixLength: 24, remotePort: 0, remoteAddress: remote4 }, 'got "24"'],
    [{ type: "filter", prefixLength: 64, remotePort: 65536, remoteAddress }, "remote port"],
    [{ type: "portSet", size: 0, firstInternalPort: 1, parity: false }, 'got "0"'],
    [{ type: "portSet", size: 65536, firstInternalPort: 1, parity: false }, 'got "65536"'],
    [{ type: "portSet", size: 1, firstInternalPort: 1.5, parity: false }, 'got "1.5"'],
    [{ type: "nonce", value: 2 ** 32 }, 'got "4294967296"'],
    [{ type: "sessionLifetime", value: NaN }, 'got "NaN"'],
    [{ type: "description", text: "x".repeat(1017) }, 'got "1017"'],
    [{ type: "description", text: "é".repeat(509) }, 'got "1018"'],
    [{ type: "thirdPartyId", id: new Uint8Array(1017) }, 'got "1017"'],
    [{ type: "prefix64", prefix: octets("0102030405060708 09"), suffix, ipv4Prefixes: [] }, "got"],
    [{ type: "prefix64", prefix: octets("01020304"), suffix, ipv4Prefixes: [] }, 'got "4"'],
    [
      { type: "prefix64", prefix, suffix, ipv4Prefixes: [{ address: remote4, prefixLength: 33 }] },
      'got "33"',
    ],
    [{ type: "unknown", code: 256, data: suffix }, "option code"],
    [{ type: "unknown", code: 100, data: new Uint8Array(65536) }, "option length"],
  ];
  for (const [option, message] of wrong) {
    assertThrows(() => encoded(option), RangeError, message);
  }
});

Deno.test("encodeOption() throws TypeError on values of the wrong kind", () => {
  const ipv4Prefixes = [{ address: ip("2001:db8::"), prefixLength: 32 }];
  const wrong: readonly (readonly [Option, string])[] = [
    [{ type: "description", text: "\ud800" }, "well-formed"],
    [{ type: "idIndicator", identity: "\udc00" }, "well-formed"],
    [
      { type: "prefix64", prefix: new Uint8Array(12), suffix: new Uint8Array(0), ipv4Prefixes },
      'got "2001:db8::"',
    ],
    [{ type: "nonce", value: "1" as never }, 'got "1"'],
  ];
  for (const [option, message] of wrong) {
    assertThrows(() => encoded(option), TypeError, message);
  }
});

Deno.test("encodeOption() throws RangeError where there is no room", () => {
  const view = new DataView(new ArrayBuffer(8));
  const option: Option = { type: "nonce", value: 1 };
  assertEquals(encodeOption(option, view, 0), 8);
  for (const offset of [4, 8, 100, -4]) {
    assertThrows(() => encodeOption(option, view, offset), RangeError, "NONCE");
  }
});

Deno.test("optionCode() returns the code of every type", () => {
  const empty = new Uint8Array(0);
  const options: readonly Option[] = [
    { type: "thirdParty", address: ip("192.0.2.1") },
    { type: "preferFailure" },
    { type: "filter", prefixLength: 0, remotePort: 0, remoteAddress: IpAddress.ANY_IPV6 },
    { type: "nonce", value: 0 },
    { type: "authenticationTag", sessionId: 0, sequence: 0, keyId: 0, mac: empty },
    { type: "paAuthenticationTag", keyId: 0, mac: empty },
    { type: "eapPayload", packet: empty },
    { type: "prf", value: 0 },
    { type: "macAlgorithm", value: 0 },
    { type: "sessionLifetime", value: 0 },
    { type: "receivedPak", value: 0 },
    { type: "idIndicator", identity: "" },
    { type: "thirdPartyId", id: empty },
    { type: "description", text: "" },
    { type: "prefix64", prefix: new Uint8Array(12), suffix: empty, ipv4Prefixes: undefined },
    { type: "portSet", size: 1, firstInternalPort: 1, parity: false },
    { type: "checkpointRequired" },
  ];
  assertEquals<number[]>(options.map(optionCode), Object.values(OptionCode));
  for (const option of options) assertEquals(optionLength(option) % 4, 0);
});

function encoded(option: Option): string {
  const bytes = new Uint8Array(optionLength(option));
  encodeOption(option, new DataView(bytes.buffer), 0);
  return hex(bytes);
}
