import { assertEquals } from "@std/assert";
import { runDeno } from "../tools/processes.ts";

const CASES: readonly (readonly [string, string, readonly string[]])[] = [
  ["with --unstable-net", "Deno.listenDatagram", ["--unstable-net"]],
  ["without --unstable-net", "node:dgram", []],
];

for (const [how, network, flags] of CASES) {
  Deno.test(`A program ${how} uses ${network}, and needs no permission but the network`, async () => {
    const args = ["run", "--no-config", "--no-prompt", "--allow-net=127.0.0.1", ...flags];
    const { code, stdout, stderr } = await runDeno([...args, "tests/e2e/plain_program.ts"]);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(JSON.parse(stdout), {
      network,
      externalAddress: "203.0.113.5",
      trouble: "ServerRestartedError",
      left: 0,
    });
  });
}
