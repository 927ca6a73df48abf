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
  const complaints = await denoOutput(["doc", "--lint", ...entries]).then(() => "", String);
  const found = [...complaints.matchAll(/^error\[.*$/gm)].map(([line]) => line);
  // It calls the types of packages private, though a program that uses those types has the package.
  const ofPackages = /references private type '(MessageConnection|(Request|Notification)Type0?)'$/;
  assertEquals(found.filter((line) => !ofPackages.test(line)), []);
  assertEquals(complaints === "" || found.length > 0, true, complaints);
});

Deno.test("difference() lists added, removed and missing entries", () => {
  assertEquals(difference({ ".": ["a", "b"], "./x": ["c"] }, { ".": ["b", "d"], "./y": ["e"] }), [
    "- . a",
    "+ . d",
    "- ./x c",
    "+ ./y e",
  ]);
});
