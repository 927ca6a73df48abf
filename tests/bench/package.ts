import { buildPackage } from "../tools/build_package.ts";
import { readFile } from "../tools/repository.ts";

/** Programs of the package as it is published, which is what its users run. */
export interface Package {
  /** `library_client.ts`, with the package. */
  readonly client: string;
  readonly commandLine: string;
  readonly rpcServer: string;
}

/** The package, built when it is first asked for. */
export function builtPackage(): Promise<Package> {
  return built ??= build();
}

/** Leaves nothing behind. */
export async function removePackage(): Promise<void> {
  if (built !== undefined) await Deno.remove(await folder, { recursive: true });
}

let built: Promise<Package> | undefined;
let folder: Promise<string>;

async function build(): Promise<Package> {
  folder = Deno.makeTempDir({ prefix: "pcp_bench_" });
  const root = await folder;
  await buildPackage(root);
  await Deno.mkdir(`${root}/tests/bench`, { recursive: true });
  for (const name of ["library_client.ts", "this_process.ts"]) {
    const source = await readFile(`tests/bench/${name}`);
    const program = source.replace("../../mod.ts", "../../built/mod.js");
    await Deno.writeTextFile(`${root}/tests/bench/${name}`, program);
  }
  return {
    client: `${root}/tests/bench/library_client.ts`,
    commandLine: `${root}/built/repl.js`,
    rpcServer: `${root}/built/rpc_main.js`,
  };
}
