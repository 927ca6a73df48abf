/**
 * Packages the VS Code extension, examples/vscode/dist/portcontrol.vsix. The Marketplace shows README.md without the files
 * beside it, so its links and pictures are led to the repository as soon as that has an address.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { VERSION } from "../../src/version.ts";
import { run } from "./npm_package.ts";
import { ROOT } from "./repository.ts";
import { REPOSITORY_ADDRESS } from "./repository_address.ts";

/** The arguments of `vsce package` that say where the links of README.md lead. */
export function linkArguments(address: string | undefined, version: string): string[] {
  if (address === undefined) return ["--allow-missing-repository", "--no-rewrite-relative-links"];
  const folder = `v${version}/examples/vscode`;
  return [
    "--baseContentUrl",
    `${address}/blob/${folder}`,
    "--baseImagesUrl",
    `${address}/raw/${folder}`,
  ];
}

if (import.meta.main) {
  const vsce = ["run", "-A", "--no-lock", "--no-config", "npm:@vscode/vsce@4.1.0"];
  const options = ["--no-dependencies", "--out", "dist/portcontrol.vsix"];
  const links = linkArguments(REPOSITORY_ADDRESS, VERSION);
  const command = [Deno.execPath(), ...vsce, "package", ...options, ...links];
  console.log(await run(command, { cwd: new URL("examples/vscode", ROOT) }));
}
