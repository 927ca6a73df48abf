/** The permissions of docs/operations.md, on loopback: with these it works, without one of them an error names the flag. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { listFiles, readFile } from "../tools/repository.ts";
import { runDeno } from "../tools/processes.ts";
import { type Answer, RpcProcess } from "./rpc_process.ts";

const NET = "--allow-net=127.0.0.1";
const PLAIN = ["run", "--no-config", "--no-prompt"];
const REPL = ["run", "--no-prompt"];

for (const flags of [["--unstable-net"], []]) {
  const how = flags.length === 0 ? "node:dgram" : "Deno.listenDatagram";
  Deno.test(`the library on ${how} names --allow-net when it is missing`, async () => {
    const { code, stderr } = await runDeno([...PLAIN, ...flags, "tests/e2e/plain_program.ts"]);
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /Cannot open a socket on "127\.0\.0\.1.*run again with the --allow-net flag/,
    );
  });

  Deno.test(`the library on ${how} names --allow-net when it does not cover the server`, async () => {
    const { stdout } = await runDeno([...PLAIN, ...flags, NET, "tests/e2e/stranger_program.ts"]);
    assertMatch(stdout, /Cannot send to "127\.0\.0\.2".*run again with the --allow-net flag/);
  });
}

Deno.test({
  name: "discovery needs the documented flags, and names the one to run ip when it is missing",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const found = await runDeno([...PLAIN, "--allow-run=ip", "examples/discover.ts"]);
    // A host without a default route has no gateway to find, which is another error.
    assert(!/permission|allow-/.test(found.stderr), found.stderr);
    const refused = await runDeno([...PLAIN, "--allow-net", "examples/discover.ts"]);
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.stderr, "--allow-run=ip");
  },
});

Deno.test("the command line works with --allow-net alone, and names it when it is missing", async () => {
  const args = ["repl.ts", "map", "6000/tcp", "--simulate", "--json"];
  const { code, stdout, stderr } = await runDeno([...REPL, NET, ...args]);
  assertEquals([code, stderr.includes("allow-")], [0, false], stderr);
  assertEquals(JSON.parse(stdout.split("\n")[0] ?? "").assigned.externalAddress, "203.0.113.5");
  const refused = await runDeno([...REPL, ...args]);
  assertEquals([refused.code, refused.stdout], [1, ""]);
  assertStringIncludes(refused.stderr, "run again with the --allow-net flag");
});

Deno.test("--exec needs --allow-run of its program, and names it when it is missing", async () => {
  const args = ["repl.ts", "map", "6000/tcp", "--simulate", "--exec", "true"];
  const { code, stderr } = await runDeno([...REPL, NET, "--allow-run=true", ...args]);
  assertEquals([code, stderr], [0, ""]);
  const refused = await runDeno([...REPL, NET, ...args]);
  assertStringIncludes(refused.stderr, "run again with the --allow-run flag");
});

Deno.test("--state needs to read and write its folder, and names what is missing", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const args = ["repl.ts", "external", "--simulate", "--state", `${folder}/state.json`];
    const files = [`--allow-read=${folder}`, `--allow-write=${folder}`];
    const { code, stderr } = await runDeno([...REPL, NET, ...files, ...args]);
    assertEquals([code, stderr], [0, ""]);
    const refused = await runDeno([...REPL, NET, ...args]);
    assertEquals(refused.code, 1);
    assertMatch(refused.stderr, /run again with the --allow-(read|write) flag/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the JSON-RPC server works with the flags of its README", async () => {
  const flags = ["--allow-net", "--allow-run=ip", "--allow-sys=networkInterfaces"];
  const { code, answers, stderr } = await converse(flags, (port) => [
    { id: 1, method: "initialize", params: {} },
    { id: 2, method: "simulator/start", params: { port } },
    { id: 3, method: "client/start", params: { client: "127.0.0.1", server: "127.0.0.1", port } },
    { id: 4, method: "client/externalAddress", params: { clientId: 1 } },
    { id: 5, method: "shutdown" },
    { method: "exit" },
  ]);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(answers.get(4)?.result, { externalAddress: "203.0.113.5" });
});

Deno.test("the JSON-RPC server without flags answers with errors that name them", async () => {
  const { code, answers } = await converse([], (port) => [
    { id: 1, method: "initialize", params: {} },
    { id: 2, method: "simulator/start", params: { port } },
    { id: 3, method: "client/start", params: { client: "127.0.0.1", server: "127.0.0.1", port } },
    { id: 4, method: "discover" },
    { id: 5, method: "shutdown" },
    { method: "exit" },
  ]);
  assertEquals(code, 0);
  for (const id of [2, 3]) {
    assertStringIncludes(answers.get(id)?.error?.message ?? "", "the --allow-net flag");
  }
  if (Deno.build.os === "linux") {
    assertStringIncludes(answers.get(4)?.error?.message ?? "", "--allow-run=ip");
  }
});

Deno.test("programs are run by discovery and --exec only, and text becomes code by js only", async () => {
  const files = await listFiles(/^(mod|repl|src\/.*|rpc\/.*)\.ts$/);
  const found = { runs: [] as string[], makesCode: [] as string[] };
  for (const file of files) {
    const text = await readFile(file);
    if (/Deno\.Command|child_process/.test(text)) found.runs.push(file);
    if (/new Function|AsyncFunction|\beval\(/.test(text)) found.makesCode.push(file);
  }
  assertEquals(found, {
    runs: ["src/discovery/run_program.ts", "src/runtime/deno.ts", "src/runtime/node.ts"],
    makesCode: ["src/repl/commands/js.ts"],
  });
});

/** One request after the other to a JSON-RPC server of its own, each when the one before is answered. */
async function converse(
  permissions: readonly string[],
  script: (port: number) => readonly { id?: number; method: string; params?: object }[],
): Promise<{ code: number; answers: Map<number, Answer>; stderr: string }> {
  await using server = new RpcProcess({ permissions });
  const answers = new Map<number, Answer>();
  for (const message of script(freePort())) {
    await server.send({ jsonrpc: "2.0", ...message });
    if (message.id !== undefined) answers.set(message.id, await server.answer(message.id));
  }
  return { code: await server.ended(), answers, stderr: server.errors };
}

/**
 * A free UDP port, so that the script knows the simulator's port beforehand. Free for TCP, which is all that can be asked
 * without a socket of the library.
 */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
