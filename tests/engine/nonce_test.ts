/** Nonces (RFC 6887 sections 11.2, 12.2). */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { MappingSpec } from "../../src/engine/mapping_spec.ts";
import { seededWords } from "../../src/testing/random.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import { external4, mapSpec, peerSpec } from "../helpers/specs.ts";
import {
  granted,
  mapOrPeer,
  type ResponseFields,
  type Sent,
  Timeline,
} from "../helpers/timeline.ts";
import { hex } from "../helpers/hex.ts";

const nonceOf = ({ request }: Sent): string => mapOrPeer(request).nonce.toString();

Deno.test("1000 mappings have 1000 nonces with no fixed bit (C-11.2-N1, C-11.2-N4, defect 24)", () => {
  const t = new Timeline({ words: seededWords(7) });
  for (let port = 1; port <= 1000; port++) t.request(mapSpec({ internalPort: port }));
  const nonces = t.at(10_000).takeSends().map(nonceOf);
  assertEquals(new Set(nonces).size, 1000);
  const words = nonces.map((nonce) => BigInt(`0x${nonce}`));
  const all = (1n << 96n) - 1n;
  assertEquals(words.reduce((seen, word) => seen | word, 0n), all, "a bit that is never 1");
  assertEquals(words.reduce((seen, word) => seen & word, all), 0n, "a bit that is never 0");
});

Deno.test("a nonce of zeros is legal (C-11.2-N1)", () => {
  const { t, id } = granted(mapSpec(), {}, { words: () => 0 });
  assertEquals(t.state(id), { type: "running" });
});

Deno.test("two engines, as for two servers or after a restart, have different nonces (C-11.2-N2, C-11.2-N3)", () => {
  const first = new Timeline({ seed: 1 });
  const second = new Timeline({ seed: 2 });
  first.request(mapSpec());
  second.request(mapSpec());
  assertNotEquals(nonceOf(first.send()), nonceOf(second.send()));
});

Deno.test("retransmissions are the same octets (C-8.1.1-N5)", () => {
  const t = new Timeline();
  t.request(mapSpec());
  t.at(25_000);
  const datagrams = t.takeSends().map(({ bytes }) => hex(bytes));
  assert(datagrams.length >= 4);
  assertEquals(new Set(datagrams).size, 1);
});

Deno.test("creation, renewals, recovery and deletion have one nonce (C-11.2-N6)", () => {
  for (const spec of [mapSpec(), peerSpec()]) {
    const t = new Timeline();
    const id = t.request(spec);
    t.answer(id, { lifetime: 600 });
    t.at(400_000).answer(id, { lifetime: 600 });
    t.at(450_000).announce(0).at(460_000).answer(id, { lifetime: 600, epoch: 10 });
    t.release(id).at(470_000);
    const sends = t.takeSends();
    assert(sends.length >= 3);
    assertEquals(new Set(sends.map(nonceOf)).size, 1);
  }
});

Deno.test("a false alarm of the epoch does not change the nonce (C-11.2-N8)", () => {
  const { t, id } = granted(mapSpec());
  const before = mapOrPeer(t.latest(id)).nonce.toString();
  t.at(100_000).announce(5).at(110_000);
  assertEquals(nonceOf(t.takeSends(1)[0] ?? t.nextSend()), before);
});

Deno.test("a mapping that is wanted again within two minutes has its nonce and its port back (C-15-3, C-11.2-N7)", () => {
  const { t, id } = granted(mapSpec());
  const nonce = t.latest(id).nonce.toString();
  t.at(10_000).release(id).answer(id).takeSends();
  t.at(129_999).request(mapSpec());
  const { nonce: again, externalPort, externalAddress } = mapOrPeer(t.send().request);
  assertEquals(again.toString(), nonce);
  assertEquals([externalPort, externalAddress.toString()], [40000, external4.toString()]);
});

Deno.test("a UDP mapping that ended longer ago than two minutes is forgotten (C-15-3)", () => {
  const { t, id } = granted(mapSpec({ protocol: 17 }));
  const nonce = t.latest(id).nonce.toString();
  t.at(10_000).release(id).answer(id).takeSends();
  t.at(130_000).request(mapSpec({ protocol: 17 }));
  const { nonce: again, externalPort } = mapOrPeer(t.send().request);
  assertNotEquals(again.toString(), nonce);
  assertEquals(externalPort, 0);
});

Deno.test("what ended mappings leave is kept for two minutes, and for seconds more at most (C-15-3)", () => {
  const t = new Timeline();
  for (let port = 1; port <= 400; port++) {
    const id = t.at(port * 1_000).request(mapSpec({ protocol: 17, internalPort: port }));
    t.answer(id).release(id).answer(id).takeSends();
  }
  const ports = t.engine.ended.map(({ spec }) => spec.internalPort);
  assert(ports.length < 135, `${ports.length} are kept`);
  for (let port = 281; port <= 400; port++) assert(ports.includes(port), `${port} is not`);
});

/** A mapping ends at 10 s, and is requested again: whether with its nonce and its port. */
function isKept(
  spec: MappingSpec,
  end: (t: Timeline, id: number) => void,
  after: number,
  fields: ResponseFields = {},
): boolean {
  const { t, id } = granted(spec, fields);
  const nonce = t.latest(id).nonce.toString();
  end(t.at(10_000), id);
  assertEquals(t.events("state").at(-1)?.over, true);
  t.at(10_000 + after).takeSends();
  t.request(spec);
  const { nonce: again, externalPort } = mapOrPeer(t.send().request);
  assertEquals(externalPort === 40000, again.toString() === nonce, "with the nonce goes the port");
  return again.toString() === nonce;
}

const MINUTE = 60_000;
const deleted = (t: Timeline, id: number): unknown => t.release(id).answer(id);

/** What ends how, and for how many minutes its nonce is kept after that, at the least and at the most. */
const ENDS: Readonly<
  Record<
    string,
    readonly [MappingSpec, (t: Timeline, id: number) => void, kept: number, forgotten: number]
  >
> = {
  "UDP, deleted": [mapSpec({ protocol: 17 }), deleted, 1.9, 2],
  "TCP, deleted": [mapSpec(), deleted, 123, 124],
  "SCTP, deleted": [mapSpec({ protocol: 132 }), deleted, 123, 124],
  "UDP, deleted with a rest of lifetime": [
    mapSpec({ protocol: 17 }),
    (t, id) =>
      t.release(id).answer(id, {
        lifetime: 3600,
        externalPort: 0,
        externalAddress: IpAddress.ANY_IPV4,
      }),
    59,
    60,
  ],
  "UDP, deletion refused": [
    mapSpec({ protocol: 17, lifetime: 86_400 }),
    (t, id) => t.release(id).refuse(id, ResultCode.NotAuthorized, 1800),
    1_430,
    1_440,
  ],
  "UDP, PEER with an hour left": [
    peerSpec({ protocol: 17, lifetime: 3610 }),
    (t, id) => t.release(id),
    55,
    60,
  ],
  "TCP, PEER with a day left": [
    peerSpec({ lifetime: 86_400 }),
    (t, id) => t.release(id),
    1_430,
    1_440,
  ],
};

for (const [what, [spec, end, kept, forgotten]] of Object.entries(ENDS)) {
  Deno.test(`nonce and port are kept while the server may hold the mapping: ${what} (C-15-3, G-12)`, () => {
    assertEquals(isKept(spec, end, kept * MINUTE), true, `${kept} minutes`);
    assertEquals(isKept(spec, end, forgotten * MINUTE), false, `${forgotten} minutes`);
  });
}

Deno.test("a mapping that ended without an answer to its last request keeps its nonce for that lifetime (G-12)", () => {
  const t = new Timeline({ config: { maximumTransmissions: 2 } });
  const id = t.request(mapSpec({ protocol: 17 }));
  const nonce = t.latest(id).nonce.toString();
  t.at(60_000);
  assertEquals(t.events("state").at(-1)?.over, true);
  t.at(7_100_000).takeSends();
  t.request(mapSpec({ protocol: 17 }));
  assertEquals(nonceOf(t.send()), nonce);
});

Deno.test("an error that meets a mapping requested again long after is no late answer to the deletion before (G-12)", () => {
  const { t, id } = granted(mapSpec());
  t.release(id).answer(id);
  t.at(3_600_000).takeSends();
  const again = t.request(mapSpec());
  t.refuse(again, ResultCode.NotAuthorized, 60, {
    externalPort: 0,
    externalAddress: IpAddress.ANY_IPV4,
  });
  assertEquals(t.state(again).type, "error");
});

Deno.test("the caller's own suggestion goes before the remembered one", () => {
  const { t, id } = granted(mapSpec());
  t.release(id).answer(id).takeSends();
  t.request(mapSpec({ externalPort: 81 }));
  assertEquals(mapOrPeer(t.send().request).externalPort, 81);
});

Deno.test("only the same mapping takes a nonce over", () => {
  const { t, id } = granted(mapSpec());
  const nonce = t.latest(id).nonce.toString();
  t.release(id).answer(id).takeSends();
  t.request(mapSpec({ protocol: 17 }));
  t.request(mapSpec({ internalPort: 8081 }));
  for (const sent of t.sends(2)) assertNotEquals(nonceOf(sent), nonce);
});

Deno.test("two mappings with one key have two nonces, so that their responses differ", () => {
  const t = new Timeline();
  const first = t.request(mapSpec());
  const second = t.request(mapSpec());
  const [one, two] = t.sends(2).map(nonceOf);
  assertNotEquals(one, two);
  t.answer(second, { externalPort: 2 }).answer(first, { externalPort: 1 });
  const ports = t.events("granted").map(({ id, assignment }) => [id, assignment.externalPort]);
  assertEquals(ports, [[second, 2], [first, 1]]);
});

Deno.test("mappings whose nonces begin with the same 32 bits are distinguished", () => {
  let call = 0;
  const t = new Timeline({ words: () => call++ % 3 === 0 ? 7 : call });
  const ids = [1, 2, 3, 4].map((port) => t.request(mapSpec({ internalPort: port })));
  for (const id of [...ids].reverse()) t.answer(id, { externalPort: 1000 + id });
  assertEquals(
    t.events("granted").map(({ id, assignment }) => assignment.externalPort - id),
    [1000, 1000, 1000, 1000],
  );
  // They leave in any order.
  for (const id of [ids[1], ids[3], ids[0], ids[2]]) {
    if (id !== undefined) t.release(id).answer(id);
  }
  assertEquals(ids.map((id) => t.state(id).type), ["revoked", "revoked", "revoked", "revoked"]);
});
