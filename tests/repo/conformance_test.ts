/** Every rule of the RFCs has a test that names it, or a reason; and no test names an unknown rule. */

import { assert, assertEquals } from "@std/assert";
import { FIELD_ROWS } from "../conformance/field_rows.ts";
import { REASONS } from "../conformance/reasons.ts";
import { type Row, ROWS } from "../conformance/rows.ts";
import { UPNP_ROWS } from "../conformance/upnp_rows.ts";
import {
  findRuleTests,
  gaps,
  idsOf,
  readJunit,
  resultOf,
  ruleTestsIn,
} from "../tools/conformance.ts";
import { readFile } from "../tools/repository.ts";

Deno.test("every rule has a test or a reason, and every id in a test's name is a rule", async () => {
  assertEquals(gaps([...ROWS, ...FIELD_ROWS, ...UPNP_ROWS], await findRuleTests()), []);
});

Deno.test("the cases from the field are listed once, complete", () => {
  const counts: Record<string, number> = {};
  for (const { id } of FIELD_ROWS) {
    const [letter = "", number] = id.split("-");
    assertEquals(number, String((counts[letter] ?? 0) + 1), id);
    counts[letter] = Number(number);
  }
  assertEquals(counts, { G: 20, H: 7, K: 14, R: 4, D: 7 });
  for (const { id, text } of FIELD_ROWS) {
    assertEquals(idsOf(`a (${id})`), [id]);
    assert(text.length > 10, id);
  }
});

Deno.test("the rules of UPnP are listed once, complete", () => {
  assertEquals(UPNP_ROWS.length, 101);
  assertEquals(new Set(UPNP_ROWS.map(({ id }) => id)).size, 101);
});

Deno.test("the list has each rule once, complete", () => {
  assertEquals(ROWS.length, 280);
  assertEquals(new Set(ROWS.map(({ id }) => id)).size, ROWS.length);
  const levels = new Set(["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY", "DESC", "REC"]);
  for (const { id, section, level, text } of ROWS) {
    assert(/^\d{4}( [\d.]+)?$/.test(section), `${id} ${section}`);
    assert(levels.has(level), `${id} ${level}`);
    assert(text.length > 10, id);
  }
  const known = new Set(ROWS.map(({ id }) => id));
  assertEquals(Object.keys(REASONS).filter((id) => !known.has(id)), []);
});

Deno.test("docs/rfc-coverage.md has the rules without a test, each with its reason", async () => {
  const text = (await readFile("docs/rfc-coverage.md")).replaceAll(/ +/g, " ");
  for (const [id, reason] of Object.entries(REASONS)) {
    assert(text.includes(`| ${id} | ${reason}`), `${id} with its reason`);
  }
});

Deno.test("idsOf() takes the ids at the end of a name, and nothing else", () => {
  assertEquals(idsOf("a (C-8.5-3)"), ["C-8.5-3"]);
  assertEquals(idsOf("a (C-8.3-L1, F-06, C-8.1.1-N5, defect 3, E-7753-10)"), [
    "C-8.3-L1",
    "C-8.1.1-N5",
    "E-7753-10",
  ]);
  assertEquals(idsOf("a (G-4, H-1, K-12, R-2, D-3, U-1.2, S-4, Q-17, V-8b, M-3, Q17, G-, F-01)"), [
    ...["G-4", "H-1", "K-12", "R-2", "D-3", "U-1.2", "S-4", "Q-17", "V-8b", "M-3"],
  ]);
  assertEquals(idsOf("(C-8.5-3) a"), []);
  assertEquals(idsOf("a(b)"), []);
});

Deno.test("ruleTestsIn() finds names in all kinds of quotes, and no comments", () => {
  const source = `
    Deno.test("double (C-1-1)", () => {});
    Deno.test('single "x" (C-1-2)', () => {});
    Deno.test(\`put together \${n} (C-1-3, D-1-1)\`, () => {});
    // a comment (C-1-4)
    "a step (E-1-1)": async () => {},
  `;
  assertEquals(ruleTestsIn(source, "a.ts").map(({ ids }) => ids.join()), [
    "C-1-1",
    "C-1-2",
    "C-1-3,D-1-1",
    "E-1-1",
  ]);
});

Deno.test("ruleTestsIn() takes from tests of the simulator the cases of the field alone", () => {
  const source = '"a test (C-1-1, G-20)", "another (C-1-2)"';
  assertEquals(ruleTestsIn(source, "tests/testing/a_test.ts").map(({ ids }) => ids), [["G-20"]]);
});

Deno.test("gaps() lists what is missing, doubled or unknown", () => {
  const rows = [row("C-1-1"), row("C-1-2"), row("C-1-3", "no"), row("D-3"), row("G-1")];
  const tests = ruleTestsIn('"x (C-1-1, C-1-3, C-1-9, D-3, D-4, D-3.1-1, U-1.1)"', "a.ts");
  assertEquals(gaps(rows, tests), [
    "C-1-2 has no test",
    "G-1 has no test",
    "C-1-3 has a test, and a reason to have none",
    "C-1-9 is no rule",
    "D-4 is no rule",
    "D-3.1-1 is no rule",
    "U-1.1 is no rule",
  ]);
});

Deno.test("resultOf() requires every test of a rule to have run and passed", () => {
  const xml = `<testsuites><testsuite name="a">
    <testcase name="one (C-1-1)" classname="a"></testcase>
    <testcase name="two &quot;x&quot; (C-1-2)" classname="a"><failure message="no"/></testcase>
    <testcase name="three 3 (C-1-3)" classname="a"/>
    <testcase name="three 4 (C-1-3)" classname="a"><failure>no</failure></testcase>
    <testcase name="five 5 (C-1-5)" classname="a"/>
  </testsuite></testsuites>`;
  const results = readJunit(xml);
  const source = [
    '"one (C-1-1)" \'two "x" (C-1-2)\' `three ${n} (C-1-3)` "four (C-1-4)" `five ${n} (C-1-5)`',
  ].join();
  const tests = ruleTestsIn(source, "tests/a_test.ts");
  const verdicts = ["C-1-1", "C-1-2", "C-1-3", "C-1-4", "C-1-5", "C-1-6"].map((id) =>
    resultOf(row(id), tests, results)
  );
  assertEquals(verdicts, ["ok", "FAILED", "FAILED", "FAILED", "ok", "MISSING"]);
  assertEquals(resultOf(row("C-1-6", "because"), tests, results), "does not apply");
  const lab = ruleTestsIn('"far (C-1-7)"', "tests/lab/a_test.ts");
  assertEquals(resultOf(row("C-1-7"), lab, results), "elsewhere");
});

function row(id: string, reason?: string): Row {
  return { id, section: "6887 1", level: "MUST", text: "a rule to test with", reason };
}
