/** The tool that computes JSR's score, on small documentations. */

import { assertEquals } from "@std/assert";
import { type Documentation, type Score, scoreOf } from "../tools/jsr_score.ts";

const README = "# Title\n\n```ts\n1;\n```\n";

Deno.test("a documented entry with an example misses no points", () => {
  assertEquals(missed(scoreOf(documentation("Text\n```ts\n1;\n```", 8, 2), README)), []);
});

Deno.test("one more name without documentation falls below 80 %, and each is listed", () => {
  const [share] = missed(scoreOf(documentation("Text\n```ts\n1;\n```", 8, 3), README));
  assertEquals(share?.name, "72.7 % of 11 exported names are documented");
  assertEquals(share?.missing, ["mod.ts bare0", "mod.ts bare1", "mod.ts bare2"]);
});

Deno.test("private declarations do not count", () => {
  const { nodes } = documentation("Text\n```ts\n1;\n```", 1, 0);
  const hidden = { name: "hidden", declarations: [{ declarationKind: "private" }] };
  const symbols = [...nodes["mod.ts"]?.symbols ?? [], hidden];
  assertEquals(
    missed(scoreOf({ nodes: { "mod.ts": { ...nodes["mod.ts"], symbols } } }, README)),
    [],
  );
});

Deno.test("an entry without documentation, or without an example, is named", () => {
  const names = (text: string | undefined, readme: string): string[] =>
    missed(scoreOf(documentation(text, 1, 0), readme)).map(({ name }) => name);
  assertEquals(names(undefined, README), [
    "documentation of each entry",
    "an example in each entry",
  ]);
  assertEquals(names("Text", "# Title"), ["README has examples", "an example in each entry"]);
});

function missed(scores: readonly Score[]): Score[] {
  return scores.filter(({ missing }) => missing.length > 0);
}

function documentation(text: string | undefined, documented: number, bare: number): Documentation {
  const symbols = [
    ...names("documented", documented, { jsDoc: { doc: "Text" } }),
    ...names("bare", bare, {}),
  ];
  const entry = text === undefined ? { symbols } : { module_doc: { doc: text }, symbols };
  return { nodes: { "mod.ts": entry } };
}

function names(name: string, count: number, more: object) {
  return Array.from({ length: count }, (_, index) => ({
    name: `${name}${index}`,
    declarations: [{ declarationKind: "export", ...more }],
  }));
}
