/** The documents: README is short, every link leads to a file and a heading, every path exists. */

import { assert, assertEquals, assertMatch } from "@std/assert";
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

Deno.test("each page of docs/ begins with what its reader can do after it", async () => {
  const pages = await listFiles(/^docs\/.*\.md$/);
  assert(pages.length >= 6);
  for (const page of pages) {
    assertMatch(await readFile(page), /^# .*\n\nAfter this page you can /, page);
  }
});

Deno.test("each code block says its language; one of TypeScript runs in a test unless it is marked", async () => {
  const known = /^```(dockerfile|http|ini|json|python|sh|text|ts|ts ignore)?$/;
  for (const document of await listFiles(/\.md$/)) {
    const fences = (await readFile(document)).match(/^```.*$/gm) ?? [];
    const odd = fences.filter((fence, index) =>
      (index % 2 === 1) !== (fence === "```") || !known.test(fence)
    );
    assertEquals(odd, [], document);
  }
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
