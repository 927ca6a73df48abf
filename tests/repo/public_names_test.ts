/** The public names: listed by hand, all documented, and no others. */

import { assertEquals } from "@std/assert";
import { denoOutput } from "../tools/processes.ts";
import { manifest } from "../tools/repository.ts";
import { difference, listedNames, namesOf, readEntries } from "../tools/public_names.ts";

Deno.test("each entry exports the listed names and no others (deno task names)", async () => {
  assertEquals(difference(await listedNames(), namesOf(await readEntries())), []);
});

Deno.test("each entry of the package has a module doc", async () => {
  const entries = Object.entries(await readEntries());
  assertEquals(entries.length > 0, true);
  assertEquals(entries.filter(([, { moduleDoc }]) => moduleDoc === "").map(([name]) => name), []);
});

Deno.test("deno doc --lint finds nothing in any entry", async () => {
  const entries = Object.values((await manifest()).exports);
  // The types of packages are not loaded: a program that uses them has the package.
  await denoOutput(["doc", "--lint", "--no-npm", ...entries]);
});

Deno.test("difference() lists added, removed and missing entries", () => {
  assertEquals(difference({ ".": ["a", "b"], "./x": ["c"] }, { ".": ["b", "d"], "./y": ["e"] }), [
    "- . a",
    "+ . d",
    "- ./x c",
    "+ ./y e",
  ]);
});
