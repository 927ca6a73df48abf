/** The test runner must count every failure. */

import { assertEquals } from "@std/assert";
import { lastLine, readCounts, total } from "../tools/summary.ts";

Deno.test("readCounts() reads deno's closing line, coloured or not", () => {
  assertEquals(readCounts("ok | 4 passed | 0 failed (10ms)\n", 0), counts(4, 0, 0));
  assertEquals(
    readCounts("FAILED | 2 passed | 1 failed (10ms)\n\nerror: Test failed", 1),
    counts(2, 1, 0),
  );
  assertEquals(
    readCounts("\x1b[32mok\x1b[0m | 7 passed (3 steps) | 0 failed | 2 ignored (1s)", 0),
    counts(7, 0, 2),
  );
  assertEquals(
    readCounts(
      "FAILED | 7 passed (3 steps) | 1 failed (1 step) | 2 ignored | 1 filtered out (1s)",
      1,
    ),
    counts(7, 1, 2),
  );
});

Deno.test("readCounts() takes the last closing line: a test may print one too", () => {
  assertEquals(
    readCounts("ok | 9 passed | 0 failed (1s)\nFAILED | 1 passed | 2 failed (2s)\n", 1),
    counts(1, 2, 0),
  );
});

Deno.test("readCounts() counts a crash, a silent failure and an empty run as failed", () => {
  assertEquals(readCounts("error: Type checking failed.", 1), counts(0, 1, 0));
  assertEquals(readCounts("", 0), counts(0, 1, 0));
  assertEquals(readCounts("ok | 3 passed | 0 failed (1s)\nkilled", 137), counts(3, 1, 0));
  assertEquals(readCounts("ok | 0 passed | 0 failed (0ms)", 0), counts(0, 1, 0));
  const note = "note ./tests/a_test.ts called `Deno.exit(0)` from outside any test.";
  assertEquals(readCounts(`${note}\n\nok | 3 passed | 0 failed (1s)`, 0), counts(3, 1, 0));
});

Deno.test("total() and lastLine() sum the suites", () => {
  assertEquals(lastLine(total([counts(4, 0, 1), counts(3, 1, 0)])), "7 passed, 1 failed");
  assertEquals(lastLine(total([])), "0 passed, 0 failed");
});

function counts(passed: number, failed: number, ignored: number): ReturnType<typeof readCounts> {
  return { passed, failed, ignored };
}
