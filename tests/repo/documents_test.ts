/** The documents: README is short, and every link leads to a file and a heading. */

import { assert, assertEquals } from "@std/assert";
import { anchorsOf, deadLinks, linksOf } from "../tools/documents.ts";
import { listFiles, readFile, ROOT } from "../tools/repository.ts";

Deno.test("README.md has at most 12 kB", async () => {
  const { size } = await Deno.stat(new URL("README.md", ROOT));
  assert(size <= 12_000, `${size} octets`);
});

Deno.test("every link of a document leads to a file, and its anchor to a heading", async () => {
  assertEquals(await deadLinks(await listFiles(/./), readFile), []);
});

Deno.test("linksOf() finds links and pictures, but no code and no other hosts", () => {
  const text = "[a](b.md#c) ![d](e.svg)\n`[f](g)` [h](https://i)\n```md\n[j](k)\n```\n";
  assertEquals(linksOf(text), ["b.md#c", "e.svg"]);
});

Deno.test("anchorsOf() spells headings as their anchors", () => {
  const text = "# State files\n```sh\n# no heading\n```\n## What, `why` & how\n";
  assertEquals([...anchorsOf(text)], ["state-files", "what-why--how"]);
});
