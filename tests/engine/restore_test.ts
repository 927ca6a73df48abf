/** Mappings that an earlier run of the program left at the server (RFC 6887 sections 6, 11.2, 15). */

import { assertEquals } from "@std/assert";
import type { KnownMapping } from "../../src/engine/events.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { Nonce } from "../../src/wire/nonce.ts";
import { goldenNonce } from "../helpers/golden.ts";
import { external4, mapSpec } from "../helpers/specs.ts";
import { assertGolden, mapOrPeer, Timeline } from "../helpers/timeline.ts";

const known: KnownMapping = {
  nonce: new Nonce(...goldenNonce),
  suggestedAddress: external4,
  suggestedPort: 40000,
  until: 600_000,
};

function reclaiming(changes: Partial<KnownMapping> = {}, spec = mapSpec()): Timeline {
  const t = new Timeline();
  t.step({ type: "request", id: 1, spec, lifetimes: Infinity, known: { ...known, ...changes } });
  return t;
}

Deno.test("a mapping of an earlier run is asked for with its nonce and its tuple (C-11.2-N7)", () => {
  assertGolden(reclaiming().send().bytes, "mapRenewal");
});

Deno.test("the caller's own suggestion goes before the earlier tuple", () => {
  const byPort = mapOrPeer(reclaiming({}, mapSpec({ externalPort: 81 })).send().request);
  assertEquals([byPort.externalPort, byPort.externalAddress], [81, IpAddress.ANY_IPV4]);
  const externalAddress = IpAddress.parse("203.0.113.9");
  const byAddress = mapOrPeer(reclaiming({}, mapSpec({ externalAddress })).send().request);
  assertEquals([byAddress.externalPort, byAddress.externalAddress], [0, externalAddress]);
});

Deno.test("what the server may still hold is deleted even before its first answer (C-11.2-N7, C-15.1-8)", () => {
  const t = reclaiming();
  t.send();
  t.refuse(1, 8, 30).takeSends();
  t.at(30_000).takeSends();
  t.release(1);
  assertGolden(t.send().bytes, "mapDelete");
  t.answer(1);
  assertEquals(t.state(1), { type: "revoked" });
});

Deno.test("what the server holds no more needs no deletion", () => {
  const t = new Timeline();
  const other = t.request(mapSpec({ internalPort: 81 }));
  t.refuse(other, 8, 60).takeSends();
  t.step({
    type: "request",
    id: 2,
    spec: mapSpec(),
    lifetimes: 1,
    known: { ...known, until: -1 },
  });
  t.step({ type: "request", id: 3, spec: mapSpec({ protocol: 17 }), lifetimes: 1, known });
  t.release(2).release(3); // both wait for the end of the hold
  assertEquals(t.send().id, 3);
  assertEquals(t.state(2), { type: "revoked" });
});

Deno.test("a mapping of an earlier run that was refused is deleted all the same when it is released (C-11.2-N7)", () => {
  const t = reclaiming();
  t.refuse(1, 7, 300).takeSends();
  t.at(10_000).release(1);
  assertGolden(t.send().bytes, "mapDelete");
});
