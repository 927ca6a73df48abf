import { assert, assertEquals, assertRejects } from "@std/assert";
import { SystemError } from "../../src/discovery/discovery_error.ts";
import { runningSystem } from "../../src/discovery/system.ts";

Deno.test("runningSystem.run() returns what a program prints", async () => {
  assertEquals(await runningSystem.run(Deno.execPath(), ["eval", "console.log(1 + 1)"]), "2\n");
});

Deno.test("runningSystem.run() reports a failed program with its error output", async () => {
  const code = "console.error('Nothing is reachable'); Deno.exit(2)";
  const run = () => runningSystem.run(Deno.execPath(), ["eval", code]);
  const error = await assertRejects(run, SystemError, 'said "Nothing is reachable"');
  assertEquals(error.reason, "programFailed");
});

Deno.test("runningSystem.run() reports a missing program", async () => {
  const run = () => runningSystem.run("no-such-program-of-pcp", []);
  const error = await assertRejects(run, SystemError, "there is no such program");
  assertEquals(error.reason, "programMissing");
});

Deno.test("runningSystem.addresses() lists loopback with its prefix", async () => {
  const addresses = await runningSystem.addresses();
  const loopback = addresses.find(({ address }) => address === "127.0.0.1");
  assertEquals(loopback?.prefixLength, 8);
});

Deno.test("runningSystem.defaultGateway() calls the package, whose failure means no gateway", async () => {
  for (const family of ["IPv4", "IPv6"] as const) {
    try {
      const found = await runningSystem.defaultGateway(family);
      assert(found === undefined || found.gateway.includes(family === "IPv4" ? "." : ":"));
    } catch (error) {
      assert(error instanceof SystemError, String(error));
      assertEquals(error.reason, "programMissing");
    }
  }
});
