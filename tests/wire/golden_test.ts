import { assert, assertEquals } from "@std/assert";
import {
  decodeDhcpv4Servers,
  decodeDhcpv6Servers,
  encodeDhcpv4Servers,
  encodeDhcpv6Servers,
} from "../../src/wire/dhcp.ts";
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeRequestInto,
  encodeResponse,
  type RequestInit,
  type ResponseInit,
} from "../../src/wire/message.ts";
import {
  decodeNatPmpRequest,
  decodeNatPmpResponse,
  encodeNatPmpRequest,
  encodeNatPmpResponse,
} from "../../src/wire/natpmp.ts";
import { Opcode } from "../../src/wire/opcode.ts";
import { decodeOptions, encodeOption, type Option, optionLength } from "../../src/wire/option.ts";
import {
  DHCPV4,
  DHCPV6,
  type Golden,
  golden,
  NATPMP_REQUESTS,
  NATPMP_RESPONSES,
  OPTIONS,
  REQUESTS,
  RESPONSES,
} from "../helpers/golden.ts";
import { hex, octets, viewOfHex } from "../helpers/hex.ts";

const OPCODES = { announce: Opcode.Announce, map: Opcode.Map, peer: Opcode.Peer } as const;

for (const [name, text, init] of Object.values<Golden<RequestInit>>(REQUESTS)) {
  const bytes = octets(text);

  Deno.test(`encodeRequest() ${name} (C-5-1, C-7-2, C-7.1-1, C-7.1-2)`, () => {
    assertEquals(hex(encodeRequest(init)), hex(bytes));
  });

  Deno.test(`encodeRequestInto() leaves nothing of a used buffer: ${name} (C-7.1-2)`, () => {
    const buffer = new Uint8Array(1100).fill(0xa5);
    assertEquals(encodeRequestInto(init, buffer), bytes.length);
    assertEquals(hex(buffer.subarray(0, bytes.length)), hex(bytes));
    assertEquals(buffer.subarray(bytes.length), new Uint8Array(1100 - bytes.length).fill(0xa5));
  });

  Deno.test(`decodeRequest() ${name}`, () => {
    const decoded = decodeRequest(bytes);
    assert(decoded.ok);
    assertEquals<unknown>(decoded.value, {
      version: 2,
      ...(init.type === "other" ? {} : { opcode: OPCODES[init.type] }),
      options: [],
      optionFault: undefined,
      ...init,
    });
    assertEquals(hex(encodeRequest(decoded.value)), hex(bytes));
  });
}

for (const [name, text, init] of Object.values<Golden<ResponseInit>>(RESPONSES)) {
  const bytes = octets(text);

  Deno.test(`encodeResponse() ${name}`, () => {
    assertEquals(hex(encodeResponse(init)), hex(bytes));
  });

  Deno.test(`decodeResponse() ${name}`, () => {
    const decoded = decodeResponse(bytes);
    assert(decoded.ok);
    assertEquals<unknown>(decoded.value, {
      version: 2,
      ...(init.type === "other" ? {} : { opcode: OPCODES[init.type] }),
      options: [],
      optionFault: undefined,
      ...init,
    });
    assertEquals(hex(encodeResponse(decoded.value)), hex(bytes));
  });
}

for (const [name, text, option] of Object.values<Golden<Option>>(OPTIONS)) {
  const bytes = octets(text);

  Deno.test(`encodeOption() ${name}`, () => {
    const buffer = new Uint8Array(40).fill(0xa5);
    assertEquals(optionLength(option), bytes.length);
    assertEquals(encodeOption(option, new DataView(buffer.buffer), 4), 4 + bytes.length);
    assertEquals(hex(buffer.subarray(4, 4 + bytes.length)), hex(bytes));
    assertEquals([buffer[3], buffer[4 + bytes.length]], [0xa5, 0xa5]);
  });

  Deno.test(`decodeOptions() ${name}`, () => {
    assertEquals(decodeOptions(viewOfHex(text), 0), { options: [option], fault: undefined });
  });
}

for (const [name, text, request] of Object.values(NATPMP_REQUESTS)) {
  Deno.test(`NAT-PMP request, both ways: ${name}`, () => {
    assertEquals(hex(encodeNatPmpRequest(request)), hex(octets(text)));
    assertEquals(decodeNatPmpRequest(octets(text)), { ok: true, value: request });
  });
}

for (const [name, text, response] of Object.values(NATPMP_RESPONSES)) {
  Deno.test(`NAT-PMP response, both ways: ${name}`, () => {
    assertEquals(hex(encodeNatPmpResponse(response)), hex(octets(text)));
    assertEquals(decodeNatPmpResponse(octets(text)), { ok: true, value: response });
  });
}

Deno.test(`server list, both ways: ${DHCPV4[0]}`, () => {
  assertEquals(decodeDhcpv4Servers(octets(DHCPV4[1])), DHCPV4[2]);
  assertEquals(hex(encodeDhcpv4Servers(DHCPV4[2])), hex(octets(DHCPV4[1])));
});

Deno.test(`server list, both ways: ${DHCPV6[0]}`, () => {
  assertEquals(decodeDhcpv6Servers(octets(DHCPV6[1])), DHCPV6[2]);
  assertEquals(hex(encodeDhcpv6Servers(DHCPV6[2])), hex(octets(DHCPV6[1])));
});

Deno.test("no golden vector is left out", () => {
  assertEquals(Object.keys(golden).length + [DHCPV4, DHCPV6].length, 44);
});
