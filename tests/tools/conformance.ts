/**
 * `deno task conformance`: runs the tests of the RFCs' rules and of the cases from the field, and prints each with its test and
 * the result. `deno task conformance C-8.5` prints those whose ids begin so. Fails if a test fails, or a rule has neither a
 * test nor a reason to have none.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { FIELD_ROWS } from "../conformance/field_rows.ts";
import { type Row, ROWS } from "../conformance/rows.ts";
import { UPNP_ROWS } from "../conformance/upnp_rows.ts";
import { listFiles, readFile, ROOT } from "./repository.ts";

/** A test of rules. */
export interface RuleTest {
  /** As in the source; a template has `${}`. */
  readonly name: string;
  /** Path from the root. */
  readonly file: string;
  /** The rule ids in the name. */
  readonly ids: readonly string[];
}

/** The result of a rule. */
export type RuleResult = "ok" | "FAILED" | "elsewhere" | "does not apply" | "MISSING";

/** Not tests. */
const NO_TESTS =
  /^tests\/((repo|tools|mutants)\/|conformance\/(rows|field_rows|upnp_rows|reasons)\.ts$)/;

/** Tests of the simulator: they prove no rule for a client, but what it plays of the field. */
const OF_SIMULATOR = /^tests\/testing\//;

/** Suites that require a network, a router or an editor; `deno task test` and `deno task vscode` run them. */
const ELSEWHERE = /^tests\/(lab|e2e|vscode)\//;

/** C-8.5-3, D-3.2.1-4, E-7753-10: a rule of an RFC. */
const RFC_RULE = /^[CDE]-[\w.]+-\w+$/;

/** G-4, D-3, U-1.2: a case from the field, or of UPnP. */
const CASE = /^[DGHKRUSQVM]-\d+(\.\d+)?[a-z]?$/;

/** Cases whose lists are complete: an id that these do not have is a slip. The other letters are of lists kept elsewhere. */
const LISTED = /^[DGHKRU]-/;

/** The ids in parentheses at the end of a test's name. */
export function idsOf(name: string): string[] {
  const group = /\(([^()]*)\)$/.exec(name)?.[1] ?? "";
  return group.split(", ").filter((word) => RFC_RULE.test(word) || CASE.test(word));
}

/** The tests with ids in a source file. */
export function ruleTestsIn(source: string, file: string): RuleTest[] {
  const literals = source.matchAll(/(["'`])((?:(?!\1).)*\([^()"'`]*\))\1/g);
  const counts = (id: string): boolean => !OF_SIMULATOR.test(file) || CASE.test(id);
  return Array.from(
    literals,
    ([, , name = ""]) => ({ name, file, ids: idsOf(name).filter(counts) }),
  )
    .filter(({ ids }) => ids.length > 0);
}

/** All tests with ids. */
export async function findRuleTests(): Promise<RuleTest[]> {
  const files = (await listFiles(/\.ts$/, "tests/")).filter((file) => !NO_TESTS.test(file));
  const tests = await Promise.all(
    files.map(async (file) => ruleTestsIn(await readFile(file), file)),
  );
  return tests.flat();
}

/** Rules without test or reason, rules with both, and unknown rules. */
export function gaps(rows: readonly Row[], tests: readonly RuleTest[]): string[] {
  const proven = new Set(tests.flatMap(({ ids }) => ids));
  const known = new Set(rows.map(({ id }) => id));
  return [
    ...rows.filter(({ id, reason }) => reason === undefined && !proven.has(id))
      .map(({ id }) => `${id} has no test`),
    ...rows.filter(({ id, reason }) => reason !== undefined && proven.has(id))
      .map(({ id }) => `${id} has a test, and a reason to have none`),
    ...[...proven].filter((id) => (RFC_RULE.test(id) || LISTED.test(id)) && !known.has(id))
      .map((id) => `${id} is no rule`),
  ];
}

/** Reads a JUnit report: whether all tests of a name have passed. */
export function readJunit(xml: string): Map<string, boolean> {
  const results = new Map<string, boolean>();
  for (const [, attributes = "", closed, body = ""] of xml.matchAll(TEST_CASE)) {
    const name = unescape(/ ?name="([^"]*)"/.exec(attributes)?.[1] ?? "");
    const failed = closed !== "/" && /<(failure|error)\b/.test(body);
    results.set(name, (results.get(name) ?? true) && !failed);
  }
  return results;
}

const TEST_CASE = /<testcase\b([^>]*?)(\/)?>(?:(?<=\/>)|([\s\S]*?)<\/testcase>)/g;

/** The result of a rule by the results of its tests. */
export function resultOf(
  row: Row,
  tests: readonly RuleTest[],
  results: ReadonlyMap<string, boolean>,
): RuleResult {
  if (row.reason !== undefined) return "does not apply";
  const own = tests.filter(({ ids }) => ids.includes(row.id));
  if (own.length === 0) return "MISSING";
  const here = own.filter(({ file }) => !ELSEWHERE.test(file));
  if (here.length === 0) return "elsewhere";
  const outcomes = here.flatMap((test) => outcomesOf(test, results));
  return outcomes.length > 0 && outcomes.every((ok) => ok) ? "ok" : "FAILED";
}

/** The results of the tests whose names contain a name or match a template. */
function outcomesOf({ name }: RuleTest, results: ReadonlyMap<string, boolean>): boolean[] {
  const pattern = name.split(/\$\{[^}]*\}/).map((part) => RegExp.escape(part)).join(".*");
  const fitting = new RegExp(pattern);
  return [...results].filter(([each]) => fitting.test(each)).map(([, ok]) => ok);
}

function unescape(text: string): string {
  const named: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, digits, word) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (digits !== undefined) return String.fromCodePoint(parseInt(digits, 16));
    return named[word] ?? whole;
  });
}

async function main(prefix = ""): Promise<number> {
  const rows = [...ROWS, ...FIELD_ROWS, ...UPNP_ROWS];
  const tests = await findRuleTests();
  const problems = gaps(rows, tests);
  const results = await runTests(tests);
  const ruleResults = rows.map((row) => ({ row, result: resultOf(row, tests, results) }));
  for (const { row, result } of ruleResults) {
    if (!row.id.startsWith(prefix)) continue;
    console.log(line(row, tests.filter(({ ids }) => ids.includes(row.id)), result));
  }
  const count = (wanted: RuleResult): number =>
    ruleResults.filter(({ result }) => result === wanted).length;
  for (const gap of problems) console.log(gap);
  const lacking = count("FAILED") + count("MISSING");
  console.log([
    `\n${ROWS.length} rules of RFCs, ${UPNP_ROWS.length} of UPnP and ${FIELD_ROWS.length} cases: ${
      count("ok")
    } ok`,
    `${count("elsewhere")} proven in the lab or on real sockets only`,
    `${count("does not apply")} do not apply`,
    `${lacking} failed or without a test`,
  ].join(", "));
  return lacking === 0 && problems.length === 0 ? 0 : 1;
}

async function runTests(tests: readonly RuleTest[]): Promise<Map<string, boolean>> {
  const folder = await Deno.makeTempDir({ prefix: "pcp-conformance-" });
  try {
    const report = `${folder}/junit.xml`;
    // Tests in a shared suite run with their folder.
    const places = tests.filter(({ file }) => !ELSEWHERE.test(file))
      .map(({ file }) => file.endsWith("_test.ts") ? file : file.replace(/\/[^/]*$/, ""));
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--parallel", `--junit-path=${report}`, ...new Set(places)],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
    }).output();
    try {
      return readJunit(await Deno.readTextFile(report));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      console.error(new TextDecoder().decode(stderr)); // the tests do not compile
      return new Map();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function line(row: Row, tests: readonly RuleTest[], result: RuleResult): string {
  const [first] = tests;
  const more = tests.length > 1 ? `, and ${tests.length - 1} more` : "";
  const test = first === undefined ? row.reason ?? "-" : `${first.file}: ${first.name}${more}`;
  const head = [row.id.padEnd(13), row.section.padEnd(12), row.level.padEnd(11)].join(" ");
  return `${head} ${result.padEnd(14)} ${row.text}\n    ${test}`;
}

if (import.meta.main) Deno.exit(await main(Deno.args[0]));
