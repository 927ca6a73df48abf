/** The floor of the coverage must be able to fail. */

import { assertEquals } from "@std/assert";
import { type Coverage, holds, percentages, readLcov, sum } from "../tools/coverage.ts";

const REPORT = `SF:/pcp/src/wire/map.ts
BRF:4
BRH:3
LH:40
LF:50
end_of_record
SF:/pcp/src/wire/peer.ts
LH:50
LF:50
end_of_record
`;

Deno.test("readLcov() reads lines and branches by file", () => {
  assertEquals([...readLcov(REPORT, "/pcp/")], [
    ["src/wire/map.ts", coverage([40, 50], [3, 4])],
    ["src/wire/peer.ts", coverage([50, 50], [0, 0])],
  ]);
});

Deno.test("sum() and percentages() weigh files by their size", () => {
  const whole = sum([...readLcov(REPORT, "/pcp/").values()]);
  assertEquals(whole, coverage([90, 100], [3, 4]));
  assertEquals(percentages(whole), { lines: 90, branches: 75 });
  assertEquals(percentages(coverage([1, 1], [0, 0])), { lines: 100, branches: 100 });
});

Deno.test("holds() needs 98 % of the lines, 95 % of the branches, and something to measure", () => {
  assertEquals(holds(coverage([98, 100], [95, 100])), true);
  assertEquals(holds(coverage([979, 1000], [100, 100])), false);
  assertEquals(holds(coverage([100, 100], [949, 1000])), false);
  assertEquals(holds(coverage([0, 0], [0, 0])), false);
});

function coverage(lines: Coverage["lines"], branches: Coverage["branches"]): Coverage {
  return { lines, branches };
}
