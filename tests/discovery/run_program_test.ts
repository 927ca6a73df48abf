import { assert, assertEquals, assertRejects } from "@std/assert";
import { SystemError } from "../../src/discovery/discovery_error.ts";
import { runProgram } from "../../src/discovery/run_program.ts";

const deno = (code: string, limit?: number): Promise<string> =>
  runProgram(Deno.execPath(), ["eval", code], limit);

Deno.test("runProgram() returns what a program prints", async () => {
  assertEquals(await deno("console.log(1 + 1)"), "2\n");
  assertEquals(await deno("console.log('ü'.repeat(200_000))"), `${"ü".repeat(200_000)}\n`);
});

Deno.test("runProgram() reports a failed program with its error output", async () => {
  const run = () => deno("console.error('Nothing is reachable'); Deno.exit(2)");
  const error = await assertRejects(run, SystemError, 'said "Nothing is reachable"');
  assertEquals(error.reason, "programFailed");
});

Deno.test("runProgram() reports a missing program", async () => {
  const run = () => runProgram("no-such-program-of-pcp", []);
  const error = await assertRejects(run, SystemError, "there is no such program");
  assertEquals(error.reason, "programMissing");
});

Deno.test("runProgram() kills a program that does not end", async () => {
  for (
    const code of [
      "setInterval(() => {}, 1000)",
      "Deno.addSignalListener('SIGTERM', () => {}); setInterval(() => {}, 1000)",
    ]
  ) {
    const error = await assertRejects(() => deno(code, 300), SystemError, "ran longer than 0.3 s");
    assertEquals(error.reason, "programStopped");
  }
});

Deno.test({
  name: "runProgram() does not wait for what a killed program has started",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const before = performance.now();
    const run = () => runProgram("sh", ["-c", "sleep 5 & wait"], 200);
    await assertRejects(run, SystemError, "was killed");
    assert(performance.now() - before < 3_000);
  },
});

Deno.test("runProgram() kills a program that prints without end", async () => {
  const flood = "const line = new Uint8Array(65536); while (true) Deno.stdout.writeSync(line)";
  const error = await assertRejects(
    () => deno(flood, 20_000),
    SystemError,
    "printed more than 4 MiB",
  );
  assertEquals(error.reason, "programStopped");
  const errors = flood.replace("stdout", "stderr");
  const other = await assertRejects(() => deno(errors, 500), SystemError, "was killed");
  assertEquals(other.reason, "programStopped");
});
