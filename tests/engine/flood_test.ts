/** What a datagram costs before it is refused, and what the options of a response cost. */

import { assert, assertEquals } from "@std/assert";
import type { Option } from "../../src/wire/option.ts";
import { mapSpec, server4 } from "../helpers/specs.ts";
import { granted, type Timeline } from "../helpers/timeline.ts";

const EMPTY = new Uint8Array(0);

/** Options without data, as many as fit. */
const FLOODS: Readonly<Record<string, (index: number) => Option>> = {
  "of one unknown code": () => ({ type: "unknown", code: 200, data: EMPTY }),
  "of many unknown codes": (index) => ({ type: "unknown", code: 20 + index % 80, data: EMPTY }),
  "of THIRD_PARTY": () => ({ type: "malformed", code: 1, data: EMPTY }),
  "of PREFIX64": () => ({ type: "malformed", code: 129, data: EMPTY }),
};

for (const [what, option] of Object.entries(FLOODS)) {
  Deno.test(`a response with 260 options ${what} is processed, and few of them are decoded`, () => {
    const { t, id } = granted(mapSpec());
    t.at(1_000).answer(id, { externalPort: 2000, options: options(260, option) });
    const assignment = t.events("granted").at(-1)?.assignment;
    assertEquals(assignment?.externalPort, 2000);
    assert((assignment?.options.length ?? 0) <= 2, `${assignment?.options.length} options`);
  });
}

Deno.test("a response with 260 options costs about three times one without, and one of an unknown nonce less", () => {
  const { t, id } = granted(mapSpec());
  const plain = t.answerTo(t.latest(id));
  const full = t.answerTo(t.latest(id), { options: options(260, FLOODS["of many unknown codes"]) });
  const foreign = full.slice();
  foreign[24] = (foreign[24] ?? 0) ^ 1;
  const best = [plain, full, foreign].map(() => Infinity);
  for (let round = 0; round < 40; round++) {
    for (const [index, bytes] of [plain, full, foreign].entries()) {
      best[index] = Math.min(best[index] ?? 0, duration(t, bytes));
    }
  }
  const [one = 0, many = 0, none = 0] = best;
  assert(many < 5 * one, `${many / one} times`); // 2.8 measured; a busy machine measures more
  assert(none < one, `${none / one} times`);
});

/** Milliseconds for 2,000 copies, as few as were measured in turns. */
function duration(t: Timeline, bytes: Uint8Array): number {
  const start = performance.now();
  for (let count = 0; count < 2_000; count++) {
    t.engine.step(t.now, { type: "datagram", bytes, source: server4, multicast: false });
  }
  return performance.now() - start;
}

function options(count: number, option: ((index: number) => Option) | undefined): Option[] {
  assert(option !== undefined);
  return Array.from({ length: count }, (_, index) => option(index));
}
