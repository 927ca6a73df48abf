import { assert, assertEquals, assertMatch } from "@std/assert";
import { describe } from "../../src/wire/describe.ts";
import { decodeDhcpv4Servers, decodeDhcpv6Servers } from "../../src/wire/dhcp.ts";
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from "../../src/wire/message.ts";
import {
  decodeNatPmpRequest,
  decodeNatPmpResponse,
  encodeNatPmpRequest,
} from "../../src/wire/natpmp.ts";
import { decodeOptions } from "../../src/wire/option.ts";
import { seededWords } from "../../src/testing/random.ts";
import { hex } from "../helpers/hex.ts";
import { randomMessage, randomOctets } from "./random_message.ts";

const SEED = 20130401;

// No decoder throws, for any octets of any length.
Deno.test(`decoders never throw on any length of random octets, seed ${SEED} (C-18-5)`, () => {
  const next = unsignedWords(SEED);
  for (let length = 0; length <= 2000; length++) decodeAll(randomOctets(next, length));
});

// The same, with headers that pass the first checks.
Deno.test(`decoders never throw behind a plausible header, seed ${SEED} (C-18-5)`, () => {
  const next = unsignedWords(SEED);
  const accepted = { requests: 0, responses: 0, natPmp: 0 };
  for (let round = 0; round < 3000; round++) {
    // Half of them about as short as NAT-PMP is.
    const length = 4 + (round < 1500 ? round : round % 20);
    const bytes = randomOctets(next, length);
    bytes[0] = (next() & 3) === 0 ? 0 : 2;
    bytes[1] = (next() & 0x83) | (next() & 1);
    if ((next() & 3) === 0) bytes.set([0, 1], 2);
    const { request, response, natPmp } = decodeAll(bytes);
    if (request) accepted.requests++;
    if (response) accepted.responses++;
    if (natPmp) accepted.natPmp++;
  }
  // Otherwise the test would test nothing.
  for (const count of Object.values(accepted)) assert(count > 0, JSON.stringify(accepted));
});

// A decoded message encodes to the same octets if its reserved octets are zero.
Deno.test(`a decoded message encodes to the same octets, seed ${SEED}`, () => {
  const next = unsignedWords(SEED);
  const seen = new Set<string>();
  for (let round = 0; round < 3000; round++) {
    const isResponse = (next() & 1) === 1;
    const bytes = randomMessage(next, isResponse);
    if (isResponse) {
      const decoded = decodeResponse(bytes);
      assert(decoded.ok, hex(bytes));
      assertEquals(decoded.value.optionFault, undefined, hex(bytes));
      assertEquals(hex(encodeResponse(decoded.value)), hex(bytes));
      for (const option of decoded.value.options) seen.add(option.type);
    } else {
      const decoded = decodeRequest(bytes);
      assert(decoded.ok, hex(bytes));
      assertEquals(decoded.value.optionFault, undefined, hex(bytes));
      assertEquals(hex(encodeRequest(decoded.value)), hex(bytes));
      for (const option of decoded.value.options) seen.add(option.type);
    }
  }
  // All types except those for which random data are seldom valid.
  assert(seen.has("unknown") && seen.has("malformed") && seen.size >= 16, [...seen].join());
});

Deno.test("decodeOptions() allocates for the octets present, not for a claimed length (C-18-5)", () => {
  const empty = new DataView(new ArrayBuffer(4 * 200_000));
  assertEquals(decodeOptions(empty, 0).options.length, 200_000);
  const claims = new DataView(Uint8Array.of(200, 0, 255, 255).buffer);
  assertEquals(decodeOptions(claims, 0), { options: [], fault: "overrun" });
});

function decodeAll(bytes: Uint8Array): Record<"request" | "response" | "natPmp", boolean> {
  const request = decodeRequest(bytes);
  if (request.ok) encodeIfSound(request.value.optionFault, () => encodeRequest(request.value));
  const response = decodeResponse(bytes);
  if (response.ok) encodeIfSound(response.value.optionFault, () => encodeResponse(response.value));
  const natPmp = decodeNatPmpRequest(bytes);
  if (natPmp.ok) encodeNatPmpRequest(natPmp.value);
  const answer = decodeNatPmpResponse(bytes);
  decodeDhcpv4Servers(bytes);
  decodeDhcpv6Servers(bytes);
  decodeOptions(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
  const line = describe(bytes);
  assertMatch(line, /^[\x20-\x7e…\p{L}\p{N}\p{P}\p{S}\p{M}\p{Zs}]{10,4000}$/u);
  return { request: request.ok, response: response.ok, natPmp: natPmp.ok || answer.ok };
}

/** A message that decoded without a fault is within all bounds, so it must encode. */
function encodeIfSound(fault: string | undefined, encode: () => Uint8Array): void {
  if (fault === undefined) assertEquals(encode().length % 4, 0);
}

function unsignedWords(seed: number): () => number {
  const words = seededWords(seed);
  return () => words() >>> 0;
}
