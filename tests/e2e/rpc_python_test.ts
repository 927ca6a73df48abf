import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openRpcDocument } from "../tools/openrpc_document.ts";
import { readFile, ROOT } from "../tools/repository.ts";
import { ClientProgram, Gateway, PYTHON, run, testWith } from "./client_programs.ts";

// The Python client and its command line, against the real server process.

testWith(PYTHON, "Python reaches every method of the protocol", async () => {
  const { code, out, err } = await run(PYTHON, ["-W", "error", "tests/e2e/rpc_python_program.py"]);
  assertEquals([code, err], [0, ""]);
  assertEquals(JSON.parse(out), requests().sort());
});

testWith(PYTHON, "Python with asyncio reaches every method of the protocol", async () => {
  const { code, out, err } = await run(PYTHON, ["-W", "error", "tests/e2e/rpc_asyncio_program.py"]);
  assertEquals([code, err], [0, ""]);
  assertEquals(JSON.parse(out), requests().sort());
});

testWith(PYTHON, "the Python files are in the grammar of Python 3.9", async () => {
  const entries = await Array.fromAsync(Deno.readDir(new URL("rpc", ROOT)));
  const files = entries.map(({ name }) => `rpc/${name}`).filter((name) => name.endsWith(".py"));
  assertEquals(files.length, 4);
  const parse =
    "import ast, sys\nfor p in sys.argv[1:]: ast.parse(open(p).read(), p, feature_version=(3, 9))";
  assertEquals(await run(PYTHON, ["-c", parse, ...files]), { code: 0, out: "", err: "" });
});

for (
  const [face, opening] of [
    [
      "pcp_client",
      `with Server(release_on=["SIGTERM"]) as server:
    with server.start_simulator().start_client() as client, client.request(6000) as mapping:
        mapping.ready(); print("open", flush=True); time.sleep(60)`,
    ],
    [
      "pcp_client_asyncio",
      `async def main():
    async with Server(release_on=["SIGTERM"]) as server:
        simulator = await server.start_simulator()
        async with await simulator.start_client() as client, await client.request(6000) as mapping:
            await mapping.ready(); print("open", flush=True); await asyncio.sleep(60)
asyncio.run(main())`,
    ],
  ]
) {
  testWith(PYTHON, `SIGTERM ends a program with ${face} and release_on by 143 (K-10)`, async () => {
    const program = `import asyncio, sys, time; sys.path.insert(0, "rpc")
from ${face} import Server
${opening}`;
    await using running = new ClientProgram(PYTHON, ["-W", "error", "-c", program], {
      PCP_RPC_COMMAND: `${Deno.execPath()} run -A rpc/main.ts --trace`,
    });
    await running.wrote("open");
    running.kill("SIGTERM");
    assertEquals(await running.ended(), 143);
    assertMatch(running.text.stderr, /MAP response, SUCCESS, tcp 6000 .* lifetime 0,/);
    assertEquals(/Traceback/.test(running.text.stderr), false, running.text.stderr);
  });
}

testWith(PYTHON, "the Python program of rpc/README.md runs", async () => {
  const [, program = ""] = /```python\n(.*?)```/s.exec(await readFile("rpc/README.md")) ?? [];
  const simulated = program
    .replace("server.start_client()", "server.start_simulator().start_client()")
    .replace("timeout=60", "timeout=0.2");
  const path = `import sys; sys.path.insert(0, "rpc")\n`;
  const { code, out, err } = await run(PYTHON, ["-c", path + simulated]);
  assertEquals([code, err], [0, ""]);
  assertMatch(out, /^Reachable at 203\.0\.113\.5 port \d+\n\{'type': 'stateChange', /);
});

testWith(PYTHON, "python3 rpc/pcp_client.py map 6000 opens a port and closes it", async () => {
  const args = ["rpc/pcp_client.py", "map", "6000", "--udp", "--lifetime", "90", "--for", "0.2"];
  const { code, out, err } = await run(PYTHON, [...args, "--simulate"]);
  assertEquals([code, err], [0, ""]);
  assertMatch(out, /^udp 6000 is open: 203\.0\.113\.5 port \d+, for 90 s at a time/);
  const json = await run(PYTHON, [...args, "--simulate", "--json"]);
  assertEquals(JSON.parse(json.out.split("\n")[0] ?? "").type, "stateChange");
});

testWith(PYTHON, "python3 rpc/pcp_client.py prints what is wrong, and fails", async () => {
  const wrong = await run(PYTHON, ["rpc/pcp_client.py", "map", "70000", "--simulate"]);
  assertEquals([wrong.code, wrong.out], [1, ""]);
  assertStringIncludes(wrong.err, "internalPort: Must be at most 65535, got 70000");
  assertEquals((await run(PYTHON, ["rpc/pcp_client.py", "open"])).code, 2);
});

for (const [signal, exitCode] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGKILL", 137]] as const) {
  testWith(PYTHON, `${signal} to the Python client leaves no mapping behind (K-14)`, async () => {
    using gateway = await Gateway.start();
    await using client = new ClientProgram(PYTHON, [PROGRAM, "map", "6000", ...gateway.args]);
    await client.wrote("tcp 6000 is open");
    assertEquals(gateway.host.server.mappings.size, 1);
    client.kill(signal);
    assertEquals(await client.ended(), exitCode);
    await gateway.until(() => gateway.internalPorts().length === 0);
  });
}

for (const [face, opening] of [["pcp_client", ""], ["pcp_client_asyncio", "await "]] as const) {
  testWith(
    PYTHON,
    `a server that cannot be downloaded: ${face} names command and way out`,
    async () => {
      const program = `import asyncio, sys; sys.path.insert(0, "rpc")
from ${face} import ConnectionLost, Server
async def main():
    try:
        ${opening}Server(["sh", "-c", "exit 7"])${opening === "" ? "" : ".start()"}
    except ConnectionLost as error:
        print(error)
asyncio.run(main())`;
      await using client = new ClientProgram(PYTHON, ["-c", program]);
      assertEquals(await client.ended(), 0);
      assertMatch(
        client.text.stdout,
        /^Cannot start the server: "sh -c 'exit 7'" ended with exit code 7, .*PCP_RPC_COMMAND$/m,
      );
    },
  );
}

for (const [signal, exitCode] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  testWith(PYTHON, `a silent router is named, and ${signal} ends the wait (K-14)`, async () => {
    using gateway = await Gateway.start();
    gateway.host.server.swallow(Infinity);
    await using client = new ClientProgram(PYTHON, [PROGRAM, "map", "6000", ...gateway.args]);
    await client.wrote("No answer from 127.0.0.1 yet, still asking; Ctrl-C ends", "stderr");
    assertEquals(client.text.stdout, "");
    const start = performance.now();
    client.kill(signal);
    assertEquals(await client.ended(), exitCode);
    const took = performance.now() - start;
    assert(took < 2_500, `${took} ms`); // 2 s, and a busy machine
    assertEquals(/Traceback/.test(client.text.stderr), false);
  });
}

testWith(PYTHON, "the Python command goes on after a refusal that can pass (K-1)", async () => {
  using gateway = await Gateway.start();
  gateway.host.server.fail(8, { lifetime: 1 });
  await using client = new ClientProgram(PYTHON, [PROGRAM, "map", "6000", ...gateway.args]);
  await client.wrote("tcp 6000 is open");
  assertMatch(
    client.text.stderr,
    /The router refused with NO_RESOURCES \(8\); asking again in \d+ s/,
  );
});

testWith(
  PYTHON,
  "what a killed run has left is deleted by the next one, which gets its own folder",
  async () => {
    using gateway = await Gateway.start();
    const folder = await Deno.makeTempDir();
    try {
      const env = { XDG_STATE_HOME: folder };
      const args = (port: number) => [PROGRAM, "map", String(port), ...gateway.args];
      // Two at a time, so that there are two state files.
      const clients = [6000, 6001].map((port) => new ClientProgram(PYTHON, args(port), env));
      for (const client of clients) await client.wrote("is open");
      for (const client of clients) {
        for (const server of await client.children()) Deno.kill(server, "SIGKILL");
        assertEquals(await client.ended(), 1);
        assertStringIncludes(client.text.stderr, "the server is gone");
      }
      assertEquals(gateway.internalPorts(), [6000, 6001]);
      assertEquals((await Deno.stat(`${folder}/portcontrol/python`)).mode, 0o40700);
      await using next = new ClientProgram(PYTHON, args(6002), env);
      await next.wrote("tcp 6002 is open");
      await gateway.until(() => gateway.internalPorts().join() === "6002");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

testWith(
  PYTHON,
  "a folder for state files that cannot be used costs a warning, not the mapping",
  async () => {
    using gateway = await Gateway.start();
    const file = await Deno.makeTempFile();
    try {
      await using client = new ClientProgram(PYTHON, [PROGRAM, "map", "6000", ...gateway.args], {
        XDG_STATE_HOME: file,
      });
      await client.wrote("tcp 6000 is open");
      assertStringIncludes(client.text.stderr, "Mappings are not deleted after a crash");
    } finally {
      await Deno.remove(file);
    }
  },
);

testWith(PYTHON, "3,000 mappings of which no alert is read leave no memory behind", async () => {
  const { code, out, err } = await run(PYTHON, ["tests/e2e/rpc_python_growth.py"]);
  assertEquals([code, err], [0, ""]);
  assert(Number(out) < 3, `${out} MB more`);
});

const PROGRAM = "rpc/pcp_client.py";

/** The methods of the protocol that are requests. */
function requests(): string[] {
  return openRpcDocument().methods.filter((each) => each["x-notification"] === undefined)
    .map(({ name }) => name);
}
