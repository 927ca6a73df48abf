/** The ids that the caller gives mappings: each a safe integer, greater than any before. */

import { assertEquals, assertThrows } from "@std/assert";
import type { Input, MappingId } from "../../src/engine/events.ts";
import { mapSpec } from "../helpers/specs.ts";
import { Timeline } from "../helpers/timeline.ts";

function requesting(id: MappingId, internalPort = 80): Input {
  return { type: "request", id, spec: mapSpec({ internalPort }), lifetimes: Infinity };
}

Deno.test("an id that is no safe integer is refused, and nothing is left of the request", () => {
  for (const id of [NaN, 1.5, -0.5, 2 ** 53, Infinity, -Infinity]) {
    const t = new Timeline();
    assertThrows(() => t.step(requesting(id)), RangeError, `must be a safe integer, got "${id}"`);
    t.silentUntil(60_000);
    t.step(requesting(1)).send();
  }
});

Deno.test("an id that is not greater than any before is refused", () => {
  const t = new Timeline();
  t.step(requesting(5)).send();
  for (const id of [5, 4, 0, -1]) {
    const attempt = () => t.step(requesting(id, 81));
    assertThrows(attempt, RangeError, `must be greater than any before, got "${id}"`);
  }
  t.step(requesting(6, 81)).send();
});

Deno.test("an id may be any safe integer, a time in milliseconds for example, and comes out unchanged", () => {
  for (const id of [0, 2 ** 31, 2 ** 32 + 1, Date.now(), Number.MAX_SAFE_INTEGER]) {
    const t = new Timeline();
    assertEquals(t.step(requesting(id)).send().id, id);
    t.answer(id).step({ type: "renew", id, lifetime: 600 }).at(5_000).release(id).answer(id);
    const ids = t.log.flatMap((event) => "id" in event ? [event.id] : []);
    assertEquals([...new Set(ids)], [id]);
    assertEquals(t.state(id), { type: "revoked" });
  }
});
