/** Which responses are accepted, and that all others change nothing (RFC 6887 section 8.3). */

import { assert, assertEquals } from "@std/assert";
import type { IgnoreReason } from "../../src/engine/events.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { encodeRequest, encodeResponse } from "../../src/wire/message.ts";
import type { Option } from "../../src/wire/option.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { hex, octets } from "../helpers/hex.ts";
import { goldenNonce } from "../helpers/golden.ts";
import { client6, mapSpec, peerSpec, server4, server6 } from "../helpers/specs.ts";
import { goldenBytes, granted, scripted, Timeline } from "../helpers/timeline.ts";

/** A timeline in which the golden MAP request was just sent. */
function asked(): Timeline {
  const t = new Timeline({ random: () => 0.5, words: scripted(...goldenNonce) });
  t.request(mapSpec());
  t.send();
  t.takeEvents();
  return t;
}

/** The golden MAP success with some octets changed. */
function changed(changes: Readonly<Record<number, number>>): Uint8Array {
  const bytes = goldenBytes("mapSuccess");
  for (const [offset, octet] of Object.entries(changes)) bytes[Number(offset)] = octet;
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Asserts that the datagram changes nothing: not the timers, not the epoch, not the mapping; and why. */
function assertIgnored(bytes: Uint8Array, reason: IgnoreReason, t = asked()): void {
  const { deadline, epoch } = t.engine;
  t.receive(bytes);
  assertEquals(t.ignored(), [reason], hex(bytes));
  assertEquals([t.engine.deadline, t.engine.epoch], [deadline, epoch]);
  t.sends(0);
}

Deno.test("the golden success is accepted", () => {
  const t = asked();
  t.receive(goldenBytes("mapSuccess"));
  const [grant] = t.events("granted");
  assertEquals(grant?.assignment.externalAddress.toString(), "203.0.113.5");
  assertEquals([grant?.assignment.externalPort, grant?.assignment.lifetime], [40000, 3600]);
  assertEquals(t.engine.epoch, { server: 1000, client: 0 });
});

Deno.test("only the server's address counts (C-8.3-1, C-18.1-1)", () => {
  const t = asked();
  const bytes = goldenBytes("mapSuccess");
  t.receive(bytes, { source: { address: IpAddress.parse("192.168.1.2"), port: 5351 } });
  t.receive(bytes, { source: server6 });
  assertEquals(t.ignored(), ["source", "source"]);
  assertEquals(t.engine.deadline, 3_000);
  t.at(3_000).send();
});

Deno.test("only the server's port counts (C-8.3-2)", () => {
  for (const port of [5350, 5352, 0]) {
    const t = asked();
    t.receive(goldenBytes("mapSuccess"), { source: { ...server4, port } });
    assertEquals(t.ignored(), ["source"]);
  }
});

Deno.test("the scope of a link-local server does not count", () => {
  const server = { address: IpAddress.parse("fe80::1%eth0"), port: 5351 };
  const t = new Timeline({ server, client: client6 });
  const id = t.request(mapSpec({ externalAddress: IpAddress.ANY_IPV6 }));
  const bytes = t.answerTo(t.latest(id), { externalAddress: client6 });
  t.receive(bytes, { source: { address: IpAddress.parse("fe80::1%2"), port: 5351 } });
  assertEquals(t.state(id), { type: "running" });
});

Deno.test("datagrams of less than 4 octets are dropped (C-8.3-3)", () => {
  for (let length = 0; length < 4; length++) {
    assertIgnored(goldenBytes("mapSuccess").subarray(0, length), "tooShort");
  }
});

Deno.test("a request that comes back is dropped (C-8.3-4)", () => {
  assertIgnored(goldenBytes("mapRequest"), "notResponse");
});

Deno.test("lengths below 24, above 1100 or no multiple of 4 are dropped (C-8.3-5, C-8.3-14, defect 21)", () => {
  const long = (length: number): Uint8Array => {
    return joined(goldenBytes("mapSuccess"), new Uint8Array(length - 60));
  };
  for (const length of [20, 23]) {
    assertIgnored(goldenBytes("mapSuccess").subarray(0, length), "tooShort");
  }
  for (const length of [61, 62, 63, 1099]) assertIgnored(long(length), "oddLength");
  for (const length of [1101, 1104, 9000]) assertIgnored(long(length), "tooLong");
  assertIgnored(goldenBytes("announceResponse").subarray(0, 23), "tooShort");
  assertIgnored(joined(goldenBytes("announceResponse"), Uint8Array.of(0)), "oddLength");
});

Deno.test("the opcode must be that of a request (C-8.3-6)", () => {
  assertIgnored(goldenBytes("peerSuccess"), "unmatched");
  for (const opcode of [3, 5, 127]) {
    const data = new Uint8Array(opcode === 3 ? 40 : 36);
    const bytes = encodeResponse({
      type: "other",
      opcode,
      result: 0,
      lifetime: 60,
      epoch: 5,
      data,
    });
    assertIgnored(bytes, "unexpectedOpcode");
  }
});

Deno.test("a response that is too short for its opcode is dropped (C-8.3-7, F-21)", () => {
  for (const length of [24, 56]) {
    assertIgnored(goldenBytes("mapSuccess").subarray(0, length), "tooShort");
  }
  for (const length of [24, 60, 76]) {
    assertIgnored(goldenBytes("peerSuccess").subarray(0, length), "tooShort");
  }
});

Deno.test("MAP is matched by nonce, protocol and internal port (C-11.4-1, C-18.1-1)", () => {
  for (let octet = 24; octet < 36; octet++) {
    for (const bit of [1, 0x80]) {
      const value = goldenBytes("mapSuccess")[octet] ?? 0;
      assertIgnored(changed({ [octet]: value ^ bit }), "unmatched");
    }
  }
  assertIgnored(changed({ 36: 17 }), "unmatched");
  assertIgnored(changed({ 40: 0x1e }), "unmatched");
  assertIgnored(changed({ 41: 0x91 }), "unmatched");
});

Deno.test("nothing else is compared, and reserved octets may hold anything (C-11.4-2, C-8.3-8, C-11.2-2)", () => {
  const t = asked();
  const reserved = [2, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 37, 38, 39];
  const everything = Object.fromEntries(reserved.map((offset) => [offset, 0xff]));
  t.receive(changed({ ...everything, 43: 0x41, 59: 0x77 }));
  const assignment = t.events("granted")[0]?.assignment;
  assertEquals(assignment?.externalPort, 0x9c41);
  assertEquals(assignment?.externalAddress.toString(), "203.0.113.119");
});

Deno.test("PEER is matched by the remote peer, too (C-12.4-1, defect 20)", () => {
  const ask = (): Timeline => {
    const t = new Timeline({ words: scripted(...goldenNonce) });
    t.request(peerSpec());
    t.send();
    t.takeEvents();
    return t;
  };
  for (const octet of [24, 35, 36, 40, 41, 60, 61, 64, 74, 75, 79]) {
    const bytes = goldenBytes("peerSuccess");
    bytes[octet] = (bytes[octet] ?? 0) ^ 1;
    assertIgnored(bytes, "unmatched", ask());
  }
  const t = ask();
  const bytes = goldenBytes("peerSuccess");
  for (const octet of [2, 12, 23, 37, 38, 39, 62, 63]) bytes[octet] = 0xff;
  t.receive(bytes);
  assertEquals(t.events("granted").length, 1);
});

Deno.test("MAP does not answer PEER, nor PEER MAP (C-8.3-6)", () => {
  const t = new Timeline();
  const id = t.request(peerSpec());
  const { nonce, protocol, internalPort, externalAddress } = t.latest(id);
  t.takeEvents();
  const map = encodeResponse({
    type: "map",
    result: 0,
    lifetime: 60,
    epoch: 1000,
    nonce,
    protocol,
    internalPort,
    externalPort: 1,
    externalAddress,
  });
  t.receive(map);
  assertEquals(t.ignored(), ["unmatched"]);
});

Deno.test("without a request no response is accepted (C-8.3-9)", () => {
  for (const name of ["mapSuccess", "peerSuccess", "mapNoResources"] as const) {
    const t = new Timeline();
    assertIgnored(goldenBytes(name), "unmatched", t);
    assertEquals(t.engine.deadline, undefined);
  }
});

Deno.test("a request that is not sent yet has no answer (C-8.3-9)", () => {
  const t = new Timeline({ words: scripted(1, 2, 3, ...goldenNonce) });
  const other = t.request(peerSpec());
  t.refuse(other, 8, 60).takeSends();
  const held = t.request(mapSpec()); // NO_RESOURCES holds it back
  t.takeEvents();
  assertIgnored(goldenBytes("mapSuccess"), "unmatched", t);
  t.at(60_000).takeSends();
  t.receive(goldenBytes("mapSuccess"));
  assertEquals(t.state(held), { type: "running" });
});

Deno.test("ten answers in reverse order find their mappings (C-8.3-10)", () => {
  const t = new Timeline();
  const ids = Array.from({ length: 10 }, (_, n) => t.request(mapSpec({ internalPort: 8000 + n })));
  for (const id of [...ids].reverse()) t.answer(id, { externalPort: 9000 + id });
  assertEquals(
    t.events("granted").map(({ id, assignment }) => assignment.externalPort - id),
    ids.map(() => 9000),
  );
});

Deno.test("the version must be 2 unless the result says otherwise (C-8.3-11, F-02, defect 21)", () => {
  for (const version of [0, 1, 3, 255]) {
    const t = asked();
    t.receive(changed({ 0: version }));
    assertEquals(t.events("granted").length, 0);
    assertEquals(t.takeEvents().map(({ type }) => type), ["ignored"]);
    assertEquals(t.engine.deadline, 3_000);
  }
  for (const version of [1, 3]) assertIgnored(changed({ 0: version }), "version");
});

Deno.test("a success without port, address or lifetime is a failure (C-8.3-12, G-14)", () => {
  const noPort = changed({ 42: 0, 43: 0 });
  const noAddress = changed({ 56: 0, 57: 0, 58: 0, 59: 0 });
  const noLifetime = changed({ 6: 0, 7: 0 });
  const defects = { externalPort: noPort, externalAddress: noAddress, lifetime: noLifetime };
  for (const [reason, bytes] of Object.entries(defects)) {
    const t = asked();
    t.receive(bytes);
    const name = "UNUSABLE_ASSIGNMENT";
    assertEquals<unknown>(t.state(1), { type: "error", code: -2, name, reason, retryIn: 30 });
    assertEquals(t.events("granted").length, 0);
    t.silentUntil(29_999).at(30_000).send();
  }
});

Deno.test("a wildcard mapping has no external port (C-8.3-12)", () => {
  const t = new Timeline();
  const id = t.request(mapSpec({ protocol: 17, internalPort: 0 }));
  t.answer(id, { externalPort: 0 });
  assertEquals(t.state(id), { type: "running" });
});

Deno.test("a malformed option area does no harm if no option matters (C-8.3-13, C-7.3-6, defect 17)", () => {
  const t = asked();
  t.receive(joined(goldenBytes("mapSuccess"), octets("0300ffff")));
  assertEquals(t.events("granted").length, 1);
});

Deno.test("a malformed option area is ignored if option data matter (C-8.3-13, C-7.3-7)", () => {
  const third: Option = { type: "thirdParty", address: IpAddress.parse("192.168.1.99") };
  const t = new Timeline();
  const id = t.request(mapSpec({ options: [third] }));
  t.takeEvents();
  const answer = t.answerTo(t.latest(id), { options: [third] });
  t.receive(joined(answer, octets("0300ffff")));
  assertEquals(t.ignored(), ["malformedOptions"]);
  assertEquals(t.engine.epoch, undefined);
  t.receive(answer);
  assertEquals(t.state(id), { type: "running" });
});

Deno.test("unknown options in responses are ignored, also of the mandatory range (C-7.3-6, defect 17)", () => {
  const t = asked();
  const unknown = octets("64000008 0102030405060708 c8000003 01020300");
  t.receive(joined(goldenBytes("mapSuccess"), unknown));
  const options = t.events("granted")[0]?.assignment.options;
  assertEquals(options?.map((option) => "code" in option ? option.code : option.type), [100, 200]);
});

Deno.test("the order of options is ignored (C-7.3-2, defect 19)", () => {
  const third: Option = { type: "thirdParty", address: IpAddress.parse("192.168.1.99") };
  const description: Option = { type: "description", text: "web" };
  const t = new Timeline();
  const id = t.request(mapSpec({ options: [third, description] }));
  t.answer(id, { options: [description, third] });
  assertEquals(t.state(id), { type: "running" });
});

Deno.test("a third party's mapping is matched by that option (C-11.4-1, C-13.1-3, C-14.2-6)", () => {
  const third: Option = { type: "thirdParty", address: IpAddress.parse("192.168.1.99") };
  const stranger: Option = { type: "thirdParty", address: IpAddress.parse("192.168.1.98") };
  const t = new Timeline();
  const id = t.request(mapSpec({ options: [third] }));
  t.takeEvents();
  t.answer(id).answer(id, { options: [stranger] });
  assertEquals(t.ignored(), ["unmatched", "unmatched"]);
  t.answer(id, { options: [third] });
  assertEquals(t.state(id), { type: "running" });
  const own = t.request(mapSpec({ internalPort: 81 }));
  t.takeEvents();
  t.answer(own, { options: [third] });
  assertEquals(t.ignored(), ["unmatched"]);
});

Deno.test("an address that only looks like IPv4 in octets 10 and 11 is IPv6 (C-5-2)", () => {
  const t = asked();
  const answer = goldenBytes("mapSuccess");
  answer.set(octets("20010db8 00000000 0000ffff 01020304"), 44);
  t.receive(answer);
  assertEquals(
    t.events("granted")[0]?.assignment.externalAddress.toString(),
    "2001:db8::ffff:102:304",
  );
});

Deno.test("the family of the external address may differ from what was asked (C-10-2, C-12-9)", () => {
  const { t, id } = granted(peerSpec(), { externalAddress: IpAddress.parse("2001:db8::5") });
  assertEquals(t.state(id), { type: "running" });
});

Deno.test("PREFER_FAILURE: only what was suggested is the answer (C-13.2-3)", () => {
  const wanted = IpAddress.parse("203.0.113.5");
  const spec = mapSpec({
    externalPort: 80,
    externalAddress: wanted,
    options: [{ type: "preferFailure" }],
  });
  const t = new Timeline();
  const id = t.request(spec);
  t.takeEvents();
  t.answer(id, { externalPort: 81 });
  t.answer(id, { externalPort: 80, externalAddress: IpAddress.parse("203.0.113.6") });
  assertEquals(t.ignored(), ["notSuggested", "notSuggested"]);
  assertEquals(t.state(id), { type: "starting", attempt: 0 });
  t.refuse(id, 11, 60);
  assertEquals(t.state(id), { type: "error", code: 11, name: "CANNOT_PROVIDE_EXTERNAL" });
  assertEquals(t.events("granted"), []);
  const again = t.request({ ...spec, externalPort: 82 });
  t.answer(again, { externalPort: 82, externalAddress: wanted });
  assertEquals(t.state(again), { type: "running" });
});

Deno.test("PREFER_FAILURE with an all-zeros address takes any of that family (F-11)", () => {
  const options: Option[] = [{ type: "preferFailure" }];
  const t = new Timeline();
  const id = t.request(mapSpec({ externalPort: 80, options }));
  t.takeEvents();
  t.answer(id, { externalPort: 80, externalAddress: IpAddress.parse("2001:db8::5") });
  assertEquals(t.ignored(), ["notSuggested"]);
  t.answer(id, { externalPort: 80 });
  assertEquals(t.state(id), { type: "running" });
});

Deno.test("random datagrams change nothing (C-18-5, C-18.1-1)", () => {
  const random = seededRandom(11);
  const t = asked();
  for (let round = 0; round < 5_000; round++) {
    const bytes = Uint8Array.from({ length: Math.floor(random() * 120) }, () => random() * 256);
    // Half of them look like PCP at first sight.
    if (bytes.length > 3 && round % 2 === 0) bytes.set([2, 0x80 | (round % 3), 0, 0]);
    if (bytes.length >= 24 && bytes[1] === 0x80) continue; // a good ANNOUNCE
    if (bytes[3] === 1) continue; // a version error, see version_test.ts
    t.receive(bytes, { multicast: round % 5 === 0 });
  }
  assert(t.ignored().length > 4_000);
  assertEquals(t.engine.deadline, 3_000);
  t.at(3_000).send();
});

Deno.test("no truncated or damaged success gets through by chance (C-18-5)", () => {
  const good = goldenBytes("mapSuccess");
  for (let length = 0; length < good.length; length++) {
    const t = asked();
    t.receive(good.subarray(0, length));
    assertEquals(t.takeEvents().map(({ type }) => type), ["ignored"]);
  }
});

Deno.test("an ANNOUNCE request that comes in is ignored, on either socket (C-14.1.3-13)", () => {
  const bytes = encodeRequest({ type: "announce", lifetime: 0, clientAddress: server4.address });
  for (const multicast of [true, false]) {
    const t = asked();
    t.receive(bytes, { multicast });
    assertEquals(t.ignored(), ["notResponse"]);
  }
});
