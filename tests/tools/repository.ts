/** The files of the repository and its deno.json. */

/** The folder that holds deno.json, with a slash at the end. */
export const ROOT: URL = new URL("../../", import.meta.url);

/** The fields of deno.json that the tests read. */
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
