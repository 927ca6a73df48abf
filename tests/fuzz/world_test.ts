import { assertEquals, assertThrows } from "@std/assert";
import { client4, mapSpec } from "../helpers/specs.ts";
import { WORLDS } from "./seeds.ts";
import { Wishes } from "./wishes.ts";
import { runWorld, WorldFault } from "./world.ts";

for (const [seed, repaired] of WORLDS) {
  Deno.test(`world ${seed} keeps the rules: ${repaired}`, () => {
    runWorld(seed);
  });
}

Deno.test("a world is the same each time", () => {
  const [first, second]: string[][] = [[], []];
  assertEquals(runWorld(7, (line) => first?.push(line)), runWorld(7, (line) => second?.push(line)));
  assertEquals(first, second);
});

Deno.test("a fault tells the world and the time", () => {
  assertEquals(new WorldFault(3, 5, new Error("why")).message, "World 3 at 5 ms: why");
});

Deno.test("the judge of wishes sees a request before its hold ends", () => {
  const wishes = new Wishes(true);
  const { id } = wishes.add(mapSpec(), Infinity);
  const bytes = new Uint8Array();
  wishes.take(0, { type: "send", id, bytes });
  const state = { type: "error", code: 4, name: "UNSUPP_OPCODE", retryIn: 10 } as const;
  wishes.take(0, { type: "state", id, state, over: false });
  assertThrows(() => wishes.take(9_990, { type: "send", id, bytes }), Error, "held until 10000");
  wishes.take(10_000, { type: "send", id, bytes });
});

Deno.test("the judge of wishes sees the end of what is wanted", () => {
  const wishes = new Wishes(true);
  const { id } = wishes.add(mapSpec({ externalAddress: client4 }), Infinity);
  const state = { type: "expired" } as const;
  assertThrows(() => wishes.take(0, { type: "state", id, state, over: true }), Error, "was wanted");
});
