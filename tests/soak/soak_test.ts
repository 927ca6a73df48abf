import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Sample } from "./gauge.ts";
import { plot } from "./plot.ts";
import { runDeno } from "../tools/processes.ts";
import { ROOT } from "../tools/repository.ts";
import { driftOf } from "./soak.ts";

Deno.test("a short soak over real sockets leaves no timer, socket or mapping", async () => {
  // In a process of its own, because other tests of this one open sockets meanwhile.
  const plot = await Deno.makeTempFile({ suffix: ".svg" });
  const options = ["--minutes", "0.05", "--mappings", "40", "--seed", "1", "--plot", plot];
  const { code, stdout, stderr } = await runDeno([
    "run",
    "-A",
    "--no-check",
    "tests/tools/soak.ts",
    ...options,
  ], { cwd: ROOT });
  assertEquals([code, stdout.split("\n").at(-2)], [0, "Passed"], stderr);
  assertStringIncludes(await Deno.readTextFile(plot), "<polyline ");
  await Deno.remove(plot);
});

Deno.test("driftOf() compares the end with the second minute", () => {
  const samples = Array.from({ length: 40 }, (_, i) => sample(i / 6, i < 12 ? 5e6 + i : 10e6));
  assertEquals(driftOf(samples), 0);
  assertEquals(driftOf([...samples, ...Array.from({ length: 9 }, () => sample(8, 12.5e6))]), 0.25);
  assertEquals(driftOf([]), 0);
});

Deno.test("plot() draws every curve", () => {
  const drawing = plot([sample(0, 1e6), sample(1, 2e6)], "a < b & c");
  assertEquals(drawing.match(/<polyline /g)?.length, 4);
  assertStringIncludes(drawing, "a &lt; b &amp; c");
  assert(!drawing.includes("NaN"), drawing);
});

function sample(minute: number, heap: number): Sample {
  return { minute, heap, rss: 8e7, cpu: 0.02, running: 40 };
}
