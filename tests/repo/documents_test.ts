/** The documents: README is short, every link leads to a file and a heading, every path exists. */

import { assert, assertEquals } from "@std/assert";
import { anchorsOf, deadLinks, deadPaths, linksOf, pathsOf } from "../tools/documents.ts";
import { listFiles, readFile, ROOT } from "../tools/repository.ts";

Deno.test("README.md has at most 12 kB", async () => {
  const { size } = await Deno.stat(new URL("README.md", ROOT));
  assert(size <= 12_000, `${size} octets`);
});

Deno.test("every link of a document leads to a file, and its anchor to a heading", async () => {
  assertEquals(await deadLinks(await listFiles(/./), readFile), []);
});

Deno.test("every path that a document names exists, the changelog's aside", async () => {
  const documents = await listFiles(/(?<!CHANGELOG)\.md$/);
  assertEquals(await deadPaths(documents, await listFiles(/./), readFile), []);
});

Deno.test("linksOf() finds links and pictures, but no code and no other hosts", () => {
  const text = "[a](b.md#c) ![d](e.svg)\n`[f](g)` [h](https://i)\n```md\n[j](k)\n```\n";
  assertEquals(linksOf(text), ["b.md#c", "e.svg"]);
});

Deno.test("anchorsOf() spells headings as their anchors", () => {
  const text = "# State files\n```sh\n# no heading\n```\n## What, `why` & how\n";
  assertEquals([...anchorsOf(text)], ["state-files", "what-why--how"]);
});

Deno.test("pathsOf() finds the paths in code", () => {
  const text =
    "`src/a.ts` src/b.ts `tests/` `c.ts` `d.x`\n```text\nrpc/  e\n```\n```sh\nrpc/f\n```\n";
  assertEquals(pathsOf(text), ["src/a.ts", "tests/", "c.ts", "rpc/"]);
});
