import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Sample } from "./gauge.ts";
import { plot } from "./plot.ts";
import { driftOf, soak } from "./soak.ts";

Deno.test("a short soak over real sockets leaves no timer, socket or mapping", async () => {
  const lines: string[] = [];
  const { samples, faults } = await soak({
    minutes: 0.05,
    mappings: 40,
    seed: 1,
    sampleEvery: 1,
    print: (line) => lines.push(line),
  });
  assertEquals(faults, []);
  assert(samples.length >= 2, `${samples.length} samples`);
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
