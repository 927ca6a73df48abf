/** What the repository holds: its files, its import graph, its exports. For the tests in tests/repo/. */

/** The folder that holds deno.json, with a slash at the end. */
export const ROOT: URL = new URL("../../", import.meta.url);

/** One import of one module, a type import or a dynamic one included. */
export interface Import {
  /** Path of the importing file, from the root. */
  readonly from: string;
  /** Path of the imported file from the root, or the specifier of a package (`npm:zod@4`, `node:dgram`). */
  readonly to: string;
  /** As written in the source. */
  readonly specifier: string;
  readonly dynamic: boolean;
  /** Gone after compilation. */
  readonly typeOnly: boolean;
}

/** The fields of deno.json that the tests look at. */
export interface Manifest {
  readonly exports: Record<string, string>;
  readonly imports: Record<string, string>;
}

/** Reads deno.json. */
export async function manifest(): Promise<Manifest> {
  return JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
}

/** Paths of all files from the root, sorted, without what Git ignores. */
export async function listFiles(pattern: RegExp, folder = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(new URL(folder, ROOT))) {
    const path = folder + entry.name;
    if (entry.isDirectory && !IGNORED.has(entry.name)) {
      found.push(...await listFiles(pattern, `${path}/`));
    } else if (entry.isFile && pattern.test(path)) {
      found.push(path);
    }
  }
  return found.sort();
}

const IGNORED = new Set([".git", "node_modules", "coverage", "dist", "__pycache__"]);

/** Reads a file by its path from the root. */
export function readFile(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}

/** Whether there is a file or folder of this path from the root. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(new URL(path, ROOT));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The import graph of the given files, as Deno resolves it. */
export async function listImports(files: readonly string[]): Promise<Import[]> {
  const entry = files.map((file) => `import ${JSON.stringify(new URL(file, ROOT).href)};`).join("");
  const info = await runDeno(["info", "--json", `data:application/typescript,${encodeURI(entry)}`]);
  const graph = JSON.parse(info) as InfoOutput;
  return graph.modules.flatMap((module) => {
    const from = relative(module.specifier);
    if (from === undefined || !files.includes(from)) return [];
    return (module.dependencies ?? []).map((dependency) => {
      const target = dependency.code?.specifier ?? dependency.type?.specifier;
      if (target === undefined) {
        throw new Error(`Cannot resolve ${dependency.specifier} in ${from}`);
      }
      return {
        from,
        to: relative(target) ?? target,
        specifier: dependency.specifier,
        dynamic: dependency.isDynamic === true,
        typeOnly: dependency.code === undefined,
      };
    });
  });
}

/** Runs this Deno in the root and returns its output; throws with its complaint when it fails. */
export async function runDeno(args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  const printed = text.decode(stdout);
  if (!success) throw new Error(`Cannot run deno ${args[0]}: ${printed}${text.decode(stderr)}`);
  return printed;
}

/** What `deno info --json` prints, as far as it is used. */
interface InfoOutput {
  modules: {
    specifier: string;
    dependencies?: {
      specifier: string;
      code?: { specifier?: string };
      type?: { specifier?: string };
      isDynamic?: boolean;
    }[];
  }[];
}

function relative(url: string): string | undefined {
  return url.startsWith(ROOT.href) ? decodeURI(url.slice(ROOT.href.length)) : undefined;
}
