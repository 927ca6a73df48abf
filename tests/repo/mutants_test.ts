/** A mutant that fits nowhere, or is no program, breaks nothing that a test could notice. */

import { assert, assertEquals } from "@std/assert";
import { MUTANTS } from "../mutants/list.ts";
import { mutate } from "../mutants/mutant.ts";
import { readFile } from "../tools/repository.ts";

Deno.test("every mutant fits one function of its file exactly once, and is still a program", async () => {
  const wrong: string[] = [];
  const folder = await Deno.makeTempDir({ prefix: "pcp-mutants-" });
  try {
    for (const [index, mutant] of MUTANTS.entries()) {
      const source = await readFile(mutant.file);
      const mutated = mutate(source, mutant);
      if (mutated === undefined || mutated === source) wrong.push(`${mutant.file}: ${mutant.name}`);
      else await Deno.writeTextFile(`${folder}/${index}.ts`, mutated);
    }
    assertEquals(wrong, []);
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["fmt", "--check", "--no-config", folder],
      env: { NO_COLOR: "1" },
    }).output();
    const invalid = new TextDecoder().decode(stderr).matchAll(/Error checking: .*?(\d+)\.ts/g);
    assertEquals([...invalid].map(([, index]) => MUTANTS[Number(index)]?.name), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a mutant has a name of its own and a fragment of one short line, so that a rename spares most", () => {
  assertEquals(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length);
  assertEquals(MUTANTS.filter(({ from }) => from.length > 60 || from.includes("\n")), []);
  assert(MUTANTS.length >= 160);
});

const SOURCE = `import { two } from "./two.ts";

/** one() is here. */
export function one(
  a: number,
): number {
  if (a === 1) {
    return two(a);
  }
  return two(a + 1);
}

class Class {
  #two(a: number): number {
    one(a);
    return 2;
  }
}

const THREE = 3;
`;

Deno.test("mutate() changes what occurs once in the function, and nothing else", () => {
  const changed = (within: string, from: string, to?: string) => {
    const mutated = mutate(SOURCE, { within, from, to });
    return mutated?.split("\n").filter((line) => !SOURCE.split("\n").includes(line));
  };
  assertEquals(changed("one", "a + 1", "a"), ["  return two(a);"]);
  assertEquals(changed("#two", "2", "$&"), ["    return $&;"]);
  assertEquals(changed("THREE", "3", "4"), ["const THREE = 4;"]);
  assertEquals(changed("one", "two", "three"), undefined, "twice");
  assertEquals(changed("one", "THREE", "4"), undefined, "elsewhere");
  assertEquals(changed("two", "2", "3"), undefined, "no such function");
});

Deno.test("mutate() without a replacement removes the statement", () => {
  const removed = (within: string, from: string) => {
    const left = mutate(SOURCE, { within, from })?.split("\n") ?? [];
    return SOURCE.split("\n").length - left.length;
  };
  assertEquals(removed("one", "a === 1"), 3);
  assertEquals(removed("#two", "one("), 1);
});
