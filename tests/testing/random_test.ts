import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { seededRandom, seededWords } from "../../src/testing/random.ts";

Deno.test("seededRandom() gives the same numbers for the same seed, others for another seed", () => {
  const take = (seed: number) => Array.from({ length: 5 }, seededRandom(seed));
  assertEquals(take(7), take(7));
  assertNotEquals(take(7), take(8));
});

Deno.test("seededRandom() is uniform from 0 to below 1", () => {
  const random = seededRandom(1);
  const tenths = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) {
    const value = random();
    assert(value >= 0 && value < 1);
    const tenth = Math.floor(value * 10);
    tenths[tenth] = (tenths[tenth] ?? 0) + 1;
  }
  for (const count of tenths) assert(count > 850 && count < 1_150, `${count} in a tenth`);
});

Deno.test("seededWords() gives signed 32-bit integers whose every bit varies", () => {
  const word = seededWords(3);
  let ones = 0;
  let zeros = 0;
  for (let i = 0; i < 100; i++) {
    const value = word();
    assertEquals(value, value | 0);
    ones |= value;
    zeros |= ~value;
  }
  assertEquals([ones, zeros], [-1, -1]);
});
