/**
 * `deno task release VERSION`: checks that the version can be released, writes it to every file that states it, commits and tags.
 * `deno task release --check TAG` only checks that the files state the version of a tag, for the workflow that publishes it.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { fileURLToPath } from "node:url";
import { run } from "./npm_package.ts";
import { ROOT } from "./repository.ts";
import { REPOSITORY_ADDRESS } from "./repository_address.ts";

/** What a release is made of. Tests replace the folder, the address and the day. */
export interface Release {
  readonly version: string;
  /** A checkout, without a slash at the end. */
  readonly folder: string;
  readonly address: string | undefined;
  /** The day of the release, as in `2026-11-30`. */
  readonly day: string;
}

/** Where the version stands, as the groups before and after it. The first one is read, all are written. */
const PLACES: readonly { readonly file: string; readonly pattern: RegExp }[] = [
  { file: "deno.json", pattern: /^()( {2}"version": ")[^"]+/m },
  { file: "src/version.ts", pattern: /^()(export const VERSION = ")[^"]+/m },
  { file: "examples/vscode/package.json", pattern: /^()( {2}"version": ")[^"]+/m },
  {
    file: "examples/vscode/package-lock.json",
    pattern:
      /(^ {2}"name": "portcontrol",\n|^ {4}"": \{\n {6}"name": "portcontrol",\n)( +"version": ")[^"]+/gm,
  },
  { file: "rpc/pcp_client_base.py", pattern: /^()(VERSION = ")[^"]+/m },
  { file: "rpc/README.md", pattern: /()("serverInfo":\{"name":"pcp-rpc","version":")[^"]+/ },
];

const CHANGES = "CHANGELOG.md";
const EXTENSION = "examples/vscode/package.json";

/**
 * Makes the commit and the tag of a release.
 *
 * @returns What is to be pushed, as commands.
 * @throws {Error} If anything is in the way; then nothing is changed.
 */
export async function release({ version, folder, address, day }: Release): Promise<string[]> {
  const refuse = (reason: string): never => {
    throw new Error(`Cannot release "${version}": ${reason}`);
  };
  if (!VERSION.test(version)) refuse("a version has three numbers, as in 1.2.3");
  if (address === undefined) {
    refuse("set the repository's address in tests/tools/repository_address.ts");
  }
  const git = (...args: string[]): Promise<string> => run(["git", ...args], { cwd: folder });
  if (await git("status", "--porcelain") !== "") {
    refuse("the checkout has changes; commit or remove them");
  }
  if (await git("tag", "--list", `v${version}`) !== "") refuse(`the tag v${version} exists`);
  const released = await git("tag", "--list", "v*", "--sort=-version:refname");
  const [latest] = released.split("\n").filter((tag) => VERSION.test(tag.slice(1)));
  if (latest !== undefined && compare(version, latest.slice(1)) <= 0) {
    refuse(`it must be greater than the latest release, ${latest}`);
  }
  const changes = await Deno.readTextFile(`${folder}/${CHANGES}`);
  const [heading = "", entries = ""] = UNRELEASED.exec(changes) ?? [];
  if (!/^- /m.test(entries)) refuse(`the section "Unreleased" of ${CHANGES} has no entry`);

  const written: [string, string][] = [[
    CHANGES,
    changes.replace(heading, () => `## [Unreleased]\n\n## [${version}] - ${day}\n${entries}`),
  ]];
  for (const { file, pattern } of PLACES) {
    const text = await Deno.readTextFile(`${folder}/${file}`);
    if (text.match(pattern) === null) refuse(`${file} states no version`);
    const changed = text.replace(pattern, (_, before, after) => `${before}${after}${version}`);
    written.push([file, file === EXTENSION ? withAddress(changed, `${address}`) : changed]);
  }
  for (const [file, text] of written) await Deno.writeTextFile(`${folder}/${file}`, text);
  await git("commit", "--all", "--quiet", "--message", `Release ${version}`);
  await git("tag", "--annotate", `v${version}`, "--message", `Version ${version}`);
  const branch = (await git("branch", "--show-current")).trim();
  return [`git push ${address} ${branch}`, `git push ${address} v${version}`];
}

/**
 * Checks that every file states the version of a tag.
 *
 * @returns What is wrong, one line each.
 */
export async function checkTag(tag: string, folder: string): Promise<string[]> {
  const version = tag.replace(/^v/, "");
  const wrong: string[] = [];
  for (const { file, pattern } of PLACES) {
    const text = await Deno.readTextFile(`${folder}/${file}`);
    const found = [...text.matchAll(new RegExp(pattern, "gm"))].map(([all]) =>
      /[^"]+$/.exec(all)?.[0]
    );
    if (found.length === 0 || found.some((each) => each !== version)) {
      wrong.push(`${file} states "${found.join()}", the tag "${version}"`);
    }
  }
  const changes = await Deno.readTextFile(`${folder}/${CHANGES}`);
  if (!changes.includes(`\n## [${version}] - `)) wrong.push(`${CHANGES} has no "${version}"`);
  return wrong;
}

/** The extension's manifest with the address, which the Marketplace shows. */
function withAddress(manifest: string, address: string): string {
  const fields = JSON.parse(manifest);
  fields.repository = { type: "git", url: address };
  fields.bugs = { url: `${address}/issues` };
  return `${JSON.stringify(fields, null, 2)}\n`;
}

function compare(one: string, other: string): number {
  const [first, second] = [one, other].map((text) => text.split(".").map(Number));
  const index = first?.findIndex((number, at) => number !== second?.[at]) ?? -1;
  return index < 0 ? 0 : (first?.[index] ?? 0) - (second?.[index] ?? 0);
}

const VERSION = /^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}$/;

/** The heading and what stands under it, up to the next heading of a version. */
const UNRELEASED = /^## \[Unreleased\]\n([^]*?)(?=^## \[|(?![^]))/m;

async function main(args: readonly string[]): Promise<number> {
  const folder = fileURLToPath(ROOT).replace(/[\\/]$/, "");
  const [first = "", tag] = args;
  if (first === "--check" && tag !== undefined) {
    const wrong = await checkTag(tag, folder);
    for (const line of wrong) console.error(line);
    return wrong.length === 0 ? 0 : 1;
  }
  if (first === "") {
    console.error("Usage: deno task release VERSION | --check TAG");
    return 2;
  }
  try {
    const day = new Date().toISOString().slice(0, 10);
    const commands = await release({ version: first, folder, address: REPOSITORY_ADDRESS, day });
    console.log(`Tagged v${first}. What publishes it:\n${commands.join("\n")}`);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
