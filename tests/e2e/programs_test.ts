import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../../src/clock.ts";
import { ServerHost } from "../../src/testing/host.ts";
import { startLoopbackServer } from "../../src/testing/loopback.ts";
import { SimulatedServer } from "../../src/testing/server/simulated_server.ts";
import { nodeNetwork } from "../../src/transport/node.ts";
import { followDeno, runDeno } from "../tools/processes.ts";

Deno.test("`deno task demo` shows the whole life of a mapping, and ends well within 20 s", async () => {
  const { code, stdout, duration } = await runDeno(["task", "demo"]);
  assertEquals(code, 0);
  assert(duration < 20_000, `${duration} ms`);
  // In this order: opened, renewed, lost with the gateway's state, recovered, deleted.
  const steps = [
    /-> PCP MAP request, tcp 6000 .* lifetime 3600/,
    /<- PCP MAP response, SUCCESS, tcp 6000 -> 203\.0\.113\.5:6000/,
    /state: \{"type":"running"\}/,
    /state: \{"type":"updating","attempt":0,"lifetime":3600\}/,
    /renewed/,
    /Restarting the gateway/,
    /<- PCP ANNOUNCE response/,
    /recovered/,
    /-> PCP MAP request, tcp 6000 .* lifetime 0/,
    /state: \{"type":"revoked"\}/,
    /holds 0 mappings/,
  ];
  const lines = stdout.split("\n");
  for (const step of steps) {
    const index = lines.findIndex((line) => step.test(line));
    assert(index >= 0, `no ${step} where it belongs in:\n${stdout}`);
    lines.splice(0, index + 1);
  }
});

Deno.test("examples/test_your_app.ts passes", async () => {
  const { code, stdout } = await runDeno(["test", "--no-check", "examples/test_your_app.ts"]);
  assertEquals(code, 0, stdout);
  assert(/\b[1-9]\d* passed \| 0 failed/.test(stdout), stdout);
});

Deno.test("examples/discover.ts prints the gateways of this host, if there are any", async () => {
  const { code, stdout, stderr } = await runDeno(["run", "--allow-all", "examples/discover.ts"]);
  assertEquals([code, stderr], [0, ""]);
  for (const line of stdout.split("\n").filter((line) => line !== "")) {
    assert(/^IPv[46]: [0-9a-f.:%\w]+ -> [0-9a-f.:%\w]+ through \S+ \(.+\)$/.test(line), line);
  }
});

// The example takes no port, so the well-known one must be free.
const usual = await listenOnUsualPort();
usual?.close();

for (const [signal, exitCode] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test({
    name: `examples/keepalive.ts opens TCP 6000, and closes it on ${signal} (K-10)`,
    ignore: usual === undefined,
    fn: async () => {
      const host = await listenOnUsualPort();
      assert(host !== undefined);
      await using _host = host;
      const lines: string[] = [];
      const args = ["run", "--unstable-net", "--no-prompt", "--allow-net", "examples/keepalive.ts"];
      const code = await followDeno([...args, "127.0.0.1", "127.0.0.1"], (line, child) => {
        lines.push(line);
        if (line.startsWith("open: ")) child.kill(signal);
      });
      assertEquals(lines, [
        '{ type: "starting", attempt: 0 }',
        '{ type: "running" }',
        "open: 203.0.113.5 port 40000, for 120 s",
        '{ type: "updating", attempt: 0, lifetime: 0 }',
        '{ type: "dropped" }',
      ]);
      assertEquals([code, host.server.mappings.size], [exitCode, 0]);
      assertEquals(host.server.counters.received, { map: 1, mapDelete: 1 });
    },
  });
}

Deno.test("examples/game_server.ts prints its public address, and closes the port on SIGTERM", async () => {
  await using host = await startLoopbackServer({});
  const lines: string[] = [];
  const args = ["run", "--unstable-net", "--no-prompt", "--allow-net", "examples/game_server.ts"];
  const to = ["127.0.0.1", "127.0.0.1", String(host.local.port)];
  const code = await followDeno([...args, ...to], (line, child) => {
    lines.push(line);
    assertEquals(host.server.mappings.size, 1);
    child.kill("SIGTERM");
  });
  assertEquals(lines, ["Friends connect to 203.0.113.5 port 40000"]);
  assertEquals([code, host.server.mappings.size], [143, 0]);
});

Deno.test("examples/with_state.ts has the same port in the next run", async () => {
  await using host = await startLoopbackServer({});
  const folder = await Deno.makeTempDir();
  const files = [`--allow-read=${folder}`, `--allow-write=${folder}`];
  const flags = ["run", "--unstable-net", "--no-prompt", "--allow-net", ...files];
  const to = ["127.0.0.1", "127.0.0.1", String(host.local.port)];
  for (const left of [0, 1]) {
    const program = ["examples/with_state.ts", `${folder}/state.json`];
    const { code, stdout, stderr } = await runDeno([...flags, ...program, ...to]);
    assertEquals([code, stderr], [0, ""]);
    const reached = "Reached at 203.0.113.5 port 40000";
    assertEquals(stdout, `Left by an earlier run: ${left}\n${reached}\n`);
  }
  assertEquals(host.server.mappings.size, 1);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("examples/dual_stack.ts prints a line for each gateway, or that there is none", async () => {
  const flags = ["--unstable-net", "--no-prompt", "--allow-net", "--allow-run=ip"];
  const program = ["--allow-sys=networkInterfaces", "examples/dual_stack.ts", "1"];
  const { code, stdout, stderr } = await runDeno(["run", ...flags, ...program]);
  assertEquals([code, stderr], [0, ""]);
  assert(/^(Cannot find .*|([0-9a-f.:%\w]+: .+\n?)+)$/m.test(stdout), stdout);
});

async function listenOnUsualPort(): Promise<ServerHost | undefined> {
  try {
    return await ServerHost.start(nodeNetwork, systemClock, new SimulatedServer(), { port: 5351 });
  } catch {
    return undefined; // another PCP server runs here
  }
}
