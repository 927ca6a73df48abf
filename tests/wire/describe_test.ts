import { assertEquals, assertMatch, assertNotMatch, assertStringIncludes } from "@std/assert";
import { IpAddress } from "../../src/wire/address.ts";
import { describe } from "../../src/wire/describe.ts";
import { encodeRequest, encodeResponse } from "../../src/wire/message.ts";
import { Nonce } from "../../src/wire/nonce.ts";
import type { Option } from "../../src/wire/option.ts";
import {
  NATPMP_REQUESTS,
  NATPMP_RESPONSES,
  OPTIONS,
  REQUESTS,
  RESPONSES,
} from "../helpers/golden.ts";
import { octets } from "../helpers/hex.ts";

const clientAddress = IpAddress.parse("192.168.1.10");
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

Deno.test("describe() puts each golden message into one line", () => {
  const lines = [REQUESTS, RESPONSES, NATPMP_REQUESTS, NATPMP_RESPONSES]
    .flatMap((table) => Object.values(table).map(([, text]) => describe(octets(text))));
  const grant = "tcp 8080 -> 203.0.113.5:40000, nonce a0a1…";
  const mapping = "tcp 8080 -> 0.0.0.0:0, nonce a0a1…";
  const me = "client 192.168.1.10";
  const peer = "peer 198.51.100.7:443, nonce a0a1…";
  assertEquals(lines, [
    `PCP ANNOUNCE request, ${me}`,
    `PCP MAP request, ${mapping}, lifetime 7200, ${me}`,
    `PCP MAP request, ${grant}, lifetime 7200, ${me}`,
    `PCP MAP request, ${mapping}, lifetime 0, ${me}`,
    `PCP MAP request, udp 0 -> 0.0.0.0:0, nonce a0a1…, lifetime 7200, ${me}`,
    `PCP MAP request, all 0 -> 0.0.0.0:0, nonce a0a1…, lifetime 7200, ${me}`,
    "PCP MAP request, udp 8080 -> [::]:0, nonce a0a1…, lifetime 7200, client 2001:db8:1::10",
    `PCP PEER request, tcp 51000 -> 0.0.0.0:0, ${peer}, lifetime 3600, ${me}`,
    `PCP MAP request, ${mapping}, lifetime 600, ${me}, FILTER 198.51.100.0/24, DESCRIPTION "web"`,
    `PCP AUTHENTICATION request, 8 octets, lifetime 0, ${me}, NONCE`,
    "PCP ANNOUNCE response, SUCCESS, epoch 1000",
    `PCP MAP response, SUCCESS, ${grant}, lifetime 3600, epoch 1000`,
    `PCP MAP response, SUCCESS, ${mapping}, lifetime 0, epoch 1010`,
    `PCP MAP response, NO_RESOURCES, ${mapping}, lifetime 30, epoch 1000`,
    "PCP MAP response, SUCCESS, udp 8080 -> [2001:db8:1::10]:8080, nonce a0a1…, lifetime 7200, epoch 1000",
    `PCP PEER response, SUCCESS, tcp 51000 -> 203.0.113.5:51000, ${peer}, lifetime 3600, epoch 1000`,
    "PCP MAP response, UNSUPP_VERSION, speaks version 3",
    "NAT-PMP external address request",
    "NAT-PMP map request, udp 8080 -> 0, lifetime 7200",
    "NAT-PMP map request, tcp 8080 -> 8080, lifetime 7200",
    "NAT-PMP map request, udp 8080 -> 0, lifetime 0",
    "NAT-PMP map request, tcp 0 -> 0, lifetime 0",
    "NAT-PMP error, UNSUPPORTED_VERSION, epoch 1000",
    "NAT-PMP error, UNSUPPORTED_VERSION, epoch 1000",
    "NAT-PMP external address response, SUCCESS, 203.0.113.5, epoch 1000",
    "NAT-PMP external address response, NETWORK_FAILURE, 0.0.0.0, epoch 1000",
    "NAT-PMP map response, SUCCESS, udp 8080 -> 40000, lifetime 3600, epoch 1000",
    "NAT-PMP map response, SUCCESS, udp 8080 -> 0, lifetime 0, epoch 1000",
  ]);
});

Deno.test("describe() names every option", () => {
  const shown = [
    "THIRD_PARTY 192.168.1.99",
    "PREFER_FAILURE",
    "FILTER 198.51.100.0/24",
    "FILTER 2001:db8:9::/64 port 443",
    "FILTER none",
    'DESCRIPTION "web"',
    'DESCRIPTION ""',
    "PREFIX64 /96",
    "PREFIX64 /96",
    "PREFIX64 /56",
    "PORT_SET 100 from 50000",
    "PORT_SET 100 from 50000 parity",
    "THIRD_PARTY_ID (3 octets)",
    "CHECKPOINT_REQUIRED",
  ];
  assertEquals(Object.values(OPTIONS).map(([, , option]) => optionText(option)), shown);
  const others: readonly (readonly [Option, string])[] = [
    [{ type: "prf", value: 5 }, "PRF 5"],
    [{ type: "macAlgorithm", value: 12 }, "MAC_ALGORITHM 12"],
    [{ type: "sessionLifetime", value: 60 }, "SESSION_LIFETIME 60"],
    [{ type: "receivedPak", value: 1 }, "RECEIVED_PAK 1"],
    [{ type: "idIndicator", identity: "me" }, 'ID_INDICATOR "me"'],
    [{ type: "eapPayload", packet: octets("01") }, "EAP_PAYLOAD"],
    [{ type: "paAuthenticationTag", keyId: 1, mac: octets("01") }, "PA_AUTHENTICATION_TAG"],
    [{ type: "unknown", code: 200, data: octets("010203") }, "OPTION_200 (3 octets)"],
    [{ type: "malformed", code: 3, data: octets("01") }, "FILTER malformed (1 octet)"],
  ];
  for (const [option, expected] of others) assertEquals(optionText(option), expected);
});

Deno.test("describe() lists eight options and counts the rest", () => {
  const options = new Array<Option>(11).fill({ type: "preferFailure" });
  const line = describe(encodeRequest({ ...map, options }));
  assertEquals(line.split("PREFER_FAILURE").length - 1, 8);
  assertMatch(line, /, 3 more options$/);
});

Deno.test("describe() reports that options are cut off", () => {
  const bytes = Uint8Array.from([...encodeRequest(map), 0x80, 0, 0xff, 0xff]);
  assertMatch(describe(bytes), /, options cut off \(overrun\)$/);
});

Deno.test("describe() never shows a whole nonce, readable or not (C-18-3)", () => {
  const request = encodeRequest(map);
  const datagrams = [
    request,
    request.subarray(0, 59),
    Uint8Array.from([...request, 0]),
    encodeResponse({ ...map, result: 2, epoch: 1 }),
    Uint8Array.from([3, ...request.subarray(1)]),
    Uint8Array.from([0, ...request.subarray(1)]),
  ];
  for (const bytes of datagrams) {
    assertNotMatch(describe(bytes), /a4.?a5|aa.?ab/i);
  }
  assertStringIncludes(describe(request), "nonce a0a1…");
});

Deno.test("describe() clips and escapes text from the network", () => {
  const evil = '\x1b[2J"\n\x7f\x9b\u202e\u200b\u2028\u{e0041}';
  const line = optionText({ type: "description", text: evil });
  assertEquals(
    line,
    'DESCRIPTION "\\u001b[2J\\"\\n\\u{7f}\\u{9b}\\u{202e}\\u{200b}\\u{2028}\\u{e0041}"',
  );
  const long = optionText({ type: "description", text: "🎮".repeat(100) });
  assertEquals(long, `DESCRIPTION "${"🎮".repeat(40)}"…`);
});

Deno.test("describe() gives length, reason and first octets of an unreadable datagram", () => {
  const lines = [
    ["", "Unreadable datagram (tooShort), 0 octets"],
    ["02", "Unreadable datagram (PCP, tooShort), 1 octet, begins 02"],
    ["02810000 00000000", "Unreadable datagram (PCP, tooShort), 8 octets, begins 02 81 00 00"],
    ["00800003 00000000 00000000 00000000 00000000 00000000", "Unreadable datagram (version)"],
    ["07000000 00000000", "Unreadable datagram (version), 8 octets, begins 07 00 00 00"],
    ["00890005 1f900000 00001c20", "NAT-PMP error, UNSUPPORTED_OPCODE"],
    ["00810001", "PCP MAP response, UNSUPP_VERSION, speaks version 0"],
  ] as const;
  for (const [text, start] of lines) {
    const line = describe(octets(text));
    assertEquals(line.slice(0, start.length), start);
  }
});

Deno.test("describe() shows UNSUPP_VERSION that names version 2 with its lifetime", () => {
  const line = describe(octets("02810001 00000708 000003e8"));
  assertEquals(line, "PCP MAP response, UNSUPP_VERSION, 0 octets, lifetime 1800, epoch 1000");
});

/** The part of the line that is about the one option. */
function optionText(option: Option): string {
  const line = describe(encodeRequest({ ...map, options: [option] }));
  return line.slice(line.indexOf(`client ${clientAddress}, `) + `client ${clientAddress}, `.length);
}
