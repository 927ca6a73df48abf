/**
 * `deno task score`: what JSR's score counts and a checkout can show. Each exported name of each entry counts, those that an entry
 * exports again too. JSR itself adds the description and the runtimes, which are entered there, and the provenance.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { denoOutput } from "./processes.ts";
import { manifest, readFile } from "./repository.ts";

/** The least share of documented names. */
const LEAST = 0.8;

/** A part of the score. */
export interface Score {
  readonly name: string;
  readonly points: number;
  /** Why the points are missed; empty if they are not. */
  readonly missing: readonly string[];
}

/** The output of `deno doc --json`, as far as it counts. */
export interface Documentation {
  /** By the URL of the entry. */
  readonly nodes: Readonly<
    Record<string, { readonly module_doc?: Doc; readonly symbols: readonly ExportedSymbol[] }>
  >;
}

interface Doc {
  readonly doc?: string;
  readonly tags?: readonly { readonly kind: string }[];
}

interface ExportedSymbol {
  readonly name: string;
  readonly declarations: readonly { readonly declarationKind: string; readonly jsDoc?: Doc }[];
}

/** The parts of the score of a documentation and a README. */
export function scoreOf(documentation: Documentation, readme: string): Score[] {
  const entries = Object.entries(documentation.nodes);
  const exported = entries.flatMap(([url, { symbols }]) =>
    symbols.flatMap(({ name, declarations }) =>
      declarations.filter(({ declarationKind }) => declarationKind !== "private")
        .map(({ jsDoc }) => ({ name: `${url} ${name}`, isDocumented: jsDoc !== undefined }))
    )
  );
  const bare = exported.filter(({ isDocumented }) => !isDocumented).map(({ name }) => name);
  const share = 1 - bare.length / exported.length;
  const percent = (100 * share).toFixed(1);
  const urlsWithout = (has: (doc: Doc) => boolean): string[] =>
    entries.filter(([, { module_doc }]) => module_doc === undefined || !has(module_doc))
      .map(([url]) => url);
  return [
    { name: "README", points: 2, missing: readme.trim() === "" ? ["README.md"] : [] },
    { name: "README has examples", points: 1, missing: /^```/m.test(readme) ? [] : ["README.md"] },
    { name: "documentation of each entry", points: 1, missing: urlsWithout(() => true) },
    { name: "an example in each entry", points: 0, missing: urlsWithout(hasExample) },
    {
      name: `${percent} % of ${exported.length} exported names are documented`,
      points: 5,
      missing: share >= LEAST ? [] : bare,
    },
  ];
}

function hasExample({ doc = "", tags = [] }: Doc): boolean {
  return doc.includes("```") || tags.some(({ kind }) => kind === "example");
}

async function main(): Promise<number> {
  const entries = Object.values((await manifest()).exports);
  const documentation = JSON.parse(await denoOutput(["doc", "--json", ...entries]));
  const scores: Score[] = scoreOf(documentation, await readFile("README.md"));
  for (const { name, points, missing } of scores) {
    console.log(`${missing.length === 0 ? "ok     " : "missing"} ${points} ${name}`);
    for (const each of missing) console.log(`          ${each}`);
  }
  // The types of packages are not loaded: they are not this package's to document.
  const lint = await denoOutput(["doc", "--lint", "--no-npm", ...entries]).then(() => "", String);
  if (lint !== "") console.log(`deno doc --lint: ${lint}`);
  return lint === "" && scores.every(({ missing }) => missing.length === 0) ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
