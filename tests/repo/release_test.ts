/** `deno task release` in a temporary repository with this one's files. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { run } from "../tools/npm_package.ts";
import { checkTag, type Release, release } from "../tools/release.ts";
import { readFile } from "../tools/repository.ts";
import { REPOSITORY_ADDRESS } from "../tools/repository_address.ts";

const FILES = [
  "CHANGELOG.md",
  "deno.json",
  "examples/vscode/package-lock.json",
  "examples/vscode/package.json",
  "rpc/README.md",
  "rpc/pcp_client_base.py",
  "src/version.ts",
];
const ADDRESS = "https://example.com/owner/name";

Deno.test("a release writes the version everywhere, commits, tags, and names what to push", async () => {
  await using checkout = await Checkout.create();
  assertEquals(await release(checkout.release("1.2.3")), [
    `git push ${ADDRESS} main`,
    `git push ${ADDRESS} v1.2.3`,
  ]);
  assertEquals(await checkTag("v1.2.3", checkout.folder), []);
  assertEquals(await checkout.git("status", "--porcelain"), "");
  assertEquals(await checkout.git("tag", "--points-at", "HEAD"), "v1.2.3\n");
  const changes = await checkout.read("CHANGELOG.md");
  assertStringIncludes(changes, "\n## [Unreleased]\n\n## [1.2.3] - 2026-11-30\n");
  const extension = JSON.parse(await checkout.read("examples/vscode/package.json"));
  assertEquals(extension.repository, { type: "git", url: ADDRESS });
  assertEquals(extension.bugs, { url: `${ADDRESS}/issues` });
  const lock = JSON.parse(await checkout.read("examples/vscode/package-lock.json"));
  assertEquals([lock.version, lock.packages[""].version], ["1.2.3", "1.2.3"]);
  const wrong = await checkTag("v1.2.4", checkout.folder);
  assertEquals(wrong.length, FILES.length);
});

Deno.test("a release needs an address, a clean checkout, an entry and a greater version", async () => {
  await using checkout = await Checkout.create();
  const refused = async (words: string, version: string, more: Partial<Release> = {}) => {
    const before = await checkout.git("rev-parse", "HEAD");
    await assertRejects(
      () => release({ ...checkout.release(version), ...more }),
      Error,
      `Cannot release "${version}": ${words}`,
    );
    assertEquals(await checkout.git("rev-parse", "HEAD"), before);
  };
  await refused("set the repository's address", "1.0.0", { address: undefined });
  for (const version of ["1.0", "v1.0.0", "01.0.0", "1.0.0-x", ""]) {
    await refused("a version has three numbers", version);
  }
  await checkout.write("src/version.ts", "changed");
  await refused("the checkout has changes", "1.0.0");
  await checkout.git("checkout", "--quiet", "src/version.ts");
  await release(checkout.release("1.10.0"));
  await refused('the section "Unreleased" of CHANGELOG.md has no entry', "1.11.0");
  await refused("the tag v1.10.0 exists", "1.10.0");
  for (const version of ["1.9.9", "0.20.0", "1.2.11"]) {
    await refused("it must be greater than the latest release, v1.10.0", version);
  }
});

Deno.test("every file states one version, and the task refuses while there is no address", async () => {
  const { version } = JSON.parse(await readFile("deno.json"));
  const missing = `CHANGELOG.md has no "${version}"`;
  const wrong = await checkTag(`v${version}`, new URL("../..", import.meta.url).pathname);
  assertEquals(wrong.filter((line) => line !== missing), []);
  if (REPOSITORY_ADDRESS !== undefined) return;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "tests/tools/release.ts", "99.0.0"],
    cwd: new URL("../..", import.meta.url),
  }).output();
  assertEquals(code, 1);
  assertStringIncludes(new TextDecoder().decode(stderr), "set the repository's address");
});

/** A repository of its own, which is removed at the end. */
class Checkout implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Checkout> {
    const checkout = new Checkout(await Deno.makeTempDir({ prefix: "pcp_release_" }));
    for (const file of FILES) {
      const path = `${checkout.folder}/${file}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(path, await readFile(file));
    }
    await checkout.git("init", "--quiet", "--initial-branch=main");
    await checkout.git("config", "user.name", "Test");
    await checkout.git("config", "user.email", "test@example.com");
    await checkout.git("add", ".");
    await checkout.git("commit", "--quiet", "--message", "First");
    return checkout;
  }

  release(version: string): Release {
    return { version, folder: this.folder, address: ADDRESS, day: "2026-11-30" };
  }

  git(...args: string[]): Promise<string> {
    return run(["git", ...args], { cwd: this.folder });
  }

  read(file: string): Promise<string> {
    return Deno.readTextFile(`${this.folder}/${file}`);
  }

  write(file: string, text: string): Promise<void> {
    return Deno.writeTextFile(`${this.folder}/${file}`, text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
