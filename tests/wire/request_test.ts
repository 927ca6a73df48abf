import { assert, assertEquals, assertThrows } from "@std/assert";
import { IpAddress } from "../../src/wire/address.ts";
import {
  decodeRequest,
  encodeRequest,
  encodeRequestInto,
  type RequestInit,
} from "../../src/wire/message.ts";
import { Nonce } from "../../src/wire/nonce.ts";
import type { Option } from "../../src/wire/option.ts";
import { hex, octets } from "../helpers/hex.ts";

const clientAddress = IpAddress.parse("192.168.1.10");
const announce = { type: "announce", lifetime: 0, clientAddress } as const;
const map = {
  type: "map",
  lifetime: 7200,
  clientAddress,
  nonce: Nonce.fromHex("a0a1a2a3a4a5a6a7a8a9aaab"),
  protocol: 6,
  internalPort: 8080,
  externalPort: 0,
  externalAddress: IpAddress.ANY_IPV4,
} as const;
const peer = {
  ...map,
  type: "peer",
  remotePort: 443,
  remoteAddress: IpAddress.parse("198.51.100.7"),
} as const;
const filter: Option = {
  type: "filter",
  prefixLength: 128,
  remotePort: 0,
  remoteAddress: IpAddress.parse("198.51.100.7"),
};

Deno.test("encodeRequest() writes numbers big-endian (C-7-2)", () => {
  const bytes = encodeRequest({ ...map, lifetime: 7200, internalPort: 0x1234 });
  assertEquals(hex(bytes.subarray(4, 8)), "00001c20");
  assertEquals(hex(bytes.subarray(40, 42)), "1234");
});

Deno.test("encodeRequest() writes the largest numbers", () => {
  const bytes = encodeRequest({
    ...map,
    lifetime: 0xffffffff,
    protocol: 255,
    internalPort: 65535,
    externalPort: 65535,
  });
  const text = hex(bytes);
  assertEquals(text.slice(9, 17), "ffffffff");
  assertEquals(text.slice(9 * 9, 9 * 11 - 1), "ff000000 ffffffff");
});

Deno.test("encodeRequest() writes both all-zeros suggestions (C-5-1, C-11.1-1)", () => {
  const forms = [
    [IpAddress.ANY_IPV4, "00000000 00000000 0000ffff 00000000"],
    [IpAddress.ANY_IPV6, "00000000 00000000 00000000 00000000"],
  ] as const;
  for (const [externalAddress, text] of forms) {
    const bytes = encodeRequest({ ...map, externalAddress });
    assertEquals(hex(bytes.subarray(44)), text);
    const decoded = decodeRequest(bytes);
    assert(decoded.ok && decoded.value.type === "map");
    assertEquals(decoded.value.externalAddress, externalAddress);
  }
});

Deno.test("encodeRequest() keeps every message a multiple of 4 octets (C-7-1)", () => {
  for (let length = 0; length <= 9; length++) {
    const bytes = encodeRequest({
      ...map,
      options: [{ type: "description", text: "x".repeat(length) }],
    });
    assertEquals(bytes.length, 60 + 4 + 4 * Math.ceil(length / 4));
    assertEquals(decodeRequest(bytes).ok, true);
  }
});

Deno.test("encodeRequest() refuses 1104 octets and writes 1100 (C-7-1)", () => {
  const options = (size: number): Option[] => [
    ...new Array<Option>(43).fill(filter),
    { type: "unknown", code: 200, data: new Uint8Array(size) },
  ];
  assertEquals(encodeRequest({ ...map, options: options(4) }).length, 1100);
  assertThrows(() => encodeRequest({ ...map, options: options(5) }), RangeError, 'got "1104"');
  const sixty = new Array<Option>(60).fill(filter);
  assertThrows(() => encodeRequest({ ...map, options: sixty }), RangeError, 'got "1500"');
  assertThrows(
    () => encodeRequestInto({ ...map, options: sixty }, new Uint8Array(2000)),
    RangeError,
  );
});

Deno.test("encodeRequestInto() throws RangeError if the buffer is too small", () => {
  assertThrows(() => encodeRequestInto(map, new Uint8Array(59)), RangeError, 'the buffer has "59"');
  assertEquals(encodeRequestInto(map, new Uint8Array(60)), 60);
});

Deno.test("encodeRequestInto() writes into a part of a buffer, and into another one after it", () => {
  const whole = new Uint8Array(100).fill(0xa5);
  const part = whole.subarray(8, 92);
  for (const init of [map, peer, announce]) {
    whole.fill(0xa5);
    const length = encodeRequestInto(init, part);
    assertEquals(part.slice(0, length), encodeRequest(init));
    assertEquals([...whole.subarray(0, 8)], new Array(8).fill(0xa5));
    assertEquals([...part.subarray(length)], new Array(84 - length).fill(0xa5));
  }
});

Deno.test("encodeRequestInto() follows a buffer whose memory grows or moves away", () => {
  const memory = new ArrayBuffer(24, { maxByteLength: 100 });
  const buffer = new Uint8Array(memory);
  assertEquals(encodeRequestInto(announce, buffer), 24);
  memory.resize(60);
  assertEquals(encodeRequestInto(map, buffer), 60);
  assertEquals(buffer, encodeRequest(map));
  memory.resize(0);
  assertThrows(() => encodeRequestInto(map, buffer), RangeError, 'the buffer has "0"');
});

Deno.test("encodeRequest() throws RangeError on numbers that do not fit", () => {
  const wrong: readonly (readonly [RequestInit, string])[] = [
    [
      { ...map, lifetime: 2 ** 32 },
      'lifetime must be an integer from 0 to 4294967295, got "4294967296"',
    ],
    [{ ...map, lifetime: -1 }, 'got "-1"'],
    [{ ...map, lifetime: 0.5 }, 'got "0.5"'],
    [{ ...map, lifetime: NaN }, 'got "NaN"'],
    [{ ...map, protocol: 256 }, "protocol"],
    [{ ...map, internalPort: 65536 }, "internal port"],
    [{ ...map, externalPort: -1 }, "external port"],
    [{ ...map, version: 256 }, "version"],
    [{ ...peer, remotePort: 70000 }, "remote port"],
    [{ ...announce, type: "other", opcode: 128, data: new Uint8Array(0) }, "opcode"],
    [{ ...announce, type: "other", opcode: 3, data: new Uint8Array(7) }, 'got "7"'],
    [
      { ...announce, type: "other", opcode: 3, data: octets("00000000"), reserved: 65536 },
      "reserved",
    ],
  ];
  for (const [init, message] of wrong) {
    assertThrows(() => encodeRequest(init), RangeError, message);
  }
});

Deno.test("encodeRequest() throws TypeError on numbers that are none", () => {
  assertThrows(() => encodeRequest({ ...map, internalPort: "80" as never }), TypeError, 'got "80"');
  assertThrows(
    () => encodeRequest({ ...map, lifetime: undefined as never }),
    TypeError,
    "lifetime",
  );
});

Deno.test("encodeRequest() writes a given version, and no scope", () => {
  const link = IpAddress.parse("fe80::1%eth0");
  const bytes = encodeRequest({ ...announce, version: 3, clientAddress: link });
  assertEquals(hex(bytes), "03000000 00000000 fe800000 00000000 00000000 00000001");
});

Deno.test("decodeRequest() keeps the data of unknown opcodes octet for octet", () => {
  for (const opcode of [4, 63, 96, 127]) {
    const text = `02${opcode.toString(16).padStart(2, "0")}abcd 00000007 00000000 00000000
      0000ffff c0a8010a 01020304 05060708`;
    const decoded = decodeRequest(octets(text));
    assert(decoded.ok && decoded.value.type === "other");
    assertEquals([decoded.value.opcode, decoded.value.reserved], [opcode, 0xabcd]);
    assertEquals(hex(decoded.value.data), "01020304 05060708");
    assertEquals(hex(encodeRequest(decoded.value)), hex(octets(text)));
  }
});

Deno.test("decodeRequest() ignores reserved octets", () => {
  const plain = encodeRequest(peer);
  const dirty = plain.slice();
  for (const at of [2, 3, 37, 38, 39, 62, 63]) dirty[at] = 0xff;
  assertEquals(decodeRequest(dirty), decodeRequest(plain));
});

Deno.test("decodeRequest() gives values that outlive the buffer", () => {
  const bytes = encodeRequest({ ...map, options: [{ type: "description", text: "web" }] });
  const decoded = decodeRequest(bytes);
  const before = bytes.slice();
  bytes.fill(0xff);
  assert(decoded.ok);
  assertEquals(encodeRequest(decoded.value), before);
});

Deno.test("decodeRequest() gives the reason of a refusal", () => {
  const head = (start: string, length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    bytes.set(octets(start).subarray(0, length));
    return bytes;
  };
  const refusals = [
    [head("", 0), "tooShort"],
    [head("02", 1), "tooShort"],
    [head("0200", 2), "tooShort"],
    [head("0200", 23), "tooShort"],
    [head("0201", 56), "tooShort"],
    [head("0202", 76), "tooShort"],
    [head("0203", 28), "tooShort"],
    [head("0280", 24), "notRequest"],
    [head("0080", 2), "notRequest"],
    [head("0000", 2), "version"],
    [head("0101", 60), "version"],
    [head("0301", 60), "version"],
    [head("0200", 1104), "tooLong"],
    [head("0201", 1101), "tooLong"],
    [head("0200", 25), "oddLength"],
    [head("0201", 61), "oddLength"],
    [head("0204", 26), "oddLength"],
  ] as const;
  for (const [bytes, reason] of refusals) {
    const name = `${hex(bytes.subarray(0, 4))} of ${bytes.length}`;
    assertEquals([name, decodeRequest(bytes)], [name, { ok: false, reason }]);
  }
});
