/**
 * `deno task tarball [FILE]`: the package as npm gets it: `package.json` with exports and types, the built files, `.d.ts` and documents. `deno pack` writes
 * them; what it leaves out is added here: the types of the built entries. What npm's users have no use for is taken out: sources beside the built files.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { buildPackage } from "./build_package.ts";
import { manifest } from "./repository.ts";

/**
 * Writes the tarball.
 *
 * @param file Where to write it.
 * @throws {Error} If the package cannot be built or packed.
 */
export async function packForNpm(file: string): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "pcp_pack_" });
  try {
    await buildPackage(`${folder}/source`);
    const options = ["--allow-dirty", "--no-source-maps", "-o", `${folder}/packed.tgz`];
    await run([Deno.execPath(), "pack", ...options], { cwd: `${folder}/source` });
    await run(["tar", "xzf", "packed.tgz"], { cwd: folder });
    await describe(`${folder}/package`);
    await removeSources(`${folder}/package`);
    await run(["tar", "czf", "npm.tgz", "package"], { cwd: folder });
    await Deno.copyFile(`${folder}/npm.tgz`, file);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Adds the types of each entry, which are those of its source, and the oldest Node.js. */
async function describe(folder: string): Promise<void> {
  const path = `${folder}/package.json`;
  const packed: Packed = JSON.parse(await Deno.readTextFile(path));
  for (const [entry, source] of Object.entries((await manifest()).exports)) {
    const built = packed.exports[entry];
    if (built === undefined) throw new Error(`Cannot pack the package: it lacks "${entry}"`);
    packed.exports[entry] = { types: source.replace(/\.ts$/, ".d.ts"), default: built.default };
  }
  packed.engines = { node: ">=20" };
  // The stand-ins of links/, which the programs have in their own files.
  for (const name of ["deno-std", "get-east-asian-width"]) delete packed.dependencies?.[name];
  await Deno.writeTextFile(path, `${JSON.stringify(packed, null, 2)}\n`);
}

/** The folders whose modules are built; their types, documents and Python files stay. */
const SOURCES = [".", "rpc", "src"];

/** Removes the sources of the built files, which no entry names. */
async function removeSources(folder: string): Promise<void> {
  await Deno.remove(`${folder}/links`, { recursive: true });
  for (const source of SOURCES) await removeModules(`${folder}/${source}`, source !== ".");
}

async function removeModules(folder: string, isDeep: boolean): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory && isDeep) await removeModules(path, isDeep);
    else if (/(?<!\.d)\.ts$|\.js$/.test(name)) await Deno.remove(path);
  }
}

interface Packed {
  readonly exports: Record<string, { readonly types?: string; readonly default: string }>;
  readonly dependencies?: Record<string, string>;
  engines?: Readonly<Record<string, string>>;
}

/**
 * Installs packages with npm into a folder, which becomes a project if it is none.
 *
 * @throws {Error} If npm fails, with what it printed.
 */
export async function installPackages(
  folder: string,
  specifiers: readonly string[],
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const options = ["--no-audit", "--no-fund", "--no-package-lock", "--prefix", folder];
  await run(["npm", "install", ...options, ...specifiers], { cwd: folder });
}

/**
 * Runs a program to its end.
 *
 * @returns What it printed on standard output.
 * @throws {Error} If it fails, with what it printed.
 */
export async function run(
  [program = "", ...args]: readonly string[],
  options: Pick<Deno.CommandOptions, "cwd" | "env"> = {},
): Promise<string> {
  const command = new Deno.Command(program, { args, stdin: "null", ...options });
  const { success, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  const out = text.decode(stdout);
  if (!success) {
    throw new Error(`Cannot run "${[program, ...args].join(" ")}": ${out}${text.decode(stderr)}`);
  }
  return out;
}

if (import.meta.main) {
  const [file = "portcontrol-pcp.tgz"] = Deno.args;
  try {
    await packForNpm(file);
    console.log(`${file} is ready: npm install ${file}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exitCode = 1;
  }
}
