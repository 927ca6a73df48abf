/**
 * `deno task modules`: the lists of modules that are loaded at once, against what is imported; `--write` writes them.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { type Import, listFiles, listImports, readFile, ROOT } from "./repository.ts";

/** A file that names every module that an entry loads when it is imported. */
interface ModuleList {
  readonly file: string;
  /** The entry imports the list first. */
  readonly entry: string;
  /** Lists that are loaded before: what they name is not named again. */
  readonly after: readonly string[];
}

/** Every list. */
export const MODULE_LISTS: readonly ModuleList[] = [
  { file: "src/modules.ts", entry: "mod.ts", after: [] },
  { file: "src/repl/modules.ts", entry: "repl.ts", after: ["mod.ts"] },
  { file: "src/testing/modules.ts", entry: "src/testing/loopback.ts", after: ["mod.ts"] },
];

/** The import lines that a list must have. */
export async function wantedLines(list: ModuleList): Promise<string[]> {
  const imports = (await listImports(await listFiles(/^(mod|repl|src\/.*)\.ts$/)))
    .filter((each) => !each.typeOnly && !each.dynamic && !isList(each.to) && !isList(each.from));
  const before = new Set(list.after.flatMap((entry) => [...reached(entry, imports)]));
  const folder = list.file.slice(0, list.file.lastIndexOf("/") + 1);
  return [...reached(list.entry, imports)]
    .filter((file) => file !== list.entry && !before.has(file) && file.endsWith(".ts"))
    .map((file) => `import "${relative(folder, file)}";`)
    .sort();
}

/** The import lines that a list has. */
export async function listedLines(list: ModuleList): Promise<string[]> {
  return (await readFile(list.file)).split("\n").filter((line) => line.startsWith("import "));
}

function isList(file: string): boolean {
  return MODULE_LISTS.some((list) => list.file === file);
}

function reached(file: string, imports: readonly Import[], seen = new Set<string>()): Set<string> {
  if (seen.has(file) || !/^(mod\.ts|repl\.ts|src\/)/.test(file)) return seen;
  seen.add(file);
  for (const each of imports) if (each.from === file) reached(each.to, imports, seen);
  return seen;
}

function relative(folder: string, file: string): string {
  if (file.startsWith(folder)) return `./${file.slice(folder.length)}`;
  const parent = folder.replace(/[^/]+\/$/, "");
  return `../${relative(parent, file).replace(/^\.\//, "")}`;
}

if (import.meta.main) {
  for (const list of MODULE_LISTS) {
    const text = await readFile(list.file);
    const comment = text.slice(0, text.indexOf("*/\n") + 3);
    const wanted = `${comment}\n${(await wantedLines(list)).join("\n")}\n`;
    if (text === wanted) continue;
    if (Deno.args.includes("--write")) await Deno.writeTextFile(new URL(list.file, ROOT), wanted);
    console.log(`${list.file} ${Deno.args.includes("--write") ? "written" : "is out of date"}`);
  }
}
