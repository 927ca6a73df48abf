import { assertEquals } from "@std/assert";
import { runDeno } from "../tools/processes.ts";
import { ROOT } from "../tools/repository.ts";
import { FLOOD_KINDS } from "./flood_kinds.ts";

Deno.test("datagrams of each hostile kind end no mapping and leave no memory behind", async () => {
  const tool = new URL("tests/tools/flood.ts", ROOT).pathname;
  const args = ["run", "-A", "--no-check", "--v8-flags=--expose-gc", tool, "--count", "50000"];
  const { code, stdout, stderr } = await runDeno(args);
  assertEquals([code, stderr], [0, ""], stdout);
  for (const { name } of FLOOD_KINDS) assertEquals(stdout.includes(`\n${name} `), true, stdout);
});
