import { assert, assertEquals, assertThrows } from "@std/assert";
import { IpAddress } from "../../src/wire/address.ts";
import {
  decodeResponse,
  encodeRequest,
  encodeResponse,
  type Response,
} from "../../src/wire/message.ts";
import { Nonce } from "../../src/wire/nonce.ts";
import { hex, octets } from "../helpers/hex.ts";

const map = {
  type: "map",
  result: 0,
  lifetime: 3600,
  epoch: 1000,
  nonce: Nonce.fromHex("a0a1a2a3a4a5a6a7a8a9aaab"),
  protocol: 6,
  internalPort: 8080,
  externalPort: 40000,
  externalAddress: IpAddress.parse("203.0.113.5"),
} as const;
const peer = {
  ...map,
  type: "peer",
  remotePort: 443,
  remoteAddress: IpAddress.parse("198.51.100.7"),
} as const;

Deno.test("decodeResponse() drops fewer than 4 octets (C-8.3-3)", () => {
  for (const text of ["", "03", "0381", "038100", "000000"]) {
    assertEquals(decodeResponse(octets(text)), { ok: false, reason: "tooShort" });
  }
});

Deno.test("decodeResponse() drops a request sent back unchanged (C-8.3-4)", () => {
  const echo = encodeRequest({ ...map, clientAddress: IpAddress.parse("192.168.1.10") });
  assertEquals(decodeResponse(echo), { ok: false, reason: "notResponse" });
});

Deno.test("decodeResponse() drops wrong lengths of otherwise valid content (C-8.3-5)", () => {
  const reasons = [
    [20, "tooShort"],
    [23, "tooShort"],
    [25, "tooShort"],
    [59, "tooShort"],
    [61, "oddLength"],
    [1101, "tooLong"],
    [1104, "tooLong"],
  ] as const;
  for (const [length, reason] of reasons) {
    const bytes = new Uint8Array(length);
    bytes.set(encodeResponse(map).subarray(0, length));
    assertEquals([length, decodeResponse(bytes)], [length, { ok: false, reason }]);
  }
  const announce = octets("02800000 00000000 000003e8 00000000 00000000 00000000 00");
  assertEquals(decodeResponse(announce), { ok: false, reason: "oddLength" });
});

Deno.test("decodeResponse() drops 1104 octets whose first 1100 are valid (C-8.3-14)", () => {
  const filler = { type: "unknown", code: 200, data: new Uint8Array(1036) } as const;
  const valid = encodeResponse({ ...map, options: [filler] });
  const longer = new Uint8Array(1104);
  longer.set(valid);
  assertEquals([valid.length, decodeResponse(valid).ok], [1100, true]);
  assertEquals(decodeResponse(longer), { ok: false, reason: "tooLong" });
});

Deno.test("decodeResponse() drops MAP below 60 and PEER below 80 octets (C-8.3-7)", () => {
  for (const length of [24, 56]) {
    const bytes = encodeResponse(map).subarray(0, length);
    assertEquals(decodeResponse(bytes), { ok: false, reason: "tooShort" });
  }
  for (const length of [24, 60, 76]) {
    const bytes = encodeResponse(peer).subarray(0, length);
    assertEquals(decodeResponse(bytes), { ok: false, reason: "tooShort" });
  }
});

Deno.test("decodeResponse() ignores reserved fields (C-8.3-8)", () => {
  const dirt = [2, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 37, 38, 39];
  for (const [init, reserved] of [[map, dirt], [peer, [...dirt, 62, 63]]] as const) {
    const plain = encodeResponse(init);
    const dirty = plain.slice();
    for (const at of reserved) dirty[at] = 0xff;
    assertEquals(decodeResponse(dirty), decodeResponse(plain));
    assertEquals(decodeResponse(dirty).ok, true);
  }
});

Deno.test("decodeResponse() drops another version that is no version error (C-8.3-11, F-02)", () => {
  for (const version of [0, 1, 3, 255]) {
    for (const result of [0, 2, 77]) {
      const bytes = encodeResponse({ ...map, version, result });
      assertEquals(decodeResponse(bytes), { ok: false, reason: "version" });
    }
  }
});

Deno.test("decodeResponse() gives unknown result codes as valid messages (C-7.4-1)", () => {
  for (let result = 0; result <= 255; result++) {
    const bytes = encodeResponse({ ...map, result });
    const { value } = accepted(bytes);
    assertEquals([value.type, value.result], ["map", result]);
    assertEquals(encodeResponse(value), bytes);
  }
});

Deno.test("decodeResponse() keeps options it does not know and the mapping (C-7.3-6)", () => {
  const bytes = octets(
    hex(encodeResponse(map)) + "64000008 00010203 04050607 c8000003 aabbcc00",
  );
  const { value } = accepted(bytes);
  assertEquals(value.type === "map" && value.externalPort, 40000);
  assertEquals(value.options.map((option) => option.type), ["unknown", "unknown"]);
  assertEquals(encodeResponse(value), bytes);
});

Deno.test("decodeResponse() keeps the mapping of a malformed option area (C-8.3-13)", () => {
  for (const tail of ["8000ffff", "02000000 80000005 61626364"]) {
    const { value } = accepted(octets(hex(encodeResponse(map)) + tail));
    assertEquals([value.type, value.optionFault], ["map", "overrun"]);
  }
});

Deno.test("decodeResponse() reads both all-zeros addresses (C-5-1, C-8.3-12)", () => {
  for (const externalAddress of [IpAddress.ANY_IPV4, IpAddress.ANY_IPV6]) {
    const { value } = accepted(encodeResponse({ ...map, externalAddress }));
    assert(value.type === "map");
    assertEquals(value.externalAddress, externalAddress);
    assertEquals(value.externalAddress.family, externalAddress.family);
  }
});

Deno.test("decodeResponse() does not take a similar IPv6 address for IPv4 (C-5-2)", () => {
  const externalAddress = IpAddress.parse("2001:db8::ffff:102:304");
  const { value } = accepted(encodeResponse({ ...map, externalAddress }));
  assert(value.type === "map");
  assertEquals(value.externalAddress.toString(), "2001:db8::ffff:102:304");
});

Deno.test("decodeResponse() reads AUTHENTICATION and unknown opcodes as data", () => {
  const authentication = octets(
    "02830016 00000000 00000001 00000000 00000000 00000000 00000007 00000000 04000004 deadbeef",
  );
  const { value } = accepted(authentication);
  assertEquals([value.type, value.opcode, value.result], ["other", 3, 22]);
  assertEquals(value.options, [{ type: "nonce", value: 0xdeadbeef }]);
  assertEquals(encodeResponse(value), authentication);
  assertEquals(decodeResponse(authentication.subarray(0, 28)), { ok: false, reason: "tooShort" });
  const unknown = octets("02ff4d07 00000000 00000001 00000000 00000000 00000000 01020304");
  assertEquals(encodeResponse(accepted(unknown).value), unknown);
});

Deno.test("decodeResponse() sees UNSUPP_VERSION before it asks for 24 octets (C-9-10)", () => {
  const whole = "03810001 00000708 000003e8 00000000 00000000 00000000 01020304";
  const forms = [
    [4, 0, 0],
    [5, 0, 0],
    [8, 1800, 0],
    [11, 1800, 0],
    [12, 1800, 1000],
    [23, 1800, 1000],
    [24, 1800, 1000],
    [28, 1800, 1000],
  ] as const;
  for (const [length, lifetime, epoch] of forms) {
    const { value } = accepted(octets(whole).subarray(0, length));
    const { type, version, opcode, result } = value;
    assertEquals<unknown[]>(
      [length, type, version, opcode, result, value.lifetime, value.epoch],
      [length, "other", 3, 1, 1, lifetime, epoch],
    );
  }
  const { value } = accepted(octets(whole));
  assertEquals(encodeResponse(value), octets(whole));
});

Deno.test("decodeResponse() accepts a PCP version error only with the R bit (C-9-10)", () => {
  for (const text of ["03010001", "03010001 00000708", "02010001", "01000001 00000000"]) {
    assertEquals(decodeResponse(octets(text)), { ok: false, reason: "notResponse" });
  }
});

Deno.test("decodeResponse() takes UNSUPP_VERSION of version 2 in any length (C-9-10, C-9-12)", () => {
  const whole = hex(encodeResponse({ ...map, result: 1, externalPort: 0 }));
  for (const [length, type] of [[4, "other"], [24, "other"], [59, "other"], [60, "map"]] as const) {
    const { value } = accepted(octets(whole).subarray(0, length));
    assertEquals([length, value.type, value.version, value.result], [length, type, 2, 1]);
  }
});

Deno.test("decodeResponse() takes nothing from a version error that is too long to be one", () => {
  const bytes = new Uint8Array(2000);
  bytes.set(octets("03810001 00000708 000003e8"));
  const { value } = accepted(bytes);
  assertEquals(value.type === "other" && value.data.length, 0);
  assertEquals([value.lifetime, value.epoch], [1800, 1000]);
});

Deno.test("decodeResponse() recognises the NAT-PMP version error (F-01, C-9-5, C-9-8)", () => {
  for (
    const text of [
      "00000001 ffffffff",
      "00800001 ffffffff",
      "00810001 ffffffff",
      "00820001 ffffffff",
    ]
  ) {
    const { value } = accepted(octets(text));
    assertEquals(
      [text, value.type, value.version, value.result, value.lifetime, value.epoch],
      [text, "other", 0, 1, 0, 0xffffffff],
    );
  }
  assertEquals(accepted(octets("00000001 000003e8 00000000")).value.epoch, 1000);
});

Deno.test("decodeResponse() recognises no NAT-PMP version error in what is none (F-01)", () => {
  const others = [
    ["00800003 00000000 00000000 00000000 00000000 00000000", "version"],
    ["00810101 000003e8", "version"],
    ["00800000 000003e8 cb007105", "version"],
    ["00000001", "notResponse"],
    ["00010001 000003e8", "notResponse"],
    ["00000000 000003e8", "notResponse"],
    ["00000101 000003e8", "notResponse"],
  ] as const;
  for (const [text, reason] of others) {
    assertEquals([text, decodeResponse(octets(text))], [text, { ok: false, reason }]);
  }
});

Deno.test("encodeResponse() throws RangeError on numbers that do not fit", () => {
  assertThrows(() => encodeResponse({ ...map, result: 256 }), RangeError, "result");
  assertThrows(() => encodeResponse({ ...map, epoch: 2 ** 32 }), RangeError, "epoch");
  assertThrows(() => encodeResponse({ ...map, lifetime: -1 }), RangeError, "lifetime");
  const data = new Uint8Array(1080);
  assertThrows(
    () => encodeResponse({ ...map, type: "other", opcode: 9, data }),
    RangeError,
    "1104",
  );
  const other = { ...map, type: "other", opcode: 9, data: new Uint8Array(0) } as const;
  assertThrows(() => encodeResponse({ ...other, reserved: 256 }), RangeError, "reserved");
  assertEquals(encodeResponse(other).length, 24);
});

function accepted(bytes: Uint8Array): { readonly ok: true; readonly value: Response } {
  const decoded = decodeResponse(bytes);
  assert(decoded.ok, `refused ${hex(bytes)}`);
  return decoded;
}
