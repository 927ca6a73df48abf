/**
 * `deno task runtimes [NAME...]`: packs the package as JSR gives it to npm, installs it in an empty project, compiles the suite of
 * `tests/runtimes/` against it, and runs the suite on Deno, Node.js and Bun. The last line is `N passed, N failed`.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { installPackages, packForNpm, run } from "./npm_package.ts";
import { installRuntime, RUNTIME_NAMES } from "./runtime_cache.ts";
import { manifest, ROOT } from "./repository.ts";
import { lastLine } from "./summary.ts";

const SUITE = "tests/runtimes/suite.ts";

/** How a project finds the types of a package. */
const RESOLUTIONS = [
  { module: "node16", moduleResolution: "node16" },
  { module: "esnext", moduleResolution: "bundler" },
];

/** This Deno, which runs the sources; the other runtimes come from npm and run the package. */
const DENO = "deno";

async function main(args: readonly string[]): Promise<number> {
  const names = args.length === 0 ? [DENO, ...RUNTIME_NAMES] : args;
  const programs = new Map<string, readonly string[]>();
  for (const name of names) {
    const command = name === DENO
      ? [Deno.execPath(), "run", "-A", new URL(SUITE, ROOT).pathname]
      : [
        await installRuntime(name),
        // Without a configuration, as a script of a user.
        ...name.startsWith(DENO) ? ["run", "-A", "--no-lock", "--unstable-net"] : [],
        "suite.js",
      ];
    programs.set(name, command);
  }
  const folder = await Deno.makeTempDir({ prefix: "pcp_runtimes_" });
  try {
    await createProject(folder);
    const counts = { passed: 0, failed: 0, ignored: 0 };
    for (const [name, command] of programs) {
      const { passed, failed } = await runSuite(name, command, folder);
      counts.passed += passed;
      counts.failed += failed;
    }
    console.log(lastLine(counts));
    return counts.failed === 0 ? 0 : 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** An empty project with the package and the compiled suite. */
async function createProject(folder: string): Promise<void> {
  const tarball = `${folder}/pcp.tgz`;
  await packForNpm(tarball);
  await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify({ type: "module" }));
  await installPackages(folder, [tarball]);
  const installed = await packagesIn(`${folder}/node_modules`);
  const { size } = await Deno.stat(tarball);
  console.log(
    `The tarball has ${Math.round(size / 1024)} KiB; npm installs ${installed.join(", ")}`,
  );
  await installPackages(folder, ["--save-dev", "typescript@5", "@types/node@20"]);
  await Deno.copyFile(new URL(SUITE, ROOT), `${folder}/suite.ts`);
  // So that the types of every entry are checked.
  const entries = Object.keys((await manifest()).exports).map((entry) =>
    `import "@portcontrol/pcp${entry.slice(1)}";`
  );
  await Deno.writeTextFile(`${folder}/entries.ts`, entries.join("\n"));
  for (const resolution of RESOLUTIONS) {
    const compilerOptions = {
      ...resolution,
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      target: "es2022",
      lib: ["es2023", "esnext.disposable", "dom"],
      types: ["node"],
      noUncheckedSideEffectImports: true,
    };
    const config = { compilerOptions, files: ["suite.ts", "entries.ts"] };
    await Deno.writeTextFile(`${folder}/tsconfig.json`, JSON.stringify(config));
    await run(["npx", "tsc", "--project", folder], { cwd: folder });
    console.log(`It compiles with moduleResolution ${resolution.moduleResolution}`);
  }
}

/** The packages of a `node_modules`. */
async function packagesIn(folder: string): Promise<string[]> {
  const lock = JSON.parse(await Deno.readTextFile(`${folder}/.package-lock.json`)) as {
    packages: Record<string, { version: string }>;
  };
  return Object.entries(lock.packages).map(([path, { version }]) =>
    `${path.replace(/^.*node_modules\//, "")}@${version}`
  );
}

async function runSuite(
  name: string,
  [program = "", ...args]: readonly string[],
  folder: string,
): Promise<{ passed: number; failed: number }> {
  const began = performance.now();
  const command = new Deno.Command(program, {
    args,
    cwd: folder,
    stdin: "null",
    stderr: "inherit",
  });
  const { stdout, code } = await command.output();
  const seconds = (performance.now() - began) / 1000;
  const text = new TextDecoder().decode(stdout);
  const version = await run([program, "--version"]);
  console.log(
    `\n=== ${name}, ${version.split("\n")[0]}, ${seconds.toFixed(1)} s ===\n${text.trimEnd()}`,
  );
  const [, passed = 0, failed = 0] = /(\d+) passed, (\d+) failed\n$/.exec(text) ?? [];
  // A suite that ends before its last line has failed.
  const isCut = code !== 0 && Number(failed) === 0;
  return { passed: Number(passed), failed: Number(failed) + (isCut ? 1 : 0) };
}

if (import.meta.main) Deno.exit(await main(Deno.args));
