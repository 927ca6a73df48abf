/**
 * `deno task conformance`: runs the tests that prove rules of the RFCs, and prints every rule with its test and the
 * result. `deno task conformance C-8.5` prints those whose ids begin so. Fails if a rule has no test and no reason, or a
 * test fails.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { type Row, ROWS } from "../conformance/rows.ts";
import { listFiles, readFile, ROOT } from "./repository.ts";

/** A test that proves rules. */
export interface Proof {
  /** As it stands in the source; `${}` where it is put together. */
  readonly name: string;
  /** Path from the root. */
  readonly file: string;
  /** The ids in its name. */
  readonly ids: readonly string[];
}

/** A rule's test results. */
export type Verdict = "ok" | "FAILED" | "elsewhere" | "does not apply" | "MISSING";

/** Tests of the tools, and of the judge: they prove nothing of the client. */
const NOT_OF_CLIENT = /^tests\/((repo|testing|tools|mutants)\/|conformance\/(rows|reasons)\.ts$)/;

/** Suites that need a network or a router; `deno task test` runs them. */
const ELSEWHERE = /^tests\/(lab|e2e)\//;

/** The ids in a test's name: in parentheses at its end, with other words perhaps. */
export function idsOf(name: string): string[] {
  const group = /\(([^()]*)\)$/.exec(name)?.[1] ?? "";
  return group.split(", ").filter((word) => /^[CDE]-[\w.]+-\w+$/.test(word));
}

/** The test names of a source that carry ids. */
export function proofsIn(source: string, file: string): Proof[] {
  const literals = source.matchAll(/(["'`])((?:(?!\1).)*\([^()"'`]*\))\1/g);
  return Array.from(literals, ([, , name = ""]) => ({ name, file, ids: idsOf(name) }))
    .filter(({ ids }) => ids.length > 0);
}

/** The tests of the client that prove rules. */
export async function findProofs(): Promise<Proof[]> {
  const files = (await listFiles(/\.ts$/, "tests/")).filter((file) => !NOT_OF_CLIENT.test(file));
  const proofs = await Promise.all(
    files.map(async (file) => proofsIn(await readFile(file), file)),
  );
  return proofs.flat();
}

/** What is wrong with the list: rules without test or reason, with both, and ids that are no rule. */
export function gaps(rows: readonly Row[], proofs: readonly Proof[]): string[] {
  const proven = new Set(proofs.flatMap(({ ids }) => ids));
  const known = new Set(rows.map(({ id }) => id));
  return [
    ...rows.filter(({ id, reason }) => reason === undefined && !proven.has(id))
      .map(({ id }) => `${id} has no test`),
    ...rows.filter(({ id, reason }) => reason !== undefined && proven.has(id))
      .map(({ id }) => `${id} has a test, and a reason to have none`),
    ...[...proven].filter((id) => !known.has(id)).map((id) => `${id} is no rule`),
  ];
}

/** Test results by name out of a JUnit report: whether all tests of the name passed. */
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

/** The result of a rule: of its tests, each by the names that the report has for it. */
export function judge(
  row: Row,
  proofs: readonly Proof[],
  results: ReadonlyMap<string, boolean>,
): Verdict {
  if (row.reason !== undefined) return "does not apply";
  const own = proofs.filter(({ ids }) => ids.includes(row.id));
  if (own.length === 0) return "MISSING";
  const here = own.filter(({ file }) => !ELSEWHERE.test(file));
  if (here.length === 0) return "elsewhere";
  const outcomes = here.flatMap((proof) => outcomesOf(proof, results));
  return outcomes.length > 0 && outcomes.every((ok) => ok) ? "ok" : "FAILED";
}

/** A name may be part of a longer one, or of a case within a test: then there is none. */
function outcomesOf({ name }: Proof, results: ReadonlyMap<string, boolean>): boolean[] {
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
  const proofs = await findProofs();
  const wrong = gaps(ROWS, proofs);
  const results = await runTests(proofs);
  const verdicts = ROWS.map((row) => ({ row, verdict: judge(row, proofs, results) }));
  for (const { row, verdict } of verdicts) {
    if (!row.id.startsWith(prefix)) continue;
    console.log(line(row, proofs.filter(({ ids }) => ids.includes(row.id)), verdict));
  }
  const count = (wanted: Verdict): number =>
    verdicts.filter(({ verdict }) => verdict === wanted).length;
  for (const gap of wrong) console.log(gap);
  const lacking = count("FAILED") + count("MISSING");
  console.log([
    `\n${ROWS.length} rules: ${count("ok")} ok`,
    `${count("elsewhere")} proven in the lab or on real sockets only`,
    `${count("does not apply")} do not apply`,
    `${lacking} failed or without a test`,
  ].join(", "));
  return lacking === 0 && wrong.length === 0 ? 0 : 1;
}

async function runTests(proofs: readonly Proof[]): Promise<Map<string, boolean>> {
  const folder = await Deno.makeTempDir({ prefix: "pcp-conformance-" });
  try {
    const report = `${folder}/junit.xml`;
    // Those of suites that several files share run with their folder.
    const places = proofs.filter(({ file }) => !ELSEWHERE.test(file))
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

function line(row: Row, proofs: readonly Proof[], verdict: Verdict): string {
  const [first] = proofs;
  const more = proofs.length > 1 ? `, and ${proofs.length - 1} more` : "";
  const test = first === undefined ? row.reason ?? "-" : `${first.file}: ${first.name}${more}`;
  const head = [row.id.padEnd(13), row.section.padEnd(12), row.level.padEnd(11)].join(" ");
  return `${head} ${verdict.padEnd(14)} ${row.text}\n    ${test}`;
}

if (import.meta.main) Deno.exit(await main(Deno.args[0]));
