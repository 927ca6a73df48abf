import { assert, assertEquals } from "@std/assert";
import { startHarness } from "./harness.ts";

Deno.test("diagnose prints sentences that fit the screen, and fails if there is a problem", async () => {
  await using harness = await startHarness({
    server: { externalAddress: "192.168.178.2" },
    columns: 80,
  });
  assertEquals(await harness.run("diagnose"), 1);
  const lines = harness.take();
  assertEquals(
    lines[0],
    "good    The router at 192.168.1.1 opens ports on request: it speaks PCP and",
  );
  assertEquals(lines[1], "        answered in 2 ms.");
  assert(
    lines[2]?.startsWith("problem Its address on the other side, 192.168.178.2, is a private one:"),
    lines[2],
  );
  assertEquals(lines.filter((line) => line.length > 80), []);
  assertEquals(harness.server.mappings.size, 0);
});

Deno.test("diagnose --json prints one JSON object, and succeeds without a problem", async () => {
  await using harness = await startHarness({ server: { externalAddress: "20.30.40.1" } });
  assertEquals(await harness.run("diagnose --json"), 0);
  const [line = "", ...others] = harness.take();
  const { ok, protocol, findings } = JSON.parse(line);
  assertEquals([ok, protocol, findings.length, others], [true, "PCP", 4, []]);
});
