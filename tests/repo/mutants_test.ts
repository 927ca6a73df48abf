/** A mutant that fits nowhere breaks nothing, and would pass for caught or be forgotten. */

import { assert, assertEquals } from "@std/assert";
import { MUTANTS } from "../mutants/list.ts";
import { mutate } from "../tools/mutants.ts";
import { readFile } from "../tools/repository.ts";

Deno.test("every mutant fits its file exactly once, and changes it", async () => {
  const wrong: string[] = [];
  for (const mutant of MUTANTS) {
    const source = await readFile(mutant.file);
    const mutated = mutate(source, mutant);
    if (mutated === undefined || mutated === source) wrong.push(`${mutant.file}: ${mutant.name}`);
  }
  assertEquals(wrong, []);
});

Deno.test("there are thirty mutants at least, each with a name of its own", () => {
  assert(MUTANTS.length >= 30);
  assertEquals(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length);
});

Deno.test("mutate() replaces what occurs once, and nothing else", () => {
  assertEquals(mutate("a b c", { from: "b", to: "d" }), "a d c");
  assertEquals(mutate("a b b", { from: "b", to: "d" }), undefined);
  assertEquals(mutate("a c", { from: "b", to: "d" }), undefined);
  assertEquals(mutate("a $1", { from: "$1", to: "$&" }), "a $&");
});
