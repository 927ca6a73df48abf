/** Reads the closing line of `deno test`, for tests/tools/run_tests.ts. */

/** The results of a run of tests. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly ignored: number;
}

/**
 * The counts of one suite, from its output and its exit code. One failed test is counted for a suite without a closing line,
 * without tests, with a file that exited, or with a failure that names no test.
 */
export function readCounts(output: string, exitCode: number): Counts {
  const closing = [...output.replaceAll(ANSI, "").matchAll(CLOSING)].at(-1);
  if (closing === undefined) return { passed: 0, failed: 1, ignored: 0 };
  const passed = Number(closing[1]);
  const failed = Number(closing[2]);
  const ignored = Number(/(\d+) ignored/.exec(closing[0])?.[1] ?? 0);
  const crashed = failed === 0 && (exitCode !== 0 || passed + ignored === 0 || LEFT.test(output));
  return { passed, failed: crashed ? 1 : failed, ignored };
}

/** The sum of all counts. */
export function total(counts: readonly Counts[]): Counts {
  return counts.reduce((sum, each) => ({
    passed: sum.passed + each.passed,
    failed: sum.failed + each.failed,
    ignored: sum.ignored + each.ignored,
  }), { passed: 0, failed: 0, ignored: 0 });
}

/** The last line of a run, from which scripts read the result. */
export function lastLine({ passed, failed }: Counts): string {
  return `${passed} passed, ${failed} failed`;
}

/** `ok | 4 passed (2 steps) | 0 failed | 1 ignored (10ms)` */
const CLOSING = /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed.*$/gm;

/** Deno continues, and exits with 0, when a test file ends the process outside a test. */
const LEFT = /^note .* called `Deno\.exit\(/m;

// deno-lint-ignore no-control-regex -- colour codes
const ANSI = /\x1b\[[0-9;]*m/g;
