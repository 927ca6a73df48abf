import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openRpcDocument } from "../tools/openrpc_document.ts";
import { type ServerHost, SimulatedServer, startLoopbackServer } from "../../src/testing/mod.ts";
import { readFile, ROOT } from "../tools/repository.ts";

// Clients in other languages, each a real program against the real server process.

const PYTHON = await firstInstalled("python3.9", "python3");
const NODE = await firstInstalled("node");

/** Declares a test that needs a program; CI has them all. */
function testWith(program: string | undefined, name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: program === undefined && Deno.env.get("CI") === undefined, fn });
}

testWith(PYTHON, "Python reaches every method of the protocol", async () => {
  const { code, out, err } = await run(PYTHON, ["-W", "error", "tests/e2e/rpc_python_program.py"]);
  assertEquals([code, err], [0, ""]);
  const requests = openRpcDocument().methods.filter((each) => each["x-notification"] === undefined);
  assertEquals(JSON.parse(out), requests.map(({ name }) => name).sort());
});

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

for (const [signal, exitCode] of [["SIGINT", 130], ["SIGTERM", 130], ["SIGKILL", 137]] as const) {
  testWith(PYTHON, `${signal} to the Python client leaves no mapping behind`, async () => {
    using gateway = await Gateway.start();
    await using client = await gateway.openFromPython(6000);
    assertEquals(gateway.host.server.mappings.size, 1);
    client.kill(signal);
    assertEquals((await client.status).code, exitCode);
    await gateway.untilEmpty(5_000);
  });
}

testWith(NODE, "examples/node_client.mjs opens a port from Node.js", async () => {
  const folder = await Deno.makeTempDir();
  try {
    // Node.js looks for packages beside the program; Deno has this one in its cache.
    await Deno.mkdir(`${folder}/node_modules`);
    await Deno.symlink(await cached("vscode-jsonrpc"), `${folder}/node_modules/vscode-jsonrpc`);
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

/** A simulated PCP server of the test, which outlives the client. */
class Gateway implements Disposable {
  readonly host: ServerHost;

  private constructor(host: ServerHost) {
    this.host = host;
  }

  static async start(): Promise<Gateway> {
    return new Gateway(await startLoopbackServer(new SimulatedServer()));
  }

  /** Starts the Python client on a port, and resolves when that is open. */
  async openFromPython(port: number): Promise<Deno.ChildProcess> {
    const gateway = ["--client", "127.0.0.1", "--server", "127.0.0.1"];
    const client = new Deno.Command(PYTHON ?? "python3", {
      args: [
        "rpc/pcp_client.py",
        "map",
        String(port),
        ...gateway,
        "--port",
        String(this.host.local.port),
      ],
      cwd: ROOT,
      env: environment(),
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = client.stdout.getReader();
    const { value } = await reader.read();
    assertMatch(new TextDecoder().decode(value), /^tcp 6000 is open/);
    // Reads to the end, so that a full pipe does not stop the client.
    (async () => {
      while ((await reader.read()).value !== undefined);
    })();
    return client;
  }

  /** Fails unless the server holds no mapping after so many milliseconds at the latest. */
  async untilEmpty(limit: number): Promise<void> {
    const until = performance.now() + limit;
    while (this.host.server.mappings.size > 0 && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assertEquals([...this.host.server.mappings.keys()], []);
  }

  [Symbol.dispose](): void {
    this.host.close();
  }
}

async function run(
  program: string | undefined,
  args: string[],
): Promise<{ code: number; out: string; err: string }> {
  if (program === undefined) throw new Error("Cannot run this test: install python3 and node");
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: ROOT,
    env: environment(),
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

/** Runs the server of this repository, with the Deno that runs this test. */
function environment(): Record<string, string> {
  const deno = Deno.execPath();
  return {
    PATH: `${deno.slice(0, deno.lastIndexOf("/"))}:${Deno.env.get("PATH") ?? ""}`,
    PCP_RPC_ENTRY: decodeURIComponent(new URL("rpc/main.ts", ROOT).pathname),
    NO_COLOR: "1",
  };
}

async function firstInstalled(...programs: string[]): Promise<string | undefined> {
  for (const program of programs) {
    const command = new Deno.Command(program, {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    });
    try {
      if ((await command.output()).success) return program;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}

/** Where Deno keeps a package. */
async function cached(name: string): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json"],
    cwd: ROOT,
  }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout)) as { npmCache: string };
  const lock = JSON.parse(await Deno.readTextFile(new URL("deno.lock", ROOT)));
  const id = Object.keys(lock.npm).find((each) => each.startsWith(`${name}@`)) ?? "";
  // Deno keeps the packages of each registry in a folder of its own.
  for await (const { name: registry } of Deno.readDir(npmCache)) {
    const path = `${npmCache}/${registry}/${name}/${id.slice(name.length + 1)}`;
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
  throw new Error(`Cannot find the package "${name}": run "deno install" before`);
}
