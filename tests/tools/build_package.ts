/**
 * `deno task build [FOLDER]`: the package as it is published, by default in `dist`. Deno takes a tenth of a millisecond to load
 * a module. A command has some 130 of them; built, it has some fifteen files and starts in two thirds of the time. Types and
 * documentation come from the sources, which are in the package too.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { ROOT } from "./repository.ts";

/** Export and source of each part of the library. They are built together, so that each class exists once. */
const LIBRARY: Readonly<Record<string, string>> = {
  ".": "mod.ts",
  "./discovery": "src/discovery/mod.ts",
  "./engine": "src/engine/mod.ts",
  "./rpc": "rpc/mod.ts",
  "./testing": "src/testing/mod.ts",
  "./transport": "src/transport/mod.ts",
  "./wire": "src/wire/mod.ts",
};

/** The same of the programs, each built by itself, with its packages: it starts without a registry in reach. */
const PROGRAMS: Readonly<Record<string, string>> = {
  "./repl": "repl.ts",
  "./rpc/main": "rpc/main.ts",
};

/** Copied without change. */
const COPIED = [
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "LICENSE",
  "README.md",
  "SECURITY.md",
  "deno.lock",
  "docs",
  "examples",
  "links",
  "mod.ts",
  "repl.ts",
  "rpc",
  "src",
];

/** The VS Code extension is a package of its own, and the pictures of the documents stay in the repository. */
const NOT_COPIED = new Set(["docs/pictures", "examples/vscode"]);

/** Lines of documents that show a picture, with the empty line after them. */
const PICTURES = /^!\[.*\]\(.*\)\n\n?/gm;

/**
 * Builds the package into a folder, which is created if it does not exist. An earlier package in it is replaced.
 *
 * @throws {Error} If the folder holds anything else, which stays untouched.
 */
export async function buildPackage(folder: string): Promise<void> {
  await clear(folder);
  for (const name of COPIED) await copy(name, folder);
  try {
    await bundle(LIBRARY, `${folder}/built`, "lib", { external: await dependencies() });
    for (const [name, source] of Object.entries(PROGRAMS)) {
      await bundle({ [name]: source }, `${folder}/built`, fileOf(name), { plugins: [PACKAGES] });
    }
  } finally {
    await esbuild.stop();
  }
  for (const [name, source] of Object.entries({ ...LIBRARY, ...PROGRAMS })) {
    const path = `${folder}/built/${fileOf(name)}.js`;
    const code = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, `/* @ts-self-types="../${source}" */\n${code}`);
  }
  await Deno.writeTextFile(`${folder}/deno.json`, await configuration());
}

async function clear(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) names.push(name);
  if (names.length === 0) return;
  if (!names.includes("built") || names.includes(".git")) {
    throw new Error(
      `Cannot build the package: a new folder or that of an earlier build is needed, and this one holds other things: "${folder}"`,
    );
  }
  for (const name of names) await Deno.remove(`${folder}/${name}`, { recursive: true });
}

async function bundle(
  sources: Readonly<Record<string, string>>,
  folder: string,
  parts: string,
  packages: Pick<esbuild.BuildOptions, "external" | "plugins">,
): Promise<void> {
  const { warnings, metafile } = await esbuild.build({
    metafile: true,
    absWorkingDir: fileURLToPath(ROOT),
    entryPoints: Object.entries(sources).map(([name, source]) => ({
      in: source,
      out: fileOf(name),
    })),
    outdir: folder,
    chunkNames: `${parts}/[name]-[hash]`,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "neutral",
    target: "esnext",
    plugins: packages.plugins ?? [],
    external: ["node:*", ...packages.external ?? []],
    // Not minified: it starts no faster, and stack traces stay readable.
  });
  if (warnings.length > 0) {
    throw new Error(`Cannot build the package: ${warnings.map(({ text }) => text).join(", ")}`);
  }
  await writeLicences(Object.keys(metafile.inputs), `${folder}/${parts}`);
}

/** Writes the licences of the packages whose files are in a program. */
async function writeLicences(inputs: readonly string[], folder: string): Promise<void> {
  const packages = new Set(
    inputs.flatMap((path) => /^.*\/npm\/[^/]+\/(?:@[^/]+\/)?[^/]+\/[^/]+\//.exec(path)?.[0] ?? []),
  );
  const texts: string[] = [];
  for (const path of packages) {
    const absolute = resolve(fileURLToPath(ROOT), path);
    for await (const { name } of Deno.readDir(absolute)) {
      if (/^licen[cs]e/i.test(name)) texts.push(await Deno.readTextFile(`${absolute}/${name}`));
    }
  }
  if (texts.length > 0) await Deno.writeTextFile(`${folder}/LICENSES.txt`, texts.join("\n---\n\n"));
}

/** Finds packages where Deno has them. */
const PACKAGES: esbuild.Plugin = {
  name: "packages",
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind, importer }) => {
      if (kind === "entry-point" || path.startsWith("node:")) return null;
      return { path: resolvePackage(path, importer) };
    });
    // The entry loads all of the package, in its old module format: nothing of it can be left out.
    onLoad(
      { filter: /vscode-jsonrpc\/[^/]+\/lib\/common\/api\.js$/ },
      () => ({ contents: JSONRPC }),
    );
  },
};

/** The parts of vscode-jsonrpc that the JSON-RPC server uses. */
const JSONRPC = `
export { createMessageConnection } from "./connection.js";
export {
  NotificationType, NotificationType0, ParameterStructures, RequestType, RequestType0, ResponseError,
} from "./messages.js";
export { default as RAL } from "./ral.js";
`;

/** A package of this configuration, or of that of the importing stand-in in links/. */
function resolvePackage(specifier: string, importer: string): string {
  try {
    return fileURLToPath(import.meta.resolve(specifier));
  } catch {
    return createRequire(importer).resolve(specifier);
  }
}

/** Packages that the importing program loads itself, in the version that suits all of it. */
async function dependencies(): Promise<string[]> {
  const { imports } = await rootConfiguration();
  return Object.keys(imports).flatMap((name) => [name, `${name}/*`]);
}

async function configuration(): Promise<string> {
  const { tasks: _tasks, exclude: _exclude, publish, ...config } = await rootConfiguration();
  const exports = Object.fromEntries(
    Object.keys(config.exports).map((name) => [name, `./built/${fileOf(name)}.js`]),
  );
  // Git ignores `dist`, and Deno publishes an ignored file only if the configuration names it.
  const exclude = [...publish.exclude, "!built", ...COPIED.map((name) => `!${name}`)]
    .filter((name) => !publish.exclude.includes(name.slice(1)));
  return `${JSON.stringify({ ...config, exports, publish: { exclude } }, null, 2)}\n`;
}

interface Configuration {
  readonly exports: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
  readonly publish: { readonly exclude: readonly string[] };
  readonly exclude: unknown;
  readonly tasks: unknown;
}

async function rootConfiguration(): Promise<Configuration> {
  const config: Configuration = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const known = Object.keys({ ...LIBRARY, ...PROGRAMS });
  const unknown = Object.keys(config.exports).filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`Cannot build the package: no entry says how to build "${unknown.join(", ")}"`);
  }
  return config;
}

/** `./rpc/main` is built as `rpc_main.js`. */
function fileOf(name: string): string {
  return name === "." ? "mod" : name.slice("./".length).replaceAll("/", "_");
}

async function copy(name: string, folder: string): Promise<void> {
  if (NOT_COPIED.has(name)) return;
  const from = new URL(name, ROOT);
  if (name.endsWith(".md")) {
    const text = await Deno.readTextFile(from);
    return await Deno.writeTextFile(`${folder}/${name}`, text.replace(PICTURES, ""));
  }
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, `${folder}/${name}`);
  await Deno.mkdir(`${folder}/${name}`, { recursive: true });
  for await (const entry of Deno.readDir(from)) await copy(`${name}/${entry.name}`, folder);
}

if (import.meta.main) {
  const [folder = "dist"] = Deno.args;
  try {
    await buildPackage(folder);
    console.log(`${folder} is ready: \`deno publish\` there publishes it`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exitCode = 1;
  }
}
