/** Every dependency is declared, locked, imported and documented. */

import { assertEquals } from "@std/assert";
import { listImports } from "../tools/imports.ts";
import { listFiles, manifest, readFile } from "../tools/repository.ts";

Deno.test("the table of CONTRIBUTING.md names every dependency", async () => {
  const rows = (await readFile("CONTRIBUTING.md")).split("\n").filter((line) =>
    line.startsWith("|")
  );
  const names = Object.keys((await manifest()).imports);
  assertEquals(names.filter((name) => !rows.some((row) => row.includes(name))), []);
});

Deno.test("every dependency of deno.json is imported somewhere", async () => {
  const imports = await listImports(
    await listFiles(/^(?!links\/|examples\/vscode\/).*\.(ts|mjs)$/),
  );
  const unused = Object.keys((await manifest()).imports).filter((name) =>
    !imports.some(({ specifier }) => specifier === name || specifier.startsWith(`${name}/`))
  );
  assertEquals(unused, []);
});

Deno.test("packages are imported by their bare names, never by an address", async () => {
  const imports = await listImports(
    await listFiles(/^(?!links\/|examples\/vscode\/).*\.(ts|mjs)$/),
  );
  const inline = imports.filter(({ specifier }) => /^(npm|jsr|https?):/.test(specifier));
  assertEquals(inline.map(({ from, specifier }) => `${from} imports ${specifier}`), []);
});

Deno.test("every dependency of deno.json is in the lock file", async () => {
  const lock = JSON.parse(await readFile("deno.lock")) as { workspace: { dependencies: string[] } };
  const locked = lock.workspace.dependencies;
  const missing = Object.entries((await manifest()).imports).filter(([name, target]) => {
    const registry = target.slice(0, target.indexOf(":"));
    return !locked.some((entry) => entry.startsWith(`${registry}:${name}@`));
  });
  assertEquals(missing, []);
});
