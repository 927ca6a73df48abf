/** The bench's arithmetic, its judgement, and what docs/performance.md shows of it. */

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { effortOf, inTurns } from "../bench/effort.ts";
import { Lines } from "../bench/lines.ts";
import { median } from "../bench/median.ts";
import { performanceBlock, replaceBetween } from "../bench/performance_page.ts";
import { draw } from "../bench/picture.ts";
import type { Results } from "../bench/results.ts";
import { ResponderTable } from "../bench/responder_table.ts";
import { isMissed, judged, row, type RowInit } from "../bench/row.ts";
import { SHORTFALLS } from "../bench/shortfalls.ts";
import { figure, markdownTable, textTable } from "../bench/table.ts";
import { readFile } from "../tools/repository.ts";

Deno.test("median() is the middle, or the mean of the two middle values", () => {
  assertEquals(median([9, 1, 5]), 5);
  assertEquals(median([10, 9, 1, 2]), 5.5);
  assertEquals(median([7]), 7);
  assertEquals(median([]), NaN);
});

Deno.test("row() compares with the floor and judges value, ratio or excess", () => {
  assertEquals(made({ value: 30, floor: 20 }).ratio, 1.5);
  assertEquals([made({ value: 30 }).ratio, made({ value: 30 }).against], [null, null]);
  const cases = [
    [{ value: 30, limit: { of: "value", most: 30 } }, true],
    [{ value: 31, limit: { of: "value", most: 30 } }, false],
    [{ value: 24, floor: 20, limit: { of: "ratio", most: 1.2 } }, true],
    [{ value: 25, floor: 20, limit: { of: "ratio", most: 1.2 } }, false],
    [{ value: 35, floor: 20, limit: { of: "excess", most: 15 } }, true],
    [{ value: 36, floor: 20, limit: { of: "excess", most: 15 } }, false],
    [{ value: 36 }, null],
  ] as const;
  for (const [init, met] of cases) assertEquals(made(init).met, met);
});

Deno.test("a figure that is missing misses its target", () => {
  assertEquals(made({ value: NaN, limit: { of: "value", most: 30 } }).met, false);
  assertEquals(made({ value: 5, limit: { of: "ratio", most: 30 } }).met, false);
  assert(isMissed(made({ value: NaN, limit: { of: "value", most: 30 } }), 4 / 3));
});

Deno.test("isMissed() lets pass what is within the slack, of which a limit of 0 has none", () => {
  const over = made({ value: 13, floor: 10, limit: { of: "ratio", most: 1 } });
  assertEquals([isMissed(over), isMissed(over, 4 / 3), isMissed(over, 1.2)], [true, false, true]);
  assert(isMissed(made({ value: 1, limit: { of: "value", most: 0 } }), 4 / 3));
  assertEquals(isMissed(made({ value: 1e9 })), false);
  assertEquals(judged(over), 1.3);
});

Deno.test("effortOf() picks rows by family and by the beginning of their names", () => {
  const { wants } = effortOf(false, ["process", "establish.10000"]);
  const names = ["process", "process.script", "establish", "establish.10000.memory"];
  assertEquals(names.map(wants), [true, true, true, true]);
  assertEquals(["establish.1000", "hold", "processes"].map(wants), [false, false, false]);
  assert(effortOf(true).wants("anything"));
});

Deno.test("inTurns() alternates, and does not count what warms up", async () => {
  const order: string[] = [];
  const run = (name: string) => () => Promise.resolve(order.push(name));
  const results = await inTurns(2, { a: run("a"), b: run("b") }, 1);
  assertEquals(order.join(""), "ababab");
  assertEquals(results, { a: [3, 5], b: [4, 6] });
});

Deno.test("Lines cuts a stream into lines, whatever comes at once, and says when it has ended", async () => {
  const chunks = ["on", "e\ntwo\nth", "ree\nfo"].map((text) => new TextEncoder().encode(text));
  const lines = new Lines(ReadableStream.from(chunks));
  assertEquals(await lines.next(), "one");
  assertEquals([await lines.next(), await lines.next()], ["two", "three"]);
  await assertRejects(() => lines.next(), Error, "has ended");
});

Deno.test("figure() shows three digits, and thousands apart", () => {
  const shown = [[1_234_567, ""], [123.4, "ms"], [12.34, "ms"], [1.234, "µs"], [0, ""], [12, "B"]];
  assertEquals(shown.map(([value, unit]) => figure(value as number, unit as string)), [
    "1,234,567",
    "123 ms",
    "12.3 ms",
    "1.23 µs",
    "0",
    "12 B",
  ]);
  assertEquals(figure(NaN, "ms"), "?");
});

Deno.test("textTable() says which target is missed, and what the slack lets pass", () => {
  const lines = textTable(ROWS, () => 4 / 3).split("\n");
  assertMatch(lines[1] ?? "", /^a\.kept +kept +10 ms +10 ms +minimal client +1\.00 +1\.2 times/);
  assertMatch(lines[1] ?? "", / ok$/);
  assertMatch(lines[2] ?? "", / over by 25 %, passes$/);
  assertMatch(lines[3] ?? "", / none +MISSED$/);
  assertMatch(lines[4] ?? "", /^a\.free +no target +7$/);
  assertMatch(textTable(ROWS).split("\n")[2] ?? "", / MISSED by 25 %$/);
});

Deno.test("every shortfall is that of a row with a target", async () => {
  const results: Results = JSON.parse(await readFile("tests/bench/results.json"));
  const targets = new Set(results.rows.filter(({ limit }) => limit !== null).map(({ id }) => id));
  for (const [id, factor] of SHORTFALLS) {
    assert(targets.has(id), id);
    assert(factor > 1 && factor < 2, `${id} is far from its target`);
  }
});

Deno.test("markdownTable() has the rows with a target", () => {
  const table = markdownTable(ROWS);
  assertEquals(table.split("\n").length, 5);
  assertMatch(table, /\| kept .*\| yes/);
  assertMatch(table, /\| over .*\| \*\*no\*\*/);
  assert(!table.includes("no target"));
});

Deno.test("draw() draws every target and both curves, and stays small", () => {
  const svg = draw(RESULTS);
  assertEquals(svg.match(/<rect class="(met|missed)"/g), [
    '<rect class="met"',
    '<rect class="missed"',
  ]);
  assertEquals(svg.match(/<polyline /g)?.length, 4);
  assertMatch(svg, /prefers-color-scheme:dark/);
  assert(!/NaN|undefined|Infinity/.test(svg), svg);
  assert(draw({ ...RESULTS, rows: [] }).includes("</svg>"));
});

Deno.test("replaceBetween() replaces, and refuses a text without its marks", () => {
  const text = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n";
  assertEquals(replaceBetween(text, "x", "new\n"), "a\n<!-- x -->\nnew\n<!-- /x -->\nb\n");
  assertThrows(() => replaceBetween("a\n", "x", "new\n"), Error, "<!-- /x -->");
  assertThrows(() => replaceBetween(text + text, "x", "new\n"), Error, "once each");
});

Deno.test("docs/performance.md and its picture show tests/bench/results.json", async () => {
  const results = JSON.parse(await readFile("tests/bench/results.json")) as Results;
  const page = await readFile("docs/performance.md");
  assert(replaceBetween(page, "bench", performanceBlock(results)) === page, HINT);
  const picture = await readFile("docs/pictures/performance.svg");
  assert(picture === draw(results), HINT);
  assert(picture.length < 30_000);
});

Deno.test("the responder grants MAP, PEER and a deletion, and answers ANNOUNCE", () => {
  const table = responder();
  const map = answer(table, request(1, 1, 120));
  assertEquals([map.getUint8(1), map.getUint8(3), map.getUint32(4)], [0x81, 0, 120]);
  assertEquals([map.getUint32(24), map.getUint16(42), map.getUint32(56)], [1, 4_001, 0x141e2801]);
  assertEquals(map.getUint32(8), 172_800);
  assertEquals(answer(table, request(2, 2, 120)).byteLength, 80);
  assertEquals(answer(table, request(0, 0, 0)).byteLength, 24);
  assertEquals(answer(table, request(1, 1, 0)).getUint32(4), 0);
  assertEquals(answer(table, new DataView(new ArrayBuffer(40))).byteLength, 0);
  const { requests, nonces, deletions, announces, malformed } = table.counts;
  assertEquals([requests, nonces, deletions, announces, malformed], [3, 2, 1, 1, 1]);
});

Deno.test("the responder tells a repetition from a renewal, and a new epoch from an old one", () => {
  const table = responder();
  answer(table, request(1, 1, 30), 0);
  answer(table, request(1, 1, 30), 3_000);
  assertEquals(table.counts.retransmissions, 1);
  answer(table, request(1, 1, 30), 18_000);
  assertEquals([table.counts.retransmissions, table.counts.most], [1, 3]);
  table.restart(20_000);
  assertEquals(answer(table, request(1, 1, 30), 21_000).getUint32(8), 1);
  assertEquals([table.counts.retransmissions, table.counts.most], [0, 1]);
});

Deno.test("the responder drops the share that it is told to, and grants the lifetime it is told to", () => {
  const table = new ResponderTable({ lifetime: 9, drop: 10, seed: 5 }, 0);
  for (let nonce = 1; nonce <= 2_000; nonce++) answer(table, request(1, nonce, 120));
  const { dropped } = table.counts;
  assert(dropped > 140 && dropped < 260, `${dropped} of 2000`);
  const answered = Array.from({ length: 30 }, () => answer(table, request(1, 1, 120)));
  assertEquals(answered.find(({ byteLength }) => byteLength > 0)?.getUint32(4), 9);
});

function made(init: Partial<RowInit>): ReturnType<typeof row> {
  return row({ id: "a", what: "a", unit: "ms", value: 0, ...init });
}

function responder(): ResponderTable {
  return new ResponderTable({ lifetime: 0, drop: 0, seed: 0 }, 0);
}

/** A request of that opcode and nonce for port 4001, with no external port suggested. */
function request(opcode: number, nonce: number, lifetime: number): DataView {
  const view = new DataView(new ArrayBuffer(opcode === 0 ? 24 : 40 + 20 * opcode));
  view.setUint16(0, 0x0200 | opcode);
  view.setUint32(4, lifetime);
  if (opcode === 0) return view;
  view.setUint32(24, nonce);
  view.setUint16(40, 4_001);
  return view;
}

function answer(table: ResponderTable, request: DataView, now = 0): DataView {
  const reply = new ArrayBuffer(80);
  const length = table.answer(request, request.byteLength, new DataView(reply), now);
  return new DataView(reply, 0, length);
}

const ROWS = [
  row({
    id: "a.kept",
    what: "kept",
    unit: "ms",
    value: 10,
    floor: 10,
    limit: { of: "ratio", most: 1.2 },
  }),
  row({
    id: "a.over",
    what: "over",
    unit: "ms",
    value: 15,
    floor: 10,
    limit: { of: "ratio", most: 1.2 },
  }),
  row({ id: "a.none", what: "none", unit: "", value: 1, limit: { of: "value", most: 0 } }),
  row({ id: "a.free", what: "no target", unit: "", value: 7 }),
];

const RESULTS: Results = {
  date: "2026-01-02T03:04:05Z",
  machine: { os: "linux 6.1", cpu: "a processor", cores: 2 },
  deno: "2.0.0",
  runs: 5,
  starts: 10,
  seconds: 60,
  rows: [
    ...ROWS,
    row({ id: "establish.100", what: "100", unit: "ms", value: 20, floor: 10 }),
    row({ id: "establish.1000", what: "1000", unit: "ms", value: 100, floor: 60 }),
    row({ id: "establish.1000.memory", what: "memory", unit: "MiB", value: 50, floor: 40 }),
  ],
};

const HINT = "run deno task bench:picture";
