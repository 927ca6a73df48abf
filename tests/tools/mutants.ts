/**
 * `deno task mutants`: breaks the engine and UPnP in many ways, one at a time and in a copy, and runs its tests. It fails if a mutant
 * survives, which no test notices, or does not fit any more. `deno task mutants epoch` takes those with that text in name or
 * file.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { MUTANTS } from "../mutants/list.ts";
import { type Mutant, mutate } from "../mutants/mutant.ts";
import { exists, ROOT } from "./repository.ts";

/** What became of a mutant. */
export type Outcome = "caught" | "survived" | "no longer applies";

/** Quick tests, by the beginning of a mutant's path. The second group runs only if the first one notices nothing. */
const TESTS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "src/engine/": [["engine"], ["natpmp", "servers", "conformance", "options", "sharing"]],
  "src/igd/": [["igd"], ["client", "conformance"]],
};

/** Not needed in the copy. */
const LEFT_OUT = new Set([".git", "node_modules", "coverage", ".vscode"]);

/** A mutant that makes the tests run longer is caught. */
const TIME_LIMIT = 120_000;

const WORKERS = 2;

async function main(text = ""): Promise<number> {
  const chosen = MUTANTS.filter(({ name, file }) => name.includes(text) || file.includes(text));
  const folders = await Promise.all(Array.from({ length: WORKERS }, () => copy()));
  try {
    const [first] = folders;
    const groups = Object.values(TESTS).flat();
    if (first === undefined || !await testsPass(first, groups)) {
      console.error("Cannot judge mutants: the tests fail without any");
      return 1;
    }
    const waiting = [...chosen];
    const counts: Record<Outcome, number> = { caught: 0, survived: 0, "no longer applies": 0 };
    await Promise.all(folders.map(async (folder) => {
      for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
        const outcome = await tryOut(folder, mutant);
        counts[outcome]++;
        console.log(`${outcome.padEnd(18)} ${mutant.file}: ${mutant.name}`);
      }
    }));
    const { caught, survived } = counts;
    console.log(
      `\n${chosen.length} mutants: ${caught} caught, ${survived} survived, ${
        counts["no longer applies"]
      } no longer apply`,
    );
    return caught === chosen.length && caught > 0 ? 0 : 1;
  } finally {
    for (const folder of folders) await Deno.remove(folder, { recursive: true });
  }
}

async function tryOut(folder: string, mutant: Mutant): Promise<Outcome> {
  const path = `${folder}/${mutant.file}`;
  const source = await Deno.readTextFile(path);
  const mutated = mutate(source, mutant);
  if (mutated === undefined) return "no longer applies";
  await Deno.writeTextFile(path, mutated);
  try {
    return await testsPass(folder, testsOf(mutant)) ? "survived" : "caught";
  } finally {
    await Deno.writeTextFile(path, source);
  }
}

function testsOf({ file }: Mutant): readonly (readonly string[])[] {
  const [, groups] = Object.entries(TESTS).find(([path]) => file.startsWith(path)) ?? [];
  if (groups === undefined) throw new Error(`Cannot choose tests for a mutant: "${file}"`);
  return groups;
}

async function testsPass(
  folder: string,
  groups: readonly (readonly string[])[],
): Promise<boolean> {
  for (const group of groups) if (!await groupPasses(folder, group)) return false;
  return true;
}

async function groupPasses(folder: string, group: readonly string[]): Promise<boolean> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--allow-all",
      "--no-check",
      "--fail-fast",
      "--v8-flags=--max-old-space-size=600", // a loop that eats memory ends soon
      ...group.map((name) => `tests/${name}`),
    ],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const limit = setTimeout(() => child.kill("SIGKILL"), TIME_LIMIT);
  const { success } = await child.status;
  clearTimeout(limit);
  return success;
}

/** A copy of the repository, to break. */
async function copy(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "pcp-mutants-" });
  await copyFolder(ROOT.pathname.replace(/\/$/, ""), folder);
  if (!await exists("deno.lock")) {
    throw new Error("Cannot copy the repository: it has no lock file");
  }
  return folder;
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory, isFile } of Deno.readDir(from)) {
    if (LEFT_OUT.has(name)) continue;
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else if (isFile) await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args[0]));
