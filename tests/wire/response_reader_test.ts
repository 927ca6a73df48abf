import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { IpAddress } from "../../src/wire/address.ts";
import { decodeResponse, encodeResponse, type Response } from "../../src/wire/message.ts";
import { Nonce } from "../../src/wire/nonce.ts";
import { ResponseReader } from "../../src/wire/response_reader.ts";
import { RESPONSES } from "./golden.ts";
import { generator, hex, octets, randomOctets } from "./octets.ts";
import { randomMessage } from "./random_message.ts";

const SEED = 20130402;

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

for (const [name, text, init] of RESPONSES) {
  Deno.test(`ResponseReader reads ${name}`, () => {
    const { value } = accepted(new ResponseReader(), octets(text));
    const opcode = init.type === "other"
      ? init.opcode
      : { announce: 0, map: 1, peer: 2 }[init.type];
    assertEquals<unknown>(value, {
      version: 2,
      options: [],
      optionFault: undefined,
      ...init,
      opcode,
    });
  });
}

Deno.test("ResponseReader sees what decodeResponse() sees in every beginning of a message", () => {
  const reader = new ResponseReader();
  const wholes = [
    ...RESPONSES.map(([, text]) => octets(text)),
    octets("00810001 000003e8 00000000"),
  ];
  for (const whole of wholes) {
    for (let length = 0; length <= whole.length; length++) same(reader, whole.slice(0, length));
  }
});

Deno.test(`ResponseReader sees what decodeResponse() sees in random messages, seed ${SEED}`, () => {
  const next = generator(SEED);
  const reader = new ResponseReader();
  const seen = new Map<string, number>();
  for (let round = 0; round < 4000; round++) {
    const bytes = disturbed(next, randomMessage(next, true));
    const verdict = same(reader, bytes);
    seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
  }
  // Or else the test has tested little.
  const all = [
    "map",
    "peer",
    "announce",
    "other",
    "tooShort",
    "oddLength",
    "notResponse",
    "version",
  ];
  for (const verdict of all) assert((seen.get(verdict) ?? 0) > 10, `${verdict} of ${[...seen]}`);
});

Deno.test(`ResponseReader sees what decodeResponse() sees in any length of random octets, seed ${SEED}`, () => {
  const next = generator(SEED);
  const reader = new ResponseReader();
  for (let length = 0; length <= 1300; length++) {
    const bytes = randomOctets(next, length);
    same(reader, bytes);
    bytes.set([2, 0x80 | next() & 3].slice(0, length));
    same(reader, bytes);
  }
});

Deno.test("ResponseReader reads nothing beyond the end of a datagram", () => {
  const reader = new ResponseReader();
  const filter = { prefixLength: 0, remotePort: 0, remoteAddress: map.externalAddress };
  const whole = encodeResponse({ ...map, options: [{ type: "filter", ...filter }] });
  for (let length = 0; length <= whole.length; length++) {
    // What follows is the rest of a message that would be valid.
    assertEquals(reader.read(whole.subarray(0, length)), decodeResponse(whole.slice(0, length)));
  }
  const { value } = accepted(reader, whole.subarray(0, 60));
  assertEquals([value.options, value.optionFault], [[], undefined]);
});

Deno.test("ResponseReader gives the same objects again, filled anew", () => {
  const reader = new ResponseReader();
  for (const init of [map, peer]) {
    const first = accepted(reader, encodeResponse(init));
    const { value } = first;
    assert(value.type === "map" || value.type === "peer");
    const { nonce, externalAddress } = value;
    const bytes = encodeResponse({
      ...init,
      nonce: new Nonce(1, 2, 3),
      lifetime: 7,
      externalPort: 9,
    });
    assertStrictEquals(reader.read(bytes), first);
    assertStrictEquals(first.value, value);
    assertStrictEquals(value.nonce, nonce);
    assertStrictEquals(value.externalAddress, externalAddress);
    assertEquals([value.lifetime, value.externalPort, `${nonce}`], [7, 9, `${new Nonce(1, 2, 3)}`]);
  }
  assertStrictEquals(reader.read(octets("02")), reader.read(octets("0201")));
});

Deno.test("ResponseReader leaves addresses, options and octets that it gave as they are", () => {
  const reader = new ResponseReader();
  const memory = new Uint8Array(1100);
  const kept: { readonly now: unknown; readonly then: string }[] = [];
  const options = [
    { type: "thirdParty", address: peer.remoteAddress },
    { type: "thirdPartyId", id: Uint8Array.of(1, 2, 3) },
  ] as const;
  const other = { type: "other", opcode: 9, result: 0, lifetime: 0, epoch: 0 } as const;
  const inits = [
    { ...map, options },
    { ...peer, options: [{ type: "description", text: "web" }] as const },
    { ...map, externalAddress: IpAddress.ANY_IPV6 },
    { ...peer, remoteAddress: IpAddress.ANY_IPV6, options },
    { ...other, data: Uint8Array.of(1, 2, 3, 4) },
    { ...other, data: Uint8Array.of(5, 6, 7, 8) },
    { type: "announce", result: 0, lifetime: 0, epoch: 1, options: options.slice(1) },
  ] as const;
  for (const init of [...inits, ...inits]) {
    const bytes = encodeResponse(init);
    memory.fill(0xff).set(bytes);
    const { value } = accepted(reader, memory.subarray(0, bytes.length));
    const parts: unknown[] = [value.options];
    if (value.type === "map" || value.type === "peer") parts.push(value.externalAddress);
    if (value.type === "peer") parts.push(value.remoteAddress);
    if (value.type === "other") parts.push(value.data);
    for (const now of parts) kept.push({ now, then: Deno.inspect(now, { depth: 9 }) });
  }
  for (const { now, then } of kept) assertEquals(Deno.inspect(now, { depth: 9 }), then);
});

Deno.test("decodeResponse() gives objects that it does not use again", () => {
  for (const init of [map, peer]) {
    const memory = encodeResponse(init);
    const first = decodeResponse(memory);
    const copy = decodeResponse(memory.slice());
    memory.fill(0xff, 4);
    assert(decodeResponse(memory) !== first);
    assertEquals(first, copy);
  }
});

Deno.test("ResponseReader follows memory that grows, shrinks and moves away", () => {
  const reader = new ResponseReader();
  const announce = encodeResponse({ type: "announce", result: 0, lifetime: 0, epoch: 5 });
  const whole = encodeResponse(map);
  const memory = new ArrayBuffer(24, { maxByteLength: 100 });
  const bytes = new Uint8Array(memory);
  bytes.set(announce);
  assertEquals(reader.read(bytes), decodeResponse(announce));
  memory.resize(60);
  bytes.set(whole);
  assertEquals(reader.read(bytes), decodeResponse(whole));
  memory.resize(20);
  assertEquals(reader.read(bytes), { ok: false, reason: "tooShort" });
  memory.transfer();
  assertEquals(reader.read(bytes), { ok: false, reason: "tooShort" });
  assertEquals(decodeResponse(bytes), { ok: false, reason: "tooShort" });
});

/** Compares both, for the octets alone and in the midst of others, and gives the type or the reason. */
function same(reader: ResponseReader, bytes: Uint8Array): string {
  const expected = decodeResponse(bytes);
  assertEquals(reader.read(bytes), expected, hex(bytes));
  for (const start of [0, 3]) {
    MEMORY.fill(0xa5).set(bytes, start);
    const part = MEMORY.subarray(start, start + bytes.length);
    assertEquals(reader.read(part), expected, hex(bytes));
    assertEquals(decodeResponse(part), expected, hex(bytes));
  }
  return expected.ok ? expected.value.type : expected.reason;
}

/** Some as they are, the others cut off, or with octets of their beginning changed. */
function disturbed(next: () => number, bytes: Uint8Array): Uint8Array {
  switch (next() % 5) {
    case 0:
      return bytes.slice(0, next() % (bytes.length + 1));
    case 1:
      bytes[next() % 4] = next() & 0xff;
      return bytes;
    case 2:
      bytes.set([next() % 4, 0x80 | next() & 3, 0, 1]);
      return bytes.slice(0, next() % (bytes.length + 1));
    default:
      return bytes;
  }
}

function accepted(
  reader: ResponseReader,
  bytes: Uint8Array,
): { readonly ok: true; readonly value: Response } {
  const decoded = reader.read(bytes);
  assert(decoded.ok, `refused ${hex(bytes)}`);
  return decoded;
}

/** Longer than every message here. */
const MEMORY = new Uint8Array(1500);
