/** Many mappings: no request is repeated without need, and no more are sent than the RFC makes necessary. */

import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../src/testing/random.ts";
import { mapSpec } from "../helpers/specs.ts";
import { type Sent, Timeline } from "../helpers/timeline.ts";

const COUNT = 1_000;
/** Milliseconds on the way to the server and back. */
const LATENCY = 5;

/** Requests 1,000 mappings at time 0. */
function requesting(): Timeline {
  const t = new Timeline();
  for (let port = 1; port <= COUNT; port++) t.request(mapSpec({ internalPort: port }));
  return t;
}

/** The most requests of one mapping. */
function mostOfOne(sends: readonly Sent[]): number {
  const counts = new Map<number | undefined, number>();
  for (const { id } of sends) counts.set(id, (counts.get(id) ?? 0) + 1);
  return Math.max(...counts.values());
}

Deno.test("1,000 mappings of 30 s held for 60 s need no more renewals than the latest allowed ones", () => {
  const t = requesting();
  t.serve(1_000, () => ({ lifetime: 30 }), LATENCY);
  const sends = t.serve(61_000, () => ({ lifetime: 30 }), LATENCY);
  // Each renewal at 5/8 of the lifetime, the latest that RFC 6887 section 11.2.1 allows: 3 in 60 s.
  const least = COUNT * Math.floor(60 / (30 * 5 / 8));
  assert(sends.length <= least * 1.1, `${sends.length} requests`);
  assertEquals(t.events("lost"), []);
});

Deno.test("1,000 mappings at a server that loses every tenth request: only the lost ones are repeated", () => {
  const t = requesting();
  const random = seededRandom(7);
  let lost = 0;
  const sends = t.serve(60_000, () => {
    if (random() >= 0.1) return {};
    lost++;
    return undefined;
  }, LATENCY);
  assert(lost > COUNT / 20, `${lost} lost`);
  assertEquals(sends.length, COUNT + lost);
  assertEquals(t.events("granted").length, COUNT);
});

for (const how of ["ANNOUNCE", "a renewal"]) {
  Deno.test(`1,000 mappings after a restart learnt by ${how}: one request each, within 6 s`, () => {
    const t = requesting();
    t.serve(1_000, () => ({}), LATENCY);
    if (how === "ANNOUNCE") t.announce(0);
    else t.renew(1, 7_200);
    const sends = t.serve(60_000, ({ at }) => ({ epoch: Math.floor(at / 1_000) }), LATENCY);
    assertEquals([mostOfOne(sends), sends.length], [1, COUNT]);
    // A random wait of up to 5 s comes first (RFC 6887 section 14.1.3).
    const last = sends.at(-1)?.at ?? NaN;
    assert(last <= 7_000, `the last at ${last} ms`);
  });
}
