/** `--state FILE` of the command line, with real files. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { StateFolder, stateText, STORED } from "../client/state_folder.ts";
import { run } from "./command_line.ts";

Deno.test("--state refuses a device, a folder and a file of something else, and touches nothing (K-2)", async () => {
  await using folder = await StateFolder.create();
  await Deno.writeTextFile(folder.file("notes"), "buy milk");
  await Deno.mkdir(folder.file("folder"));
  const before = await folder.contents();
  for (const path of ["/dev/null", folder.file("notes"), folder.file("folder")]) {
    for (const command of [["map", "6000/tcp"], ["list"], ["revoke", "all"]]) {
      const { code, out, err } = await run([...command, "--simulate", "--state", path]);
      assertEquals([code, out], [1, ""], `${command} ${path}`);
      assertStringIncludes(err, `Cannot keep mappings in "${path}": it is a`);
      assertMatch(err, /and was not touched; name another file\n$/);
    }
  }
  assertEquals(await folder.contents(), before);
});

Deno.test("--state takes an empty file, as mktemp makes it, for none (K-3)", async () => {
  await using folder = await StateFolder.create();
  const path = await Deno.makeTempFile({ dir: folder.path });
  const { code, err } = await run(["map", "6000/tcp", "--simulate", "--state", path]);
  assertEquals([code, err], [0, ""]);
  assertEquals(JSON.parse(await Deno.readTextFile(path)).mappings.length, 1);
});

Deno.test("with --state the first line of standard output is the address, whatever an earlier run left (K-12)", async () => {
  await using folder = await StateFolder.create();
  const path = folder.file("state.json");
  const here = { server: "127.0.0.1", client: "127.0.0.1", port: 53510 };
  await Deno.writeTextFile(path, stateText([{ ...STORED, ...here, internalPort: 7000 }]));
  const words = ["map", "6000/tcp", "--simulate", "--port", "53510", "--state", path];
  const { code, out, err } = await run(words);
  assertEquals([code, out.split("\n")[0]], [0, "203.0.113.5:6000"]);
  assertMatch(err, /^1 mapping is left from an earlier run/);
});

Deno.test("--state reports an entry that breaks a rule on standard error, and goes on", async () => {
  await using folder = await StateFolder.create();
  const path = folder.file("state.json");
  await Deno.writeTextFile(path, stateText([{ ...STORED, internalPort: 70_000 }]));
  const { code, out, err } = await run(["map", "6000/tcp", "--simulate", "--state", path]);
  assertEquals([code, out.split("\n")[0]], [0, "203.0.113.5:6000"]);
  assertMatch(
    err,
    /^Cannot use entry "1" of the stored mappings: internalPort must be .*"70000"\n$/,
  );
});
