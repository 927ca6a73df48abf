/** The package of the VS Code extension as the Marketplace wants it. */

import { assert, assertEquals } from "@std/assert";
import { linkArguments } from "../tools/package_extension.ts";
import { listFiles, readFile, ROOT } from "../tools/repository.ts";

Deno.test("the manifest has what the Marketplace shows, and the icon is large enough", async () => {
  const manifest = JSON.parse(await readFile("examples/vscode/package.json"));
  for (const name of ["displayName", "description", "publisher", "license", "galleryBanner"]) {
    assert(manifest[name], name);
  }
  assert(manifest.keywords.length <= 30 && manifest.categories.length > 0);
  const icon = await Deno.readFile(new URL(`examples/vscode/${manifest.icon}`, ROOT));
  const view = new DataView(icon.buffer); // width and height of a PNG
  assert(view.getUint32(16) >= 128 && view.getUint32(20) >= 128);
  assert((await listFiles(/^examples\/vscode\//)).includes("examples/vscode/LICENSE"));
});

Deno.test("README's links lead to the repository at the tag, once it has an address", () => {
  const place = "v1.2.3/examples/vscode";
  assertEquals(linkArguments("https://example.com/owner/name", "1.2.3"), [
    "--baseContentUrl",
    `https://example.com/owner/name/blob/${place}`,
    "--baseImagesUrl",
    `https://example.com/owner/name/raw/${place}`,
  ]);
  const unknown = ["--allow-missing-repository", "--no-rewrite-relative-links"];
  assertEquals(linkArguments(undefined, "1.2.3"), unknown);
});
