/** What requests look like on the wire (RFC 6887 sections 5, 7, 11.1, 12.1). */

import { assertEquals, assertThrows } from "@std/assert";
import type { MappingSpec } from "../../src/engine/mapping_spec.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { encodeRequest } from "../../src/wire/message.ts";
import type { Option } from "../../src/wire/option.ts";
import { goldenNonce } from "../helpers/golden.ts";
import { hex } from "../helpers/hex.ts";
import { client4, client6, mapSpec, peerSpec, server4, server6 } from "../helpers/specs.ts";
import { assertGolden, mapOrPeer, scripted, Timeline } from "../helpers/timeline.ts";

const ipv4 = { client: client4, server: server4 };
const ipv6 = { client: client6, server: server6 };
const filter: Option = {
  type: "filter",
  prefixLength: 120,
  remotePort: 0,
  remoteAddress: IpAddress.parse("198.51.100.0"),
};

/** The octets of the first request for the mapping, with the nonce of the golden messages. */
function firstRequest(spec: MappingSpec, { client, server } = ipv4): Uint8Array {
  const t = new Timeline({ words: scripted(...goldenNonce), client, server });
  t.request(spec);
  return t.send().bytes;
}

Deno.test("a MAP request is the golden one: big-endian, version 2, reserved octets 0, mapped address, no suggestion (C-7-2, C-7.1-1, C-7.1-2, C-5-1, C-11.1-1, C-9-1)", () => {
  assertGolden(firstRequest(mapSpec()), "mapRequest");
});

Deno.test("the wanted family of the external address decides its all-zeros form (C-5-1, C-10-1)", () => {
  const t = new Timeline();
  t.request(mapSpec({ externalAddress: IpAddress.ANY_IPV4 }));
  t.request(mapSpec({ externalAddress: IpAddress.ANY_IPV6 }));
  const suggestions = t.sends(2).map(({ bytes }) => hex(bytes.subarray(44)));
  assertEquals(suggestions, [
    "00000000 00000000 0000ffff 00000000",
    "00000000 00000000 00000000 00000000",
  ]);
});

Deno.test("the client address in the header is the one that the engine sends from (C-8.1-5)", () => {
  assertEquals(hex(firstRequest(mapSpec()).subarray(8, 24)), "00000000 00000000 0000ffff c0a8010a");
  const six = firstRequest(mapSpec({ externalAddress: IpAddress.ANY_IPV6 }), ipv6);
  assertEquals(hex(six.subarray(8, 24)), "20010db8 00010000 00000000 00000010");
});

Deno.test("an IPv6 pinhole request is the golden one (C-11.1-F3)", () => {
  const spec = mapSpec({ protocol: 17, externalAddress: IpAddress.ANY_IPV6 });
  assertGolden(firstRequest(spec, ipv6), "mapPinhole");
});

Deno.test("all ports and all protocols go out as port 0 and protocol 0 (C-11.1-2)", () => {
  assertGolden(firstRequest(mapSpec({ protocol: 17, internalPort: 0 })), "mapAllUdpPorts");
  assertGolden(firstRequest(mapSpec({ protocol: 0, internalPort: 0 })), "mapAllProtocols");
});

Deno.test("protocol 0 with an internal port is refused (C-11.1-2)", () => {
  assertRefused(mapSpec({ protocol: 0 }), RangeError);
});

Deno.test("protocols without ports have port fields of 0, anything else is refused (C-11.2-1)", () => {
  for (const protocol of [1, 46, 47, 50, 51, 58]) {
    const bytes = firstRequest(mapSpec({ protocol, internalPort: 0 }));
    assertEquals(hex(bytes.subarray(40, 44)), "00000000");
    assertRefused(mapSpec({ protocol }), RangeError);
    assertRefused(mapSpec({ protocol, internalPort: 0, externalPort: 80 }), RangeError);
  }
});

Deno.test("a suggestion goes out with the first request (C-11.2-3)", () => {
  const bytes = firstRequest(
    mapSpec({ externalPort: 80, externalAddress: IpAddress.parse("203.0.113.9") }),
  );
  assertEquals(hex(bytes.subarray(40, 44)), "1f900050");
  assertEquals(hex(bytes.subarray(44)), "00000000 00000000 0000ffff cb007109");
});

Deno.test("a PEER request is the golden one, the first without suggestion (C-12.1-2, C-7.1-2)", () => {
  assertGolden(firstRequest(peerSpec()), "peerRequest");
});

Deno.test("PEER needs protocol, internal port and remote peer (C-12.1-1)", () => {
  assertRefused(peerSpec({ protocol: 0, internalPort: 0 }), RangeError);
  assertRefused(peerSpec({ protocol: 0 }), RangeError);
  assertRefused(peerSpec({ internalPort: 0 }), RangeError);
  assertRefused(peerSpec({ remotePort: 0 }), RangeError);
  const { remoteAddress: _address, ...addressless } = peerSpec();
  assertRefused(addressless, RangeError);
  const { remotePort: _port, ...portless } = peerSpec();
  assertRefused(portless, RangeError);
});

Deno.test("remote peers and filters have the family of the internal address (C-10-2, C-13.3-6)", () => {
  assertRefused(peerSpec({ remoteAddress: IpAddress.parse("2001:db8::7") }), TypeError);
  assertRefused(
    mapSpec({ options: [{ ...filter, remoteAddress: IpAddress.parse("2001:db8::") }] }),
    TypeError,
  );
  const third: Option = { type: "thirdParty", address: IpAddress.parse("2001:db8:1::99") };
  assertRefused(peerSpec({ options: [third] }), TypeError);
  // With a third party the family of that host counts.
  firstRequest(peerSpec({ options: [third], remoteAddress: IpAddress.parse("2001:db8::7") }));
});

Deno.test("options go out in order, padded with zeros that the length does not count (C-7.3-1, C-7.3-2, C-13.3-1)", () => {
  const options: Option[] = [filter, { type: "description", text: "web" }];
  assertGolden(firstRequest(mapSpec({ lifetime: 600, options })), "mapWithFilterAndDescription");
});

Deno.test("options of MAP are refused on PEER (C-7.3-4)", () => {
  const options: Option[] = [
    { type: "preferFailure" },
    filter,
    { type: "portSet", size: 2, firstInternalPort: 51000, parity: false },
  ];
  for (const option of options) {
    assertRefused(peerSpec({ externalPort: 51000, options: [option] }), TypeError);
  }
});

Deno.test("an option that may stand once is refused twice; filters and unknown ones may repeat (C-7.3-5)", () => {
  const third: Option = { type: "thirdParty", address: IpAddress.parse("192.168.1.99") };
  assertRefused(mapSpec({ options: [third, third] }), TypeError);
  const unknown: Option = { type: "unknown", code: 200, data: Uint8Array.of(1, 2, 3) };
  assertEquals(
    firstRequest(mapSpec({ options: [filter, filter, unknown, unknown] })).length,
    60 + 24 + 24 + 8 + 8,
  );
});

Deno.test("a request has at most 1100 octets, and one of 1100 is sent (C-7-1, G-17, defect 21)", () => {
  const many = (count: number, ...more: readonly Option[]): MappingSpec =>
    mapSpec({ options: [...Array.from({ length: count }, () => filter), ...more] });
  const long = (length: number): Option => ({ type: "description", text: "x".repeat(length) });
  assertEquals(firstRequest(many(40)).length, 60 + 40 * 24);
  assertEquals(firstRequest(many(43)).length, 60 + 43 * 24);
  assertEquals(firstRequest(many(43, long(4))).length, 1100);
  assertRefused(many(43, long(5)), RangeError);
  assertRefused(many(44), RangeError);
  assertEquals(firstRequest(peerSpec({ options: [long(1016)] })).length, 1100);
  const checkpoint: Option = { type: "checkpointRequired" };
  assertRefused(peerSpec({ options: [long(1016), checkpoint] }), RangeError);
});

Deno.test("numbers that no field can hold are refused before anything happens (defect 22)", () => {
  for (const port of [-1, 65_536, 1.5, NaN]) {
    assertRefused(mapSpec({ internalPort: port }), RangeError);
    assertRefused(mapSpec({ externalPort: port }), RangeError);
    assertRefused(peerSpec({ remotePort: port }), RangeError);
  }
  for (const protocol of [-1, 256, 0.5]) assertRefused(mapSpec({ protocol }), RangeError);
  for (const lifetime of [0, -1, 2 ** 32, 1.5, Infinity, NaN]) {
    assertRefused(mapSpec({ lifetime }), RangeError);
  }
  assertRefused(mapSpec({ options: [{ ...filter, prefixLength: 129 }] }), RangeError);
});

Deno.test("a mapping is wanted for one lifetime at least", () => {
  for (const lifetimes of [0, -1, NaN]) {
    assertThrows(() => new Timeline().request(mapSpec(), lifetimes), RangeError, `"${lifetimes}"`);
  }
});

Deno.test("an id stands for one mapping only", () => {
  const t = new Timeline();
  const id = t.request(mapSpec());
  assertThrows(
    () => t.step({ type: "request", id, spec: mapSpec(), lifetimes: 1 }),
    RangeError,
    `got "${id}"`,
  );
  assertThrows(() => t.renew(id + 1, 60), RangeError, `"${id + 1}"`);
});

Deno.test("PREFER_FAILURE needs a port and goes without PORT_SET (C-13.2-2)", () => {
  const preferFailure: Option = { type: "preferFailure" };
  assertRefused(mapSpec({ options: [preferFailure] }), RangeError);
  const portSet: Option = { type: "portSet", size: 2, firstInternalPort: 8080, parity: false };
  assertRefused(mapSpec({ externalPort: 80, options: [preferFailure, portSet] }), TypeError);
  const bytes = firstRequest(mapSpec({ externalPort: 80, options: [preferFailure] }));
  assertEquals(hex(bytes.subarray(60)), "02000000");
});

Deno.test("the third party is another host, and its id needs it (C-13.1-2)", () => {
  const self: Option = { type: "thirdParty", address: client4 };
  assertRefused(mapSpec({ options: [self] }), TypeError);
  assertRefused(
    mapSpec({ options: [{ type: "thirdPartyId", id: Uint8Array.of(1) }] }),
    TypeError,
  );
  const other: Option = { type: "thirdParty", address: IpAddress.parse("192.168.1.99") };
  const bytes = firstRequest(mapSpec({ options: [other] }));
  assertEquals(hex(bytes.subarray(60)), "01000010 00000000 00000000 0000ffff c0a80163");
});

Deno.test('filters can say "no filter" (C-13.3-3, defect 24)', () => {
  const none: Option = {
    type: "filter",
    prefixLength: 0,
    remotePort: 0,
    remoteAddress: IpAddress.ANY_IPV6,
  };
  const bytes = firstRequest(mapSpec({ options: [none] }));
  assertEquals(hex(bytes.subarray(60)), "03000014 00000000 00000000 00000000 00000000 00000000");
});

Deno.test("the remote peer goes out as the caller sees it, also a NAT64 address (C-12-2)", () => {
  const remoteAddress = IpAddress.parse("64:ff9b::c633:6407");
  const externalAddress = IpAddress.ANY_IPV6;
  const bytes = firstRequest(peerSpec({ remoteAddress, externalAddress }), ipv6);
  assertEquals(hex(bytes.subarray(64)), "0064ff9b 00000000 00000000 c6336407");
});

Deno.test("ANNOUNCE is the golden 24 octets with lifetime 0 (C-14.1-1)", () => {
  const t = new Timeline();
  t.step({ type: "announce" });
  assertGolden(t.send().bytes, "announceRequest");
});

Deno.test("every kind of packet keeps the rules of the header (C-7-1, C-7.1-1, C-8.1.1-10)", () => {
  const t = new Timeline();
  const id = t.request(mapSpec({ options: [filter, { type: "description", text: "web" }] }));
  t.at(20_000).answer(id, { lifetime: 600 });
  t.at(1_000_000).answer(id, { lifetime: 600 });
  t.step({ type: "announce" }).renew(id, 100).pass(10_000).release(id).pass(50_000);
  const sends = t.allSends();
  assertEquals(sends.length > 10, true);
  for (const { bytes, request } of sends) {
    assertEquals([bytes[0], bytes[2], bytes[3]], [2, 0, 0]);
    assertEquals((bytes[1] ?? 255) < 128, true);
    assertEquals([bytes.length % 4, bytes.length <= 1100], [0, true]);
    if (request.type === "map") {
      assertEquals(hex(bytes), hex(encodeRequest(mapOrPeer(request))));
    }
  }
});

function assertRefused(spec: MappingSpec, error: typeof RangeError | typeof TypeError): void {
  const t = new Timeline();
  assertThrows(() => t.request(spec), error, "Cannot ");
  assertEquals(t.engine.deadline, undefined);
  // Nothing is left of it: the same id can be used.
  t.step({ type: "request", id: 1, spec: mapSpec(), lifetimes: 1 }).send();
}

Deno.test("part of a lifetime is a whole one", () => {
  const t = new Timeline();
  for (let port = 1; port <= 100; port++) t.request(mapSpec({ internalPort: port }), 1.5);
  t.serve(600_000, () => ({ lifetime: 300 }), 5);
  assertEquals(t.allSends().length, 200);
  assertEquals(t.events("state").filter(({ state }) => state.type === "expired").length, 100);
});
