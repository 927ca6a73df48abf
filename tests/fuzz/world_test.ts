import { assertEquals, assertThrows } from "@std/assert";
import { client4, mapSpec } from "../helpers/specs.ts";
import { WORLDS } from "./seeds.ts";
import { ExpectedMappings } from "./expected_mappings.ts";
import { runWorld, WorldError } from "./run_world.ts";

for (const [seed, defect] of WORLDS) {
  Deno.test(`world ${seed} keeps the rules: ${defect}`, () => {
    runWorld(seed);
  });
}

Deno.test("a world gives the same events for the same seed", () => {
  const [first, second]: string[][] = [[], []];
  assertEquals(runWorld(7, (line) => first?.push(line)), runWorld(7, (line) => second?.push(line)));
  assertEquals(first, second);
});

Deno.test("a WorldError has the seed and the time", () => {
  assertEquals(new WorldError(3, 5, new Error("why")).message, "World 3 at 5 ms: why");
});

Deno.test("ExpectedMappings rejects a request before the end of its hold", () => {
  const expected = new ExpectedMappings(true);
  const { id } = expected.add(mapSpec(), Infinity);
  const bytes = new Uint8Array();
  expected.take(0, { type: "send", id, bytes });
  const state = { type: "error", code: 4, name: "UNSUPP_OPCODE", retryIn: 10 } as const;
  expected.take(0, { type: "state", id, state, over: false });
  assertThrows(() => expected.take(9_990, { type: "send", id, bytes }), Error, "held until 10000");
  expected.take(10_000, { type: "send", id, bytes });
});

Deno.test("ExpectedMappings rejects the end of an unreleased mapping", () => {
  const expected = new ExpectedMappings(true);
  const { id } = expected.add(mapSpec({ externalAddress: client4 }), Infinity);
  const state = { type: "expired" } as const;
  assertThrows(
    () => expected.take(0, { type: "state", id, state, over: true }),
    Error,
    "ended unreleased",
  );
});
