import { denoOutput } from "./processes.ts";
import { ROOT } from "./repository.ts";

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

/** The import graph of the given files, as Deno resolves it. */
export async function listImports(files: readonly string[]): Promise<Import[]> {
  const entry = files.map((file) => `import ${JSON.stringify(new URL(file, ROOT).href)};`).join("");
  const info = await denoOutput([
    "info",
    "--json",
    `data:application/typescript,${encodeURI(entry)}`,
  ]);
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
