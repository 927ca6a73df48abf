/** The lists of modules that are loaded at once. `src/modules.ts` tells what they are for. */

import { assertEquals } from "@std/assert";
import { readFile } from "../tools/repository.ts";
import { listedLines, MODULE_LISTS, wantedLines } from "../tools/module_lists.ts";

for (const list of MODULE_LISTS) {
  Deno.test(`${list.file} names what ${list.entry} loads (deno task modules --write)`, async () => {
    assertEquals(await listedLines(list), await wantedLines(list));
  });

  Deno.test(`${list.entry} imports ${list.file} before anything else`, async () => {
    const [first] = /^import .*$/m.exec(await readFile(list.entry)) ?? [];
    const folder = list.entry.slice(0, list.entry.lastIndexOf("/") + 1);
    assertEquals(first, `import "./${list.file.slice(folder.length)}";`);
  });
}

Deno.test("what most programs never need is loaded when it is needed", async () => {
  const listed = (await Promise.all(MODULE_LISTS.map(listedLines))).flat().join("\n");
  for (const file of LATE) assertEquals([file, listed.includes(`/${file}.ts"`)], [file, false]);
  assertEquals(listed.includes("/handle.ts"), true);
});

const LATE = [
  "diagnose",
  "describe",
  "gateway",
  "help",
  "lab",
  "local_address",
  "node",
  "run_prompt",
  "server_probe",
  "trace",
  "watcher",
];
