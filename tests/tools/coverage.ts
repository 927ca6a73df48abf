/**
 * `deno task coverage`: line and branch coverage of the protocol core by its own tests. Fails below the floor.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { denoOutput } from "./processes.ts";
import { exists, ROOT } from "./repository.ts";

const MEASURED = ["src/wire", "src/engine"];
/** Those of the codecs, of the engine and, behind the API, of what the engine does with each protocol and option. */
const TESTS = ["wire", "engine", "fuzz", "natpmp", "servers", "options"].map((name) =>
  `tests/${name}`
);
const FLOOR: Percentages = { lines: 98, branches: 95 };

/** The lines and branches, and those of them that some test reaches. */
export interface Coverage {
  readonly lines: Ratio;
  readonly branches: Ratio;
}

/** Reached, and all. */
export type Ratio = readonly [hit: number, found: number];

interface Percentages {
  readonly lines: number;
  readonly branches: number;
}

/** Reads an lcov report: coverage by path from the root. */
export function readLcov(lcov: string, root: string): Map<string, Coverage> {
  const records = lcov.split("end_of_record").filter((record) => record.includes("SF:"));
  return new Map(records.map((record) => {
    const field = (key: string) => new RegExp(`^${key}:(.*)$`, "m").exec(record)?.[1] ?? "0";
    const ratio = (hit: string, found: string): Ratio => [Number(field(hit)), Number(field(found))];
    return [field("SF").replace(root, ""), {
      lines: ratio("LH", "LF"),
      branches: ratio("BRH", "BRF"),
    }];
  }));
}

/** The coverage of all parts together. */
export function sum(parts: readonly Coverage[]): Coverage {
  const add = (key: keyof Coverage): Ratio => [
    parts.reduce((total, part) => total + part[key][0], 0),
    parts.reduce((total, part) => total + part[key][1], 0),
  ];
  return { lines: add("lines"), branches: add("branches") };
}

/** A part without lines or branches counts as covered. */
export function percentages({ lines, branches }: Coverage): Percentages {
  const percent = ([hit, found]: Ratio) => found === 0 ? 100 : 100 * hit / found;
  return { lines: percent(lines), branches: percent(branches) };
}

/** Whether both kinds reach the floor; a report without a single line does not. */
export function holds(coverage: Coverage): boolean {
  const { lines, branches } = percentages(coverage);
  return coverage.lines[1] > 0 && lines >= FLOOR.lines && branches >= FLOOR.branches;
}

async function main(): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "pcp-coverage-" });
  try {
    const tests: string[] = [];
    for (const path of TESTS) if (await exists(path)) tests.push(path);
    await denoOutput([
      "test",
      "--allow-all",
      "--parallel",
      `--coverage=${folder}`,
      "--coverage-raw-data-only",
      ...tests,
    ]);
    const lcov = await denoOutput(["coverage", "--lcov", folder]);
    return report(readLcov(lcov, ROOT.pathname));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function report(files: ReadonlyMap<string, Coverage>): number {
  console.log(`${"".padEnd(34)}${"lines".padStart(8)}${"branches".padStart(10)}`);
  let failures = 0;
  for (const folder of MEASURED) {
    const own = [...files].filter(([path]) => path.startsWith(`${folder}/`));
    const whole = sum(own.map(([, coverage]) => coverage));
    const gaps = own.filter(([, each]) => Math.min(...Object.values(percentages(each))) < 100);
    console.log(row(folder, whole));
    for (const [path, coverage] of gaps) console.log(row(`  ${path}`, coverage));
    if (!holds(whole)) failures += 1;
  }
  const floor = `${FLOOR.lines} % of lines and ${FLOOR.branches} % of branches`;
  console.log(failures === 0 ? `Both at least ${floor}` : `Below the floor of ${floor}`);
  return failures === 0 ? 0 : 1;
}

function row(name: string, coverage: Coverage): string {
  const { lines, branches } = percentages(coverage);
  const column = (value: number, width: number) => `${value.toFixed(1)} %`.padStart(width);
  return `${name.padEnd(34)}${column(lines, 8)}${column(branches, 10)}`;
}

if (import.meta.main) Deno.exitCode = await main();
