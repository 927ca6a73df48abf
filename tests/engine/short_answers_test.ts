/** Answers that hold for a few seconds, time after time: the gateway cannot drive the host. */

import { assert, assertEquals } from "@std/assert";
import { ResultCode } from "../../src/wire/result_code.ts";
import { mapSpec, peerSpec } from "../helpers/specs.ts";
import { granted, type ResponseFields, type Sent, Timeline } from "../helpers/timeline.ts";

const HOUR = 3_600_000;

/** The times between requests in a while, in seconds. */
function gaps(sends: readonly Sent[]): number[] {
  return sends.slice(1).map(({ at }, index) => (at - (sends[index]?.at ?? 0)) / 1000);
}

for (const lifetime of [1, 2, 3, 4]) {
  Deno.test(`grants of ${lifetime} s: after the fifth the interval doubles, up to a minute (G-16)`, () => {
    for (const spec of [mapSpec(), peerSpec()]) {
      const t = new Timeline();
      const id = t.request(spec);
      const intervals = gaps(t.serve(HOUR, () => ({ lifetime })));
      assert(intervals.slice(0, 4).every((interval) => interval <= lifetime), `${intervals}`);
      assertEquals(intervals.slice(4, 7), [2, 4, 8].map((times) => times * lifetime));
      assertEquals(Math.max(...intervals), 60);
      assert(intervals.length < 75, `${intervals.length} requests in an hour`);
      const state = t.states(id).findLast(({ type }) => type === "error");
      assert(state?.type === "error" && state.retryIn !== undefined);
      assertEquals([state.name, state.reason], ["UNUSABLE_ASSIGNMENT", "shortLifetime"]);
    }
  });
}

const ERRORS = {
  NETWORK_FAILURE: ResultCode.NetworkFailure,
  NO_RESOURCES: ResultCode.NoResources,
  NOT_AUTHORIZED: ResultCode.NotAuthorized,
  RESULT_200: 200,
};

for (const [name, result] of Object.entries(ERRORS)) {
  Deno.test(`${name} with lifetime 1 for ever: after the fifth the interval doubles, up to a minute (G-16)`, () => {
    const t = new Timeline();
    const id = t.request(mapSpec());
    const intervals = gaps(t.serve(HOUR, () => ({ result, lifetime: 1 })));
    assertEquals(intervals.slice(0, 12), [1, 1, 1, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    const state = t.states(id).findLast(({ type }) => type === "error");
    assertEquals(state?.type === "error" && state.retryIn, 60);
  });
}

Deno.test("grants and errors of a second in turns count together, and a longer one ends the row (G-16)", () => {
  const t = new Timeline();
  t.request(mapSpec());
  let count = 0;
  const answer = (): ResponseFields =>
    count++ % 2 === 0 ? { lifetime: 1 } : { result: ResultCode.NetworkFailure, lifetime: 1 };
  assert(gaps(t.serve(HOUR, answer)).length < 75);
  t.serve(t.now + 600_000, () => ({ lifetime: 20 }));
  const intervals = gaps(t.serve(t.now + 60_000, () => ({ lifetime: 1 })));
  assert(intervals.slice(0, 4).every((gap) => gap <= 20), `${intervals}`);
});

Deno.test("a lifetime of 5 s is no reason to wait: its renewals keep 4 s apart (G-16, C-11.2.1-5)", () => {
  const t = new Timeline();
  const id = t.request(mapSpec());
  const intervals = gaps(t.serve(100_000, () => ({ lifetime: 5 })));
  assert(intervals.every((gap) => gap <= 5), `${intervals}`);
  assertEquals(t.states(id).some(({ type }) => type === "error"), false);
});

Deno.test("a lifetime of 2 s that the caller wants is granted again and again (G-16)", () => {
  const t = new Timeline();
  t.request(mapSpec({ lifetime: 2 }));
  assert(gaps(t.serve(60_000, () => ({ lifetime: 2 }))).every((gap) => gap <= 2));
});

Deno.test("refused renewals and deletions with lifetime 1 are repeated more and more seldom (G-16)", () => {
  for (const deletes of [false, true]) {
    const { t, id } = granted(mapSpec({ lifetime: 86_400 }));
    if (deletes) t.release(id);
    else t.renew(id, 86_400);
    const sends = t.serve(HOUR, () => ({ result: ResultCode.NetworkFailure, lifetime: 1 }));
    assert(sends.length < 75 && sends.length > 50, `${sends.length} requests in an hour`);
  }
});

Deno.test("version errors with lifetime 1 for ever are asked for more and more seldom (G-16, C-9-11)", () => {
  const t = new Timeline();
  t.request(mapSpec());
  const sends = t.serve(HOUR, () => ({ result: ResultCode.UnsuppVersion, lifetime: 1 }));
  assert(sends.length < 75, `${sends.length} requests in an hour`);
});
