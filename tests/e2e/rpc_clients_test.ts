import { assertEquals, assertMatch } from "@std/assert";
import { ROOT } from "../tools/repository.ts";
import { NODE, run, testWith } from "./client_programs.ts";

// Clients in other languages, each a real program against the real server process.

testWith(NODE, "examples/node_client.mjs opens a port from Node.js", async () => {
  const folder = await Deno.makeTempDir();
  try {
    // Node.js looks for packages beside the program; Deno has this one in its cache.
    await Deno.mkdir(`${folder}/node_modules`);
    const jsonRpc = new URL("../..", import.meta.resolve("vscode-jsonrpc")); // of lib/common/api.js
    await Deno.symlink(jsonRpc, `${folder}/node_modules/vscode-jsonrpc`);
    await Deno.copyFile(new URL("examples/node_client.mjs", ROOT), `${folder}/node_client.mjs`);
    const { code, out, err } = await run(NODE, [`${folder}/node_client.mjs`, "6000", "--simulate"]);
    assertEquals([code, err], [0, ""]);
    assertMatch(out, /^Reachable at 203\.0\.113\.5 port \d+$/m);
    assertMatch(out, /^The mapping is revoked$/m);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("examples/deno_client.ts opens a port with typed requests", async () => {
  const { code, out } = await run(Deno.execPath(), ["run", "-A", "examples/deno_client.ts"]);
  assertMatch(out, /^Served by pcp-rpc \S+$/m);
  assertMatch(out, /^Reachable at 203\.0\.113\.5 port \d+$/m);
  assertMatch(out, /^The mapping is revoked\n(mapping .*\n)*The server ended with exit code 0$/m);
  assertEquals(code, 0);
});

Deno.test("examples/shell_client.sh opens a port with printf and a pipe", async () => {
  const { code, out, err } = await run("sh", ["examples/shell_client.sh"]);
  assertEquals([code, err], [0, ""]);
  const messages = out.trim().split("\n").map((line) => JSON.parse(line));
  const answers = messages.filter(({ method }) => method === undefined);
  assertEquals(
    answers.map(({ id, error }) => [id, error]),
    [1, 2, 3, 4, 5, 6, 7].map((id) => [id, undefined]),
  );
  assertEquals(answers[4].result.assigned.externalAddress, "203.0.113.5");
  assertEquals(answers[5].result.state, { type: "revoked" });
});
