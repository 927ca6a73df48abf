import { assertEquals, assertThrows } from "@std/assert";
import { IpAddress } from "../../src/wire/address.ts";
import {
  decodeNatPmpRequest,
  decodeNatPmpResponse,
  encodeNatPmpRequest,
  encodeNatPmpResponse,
  type NatPmpRequest,
  type NatPmpResponse,
} from "../../src/wire/natpmp.ts";
import { hex, octets } from "../helpers/hex.ts";

Deno.test("decodeNatPmpRequest() gives the reason of a refusal", () => {
  const refusals = [
    ["", "tooShort"],
    ["00", "tooShort"],
    ["0001", "tooShort"],
    ["00020000 1f900000 000000", "tooShort"],
    ["0200", "version"],
    ["0080", "notRequest"],
    ["0003 0000 1f900000 00001c20", "opcode"],
    ["007f", "opcode"],
    ["00000000 00000000 00000000 00000000 00", "tooLong"],
  ] as const;
  for (const [text, reason] of refusals) {
    assertEquals([text, decodeNatPmpRequest(octets(text))], [text, { ok: false, reason }]);
  }
});

Deno.test("decodeNatPmpRequest() ignores the reserved octets", () => {
  const plain = decodeNatPmpRequest(octets("00010000 1f900000 00001c20"));
  assertEquals(decodeNatPmpRequest(octets("0001ffff 1f900000 00001c20")), plain);
});

Deno.test("decodeNatPmpResponse() gives the reason of a refusal", () => {
  const refusals = [
    ["", "tooShort"],
    ["00800000 000003", "tooShort"],
    ["00800000 000003e8", "tooShort"],
    ["00800000 000003e8 cb0071", "tooShort"],
    ["00810000 000003e8 1f909c40", "tooShort"],
    ["02810000 000003e8 1f909c40 00000e10", "version"],
    ["00010000 1f900000 00001c20", "notResponse"],
    ["00010001 000003e8", "notResponse"],
    ["00000002 000003e8", "notResponse"],
    ["00830000 000003e8", "opcode"],
    ["00830000 000003e8 00000000 00000000", "opcode"],
  ] as const;
  for (const [text, reason] of refusals) {
    assertEquals([text, decodeNatPmpResponse(octets(text))], [text, { ok: false, reason }]);
  }
});

Deno.test("decodeNatPmpResponse() does not take a refused PCP request for an address (F-01)", () => {
  const text = "00800003 00000000 00000000 00000000 00000000 00000000";
  assertEquals(decodeNatPmpResponse(octets(text)), { ok: false, reason: "tooLong" });
});

Deno.test("decodeNatPmpResponse() reads errors in every form that servers send", () => {
  const errors = [
    ["00000001 000003e8", undefined, 1, 1000],
    ["00800001 000003e8", 0, 1, 1000],
    ["00820001 000003e8", 2, 1, 1000],
    ["00000001 000003e8 00000000", undefined, 1, 1000],
    ["00810002 000003e8", 1, 2, 1000],
    ["00890005 000003e8", 9, 5, 1000],
    ["00890005 1f900000 00001c20", 9, 5, undefined],
    ["00810005 1f900000 00001c20", 1, 5, undefined],
    ["00ff1234 000003e8", 127, 0x1234, 1000],
  ] as const;
  for (const [text, opcode, result, epoch] of errors) {
    assertEquals<unknown>(
      [text, decodeNatPmpResponse(octets(text))],
      [text, { ok: true, value: { type: "error", opcode, result, epoch } }],
    );
  }
});

Deno.test("decodeNatPmpResponse() keeps unknown results of 16 bits in mapping answers", () => {
  const text = "0082ffff 000003e8 1f900000 00000000";
  const value: NatPmpResponse = {
    ...{ type: "map", result: 0xffff, epoch: 1000, protocol: 6 },
    ...{ internalPort: 8080, externalPort: 0, lifetime: 0 },
  };
  assertEquals(decodeNatPmpResponse(octets(text)), { ok: true, value });
  assertEquals(hex(encodeNatPmpResponse(value)), text);
});

Deno.test("encodeNatPmpRequest() throws RangeError on numbers that do not fit", () => {
  const map = {
    type: "map",
    protocol: 17,
    internalPort: 1,
    externalPort: 1,
    lifetime: 1,
  } as const;
  const wrong: readonly (readonly [NatPmpRequest, string])[] = [
    [{ ...map, internalPort: 65536 }, "internal port"],
    [{ ...map, externalPort: -1 }, "external port"],
    [{ ...map, lifetime: 2 ** 32 }, "lifetime"],
    [{ ...map, protocol: 132 as never }, 'must be 17 or 6, got "132"'],
  ];
  for (const [request, message] of wrong) {
    assertThrows(() => encodeNatPmpRequest(request), RangeError, message);
  }
});

Deno.test("encodeNatPmpResponse() throws on what no answer can hold", () => {
  const address = IpAddress.parse("203.0.113.5");
  const head = { result: 0, epoch: 1 } as const;
  const ranges: readonly (readonly [NatPmpResponse, string])[] = [
    [{ type: "externalAddress", ...head, result: 65536, address }, "result"],
    [{ type: "externalAddress", ...head, epoch: -1, address }, "epoch"],
    [{ type: "error", ...head, opcode: 128 }, "opcode"],
  ];
  for (const [response, message] of ranges) {
    assertThrows(() => encodeNatPmpResponse(response), RangeError, message);
  }
  const types: readonly (readonly [NatPmpResponse, string])[] = [
    [{ type: "externalAddress", ...head, address: IpAddress.ANY_IPV6 }, 'must be IPv4, got "::"'],
    [{ type: "error", opcode: 1, result: 5, epoch: undefined }, "epoch"],
  ];
  for (const [response, message] of types) {
    assertThrows(() => encodeNatPmpResponse(response), TypeError, message);
  }
});
