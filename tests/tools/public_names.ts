/**
 * The public names: what each entry of deno.json exports, against tests/repo/public_names.json.
 * `deno task names` prints the difference, `deno task names --write` accepts it.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { denoOutput } from "./processes.ts";
import { manifest, readFile, ROOT } from "./repository.ts";

/** Names by entry, each list sorted. */
export type PublicNames = Record<string, string[]>;

/** One entry of the package, as the documentation generator reports it. */
export interface Entry {
  readonly names: string[];
  readonly moduleDoc: string;
}

const LIST = "tests/repo/public_names.json";

/** Reads the list of tests/repo/public_names.json. */
export async function listedNames(): Promise<PublicNames> {
  return JSON.parse(await readFile(LIST));
}

/** What each entry of deno.json exports, types included. */
export async function readEntries(): Promise<Record<string, Entry>> {
  const { exports } = await manifest();
  const output = await denoOutput(["doc", "--json", ...Object.values(exports)]);
  const { nodes } = JSON.parse(output) as DocOutput;
  return Object.fromEntries(
    Object.entries(exports).map(([entry, path]) => {
      const module = nodes[new URL(path, ROOT).href];
      if (module === undefined) throw new Error(`Cannot find the documentation of ${path}`);
      const exported = module.symbols.filter(({ declarations }) =>
        declarations.some(({ declarationKind }) => declarationKind === "export")
      );
      return [entry, {
        names: [...new Set(exported.map(({ name }) => name))].sort(),
        moduleDoc: module.module_doc?.doc ?? "",
      }];
    }),
  );
}

/** One line for each name: `+ ./wire decodeRequest` is exported and not listed, `-` is listed and not exported. */
export function difference(listed: PublicNames, exported: PublicNames): string[] {
  const entries = [...new Set([...Object.keys(listed), ...Object.keys(exported)])].sort();
  return entries.flatMap((entry) => {
    const before = listed[entry] ?? [];
    const after = exported[entry] ?? [];
    return [
      ...before.filter((name) => !after.includes(name)).map((name) => `- ${entry} ${name}`),
      ...after.filter((name) => !before.includes(name)).map((name) => `+ ${entry} ${name}`),
    ];
  });
}

/** The names alone. */
export function namesOf(entries: Record<string, Entry>): PublicNames {
  return Object.fromEntries(Object.entries(entries).map(([key, { names }]) => [key, names]));
}

/** What `deno doc --json` prints, as far as it is used. */
interface DocOutput {
  nodes: Record<string, {
    module_doc?: { doc?: string };
    symbols: { name: string; declarations: { declarationKind: string }[] }[];
  }>;
}

if (import.meta.main) {
  const exported = namesOf(await readEntries());
  if (Deno.args.includes("--write")) {
    await Deno.writeTextFile(new URL(LIST, ROOT), `${JSON.stringify(exported, null, 2)}\n`);
    console.log(`Wrote ${LIST}`);
  } else {
    const lines = difference(await listedNames(), exported);
    console.log(lines.length > 0 ? lines.join("\n") : "The public names are as listed");
    Deno.exitCode = lines.length > 0 ? 1 : 0;
  }
}
