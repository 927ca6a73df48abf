/** SECURITY.md: each test that it names exists. */

import { assert, assertEquals } from "@std/assert";
import { readFile } from "../tools/repository.ts";

Deno.test("each test that SECURITY.md names in quotes exists", async () => {
  const text = await readFile("SECURITY.md");
  const named = [...text.matchAll(/`(tests\/[^`]+)` ("[^|]*")/g)];
  assert(named.length > 10);
  const missing: string[] = [];
  for (const [, path = "", rest = ""] of named) {
    const source = await readFile(path);
    // Quotes after the next path belong to that one.
    for (const [, name = ""] of (rest.split("`")[0] ?? "").matchAll(/"([^"]+)"/g)) {
      const isName = [`"${name}`, `\`${name}`].some((start) => source.includes(start));
      if (!isName) missing.push(`${path} "${name}"`);
    }
  }
  assertEquals(missing, []);
});
