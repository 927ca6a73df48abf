/** The bench's arithmetic, its judgement, and what docs/performance.md shows of it. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { effortOf, inTurns, median } from "../bench/measure.ts";
import { type Peers, peersBlock } from "../bench/peers.ts";
import { drawPeers } from "../bench/peers_picture.ts";
import { performanceBlock, replaceBetween } from "../bench/performance_page.ts";
import { draw } from "../bench/picture.ts";
import { respond, respondNatPmp } from "../bench/responder.ts";
import { isMissed, judged, type Results, row, type RowInit } from "../bench/results.ts";
import { figure, markdownTable, textTable } from "../bench/table.ts";
import { readFile } from "../tools/repository.ts";

Deno.test("median() is the middle, or the mean of the two middle values", () => {
  assertEquals(median([9, 1, 5]), 5);
  assertEquals(median([10, 9, 1, 2]), 5.5);
  assertEquals(median([7]), 7);
  assertEquals(median([]), NaN);
});

Deno.test("row() compares with the floor and judges ratio, excess or value", () => {
  assertEquals(made({ value: 30, floor: 20 }).ratio, 1.5);
  assertEquals(made({ value: 30, floor: 20 }).against, "minimal client");
  const cases = [
    [{ value: 24, floor: 20, target: { of: "ratio", most: 1.2 } }, true],
    [{ value: 25, floor: 20, target: { of: "ratio", most: 1.2 } }, false],
    [{ value: 35, floor: 20, target: { of: "excess", most: 15 } }, true],
    [{ value: 36, floor: 20, target: { of: "excess", most: 15 } }, false],
    [{ value: 36, floor: null, target: { of: "value", most: 36 } }, true],
    [{ value: 37, floor: null, target: { of: "value", most: 36 } }, false],
    [{ value: 36, floor: null, target: { of: "ratio", most: 36 } }, false],
    [{ value: 36 }, null],
  ] as const;
  for (const [init, met] of cases) assertEquals(made(init).met, met);
});

Deno.test("a figure that is missing misses its target", () => {
  for (const figures of [{ value: NaN }, { floor: NaN }]) {
    const missing = made({ ...figures, target: { of: "ratio", most: 30 } });
    assertEquals([missing.met, isMissed(missing, 4 / 3)], [false, true]);
  }
});

Deno.test("isMissed() lets pass what is within the slack", () => {
  const over = made({ value: 13, floor: 10, target: { of: "ratio", most: 1 } });
  assertEquals([isMissed(over), isMissed(over, 4 / 3), isMissed(over, 1.2)], [true, false, true]);
  assertEquals(isMissed(made({ value: 1e9 })), false);
  assertEquals(judged(over), 1.3);
});

Deno.test("effortOf() picks rows by family and by the beginning of their names", () => {
  const { wants } = effortOf(false, ["start", "establish.10000"]);
  const names = ["start", "start.script", "establish", "establish.10000.memory"];
  assertEquals(names.map(wants), [true, true, true, true]);
  assertEquals(["establish.1000", "hold", "starts"].map(wants), [false, false, false]);
  assert(effortOf(true).wants("anything"));
});

Deno.test("inTurns() alternates, and does not count what warms up", async () => {
  const order: string[] = [];
  const run = (name: string) => () => Promise.resolve(order.push(name));
  const results = await inTurns(2, { a: run("a"), b: run("b") }, 1);
  assertEquals(order.join(""), "ababab");
  assertEquals(results, { a: [3, 5], b: [4, 6] });
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
  const lines = textTable(ROWS, 4 / 3).split("\n");
  assertMatch(lines[1] ?? "", /^a\.kept +kept +10 ms +10 ms +minimal client +1\.00 +1\.2 times/);
  assertMatch(lines[1] ?? "", / ok$/);
  assertMatch(lines[2] ?? "", / over by 25 %, passes$/);
  assertMatch(lines[3] ?? "", / 1 times the floor +MISSED$/);
  assertMatch(lines[4] ?? "", /^a\.free +no target +7 +7 +minimal client +1\.00$/);
  assertMatch(textTable(ROWS).split("\n")[2] ?? "", / MISSED by 25 %$/);
});

Deno.test("markdownTable() has every row, with or without floor and target", () => {
  const table = markdownTable(ROWS);
  assertEquals(table.split("\n").length, 2 + ROWS.length);
  assertMatch(table, /\| kept .*\| yes/);
  assertMatch(table, /\| over .*\| \*\*no\*\*/);
  assertMatch(table, /\| no target .*\| +\| +\|/);
  const bare = row({ id: "a", what: "a", unit: "s", value: 2, floor: null, against: "" });
  assertMatch(markdownTable([bare]), /\| a +\| 2\.00 s +\| +\| +\| +\| +\| +\|/);
});

Deno.test("draw() draws every target and both curves, and stays small", () => {
  const svg = draw(RESULTS);
  assertEquals(svg.match(/<rect class="(met|missed)"/g), [
    '<rect class="met"',
    '<rect class="missed"',
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

Deno.test("docs/performance.md and the picture of README.md show tests/bench/peers.json", async () => {
  const peers = JSON.parse(await readFile("tests/bench/peers.json")) as Peers;
  const page = await readFile("docs/performance.md");
  assert(replaceBetween(page, "peers", peersBlock(peers)) === page, HINT);
  const picture = await readFile("docs/pictures/side_by_side.svg");
  assert(picture === drawPeers(peers), HINT);
  assert(picture.includes(peers.date) && picture.includes(peers.commit));
  assert(!/NaN|undefined|Infinity/.test(picture), picture);
  for (const { name } of [...peers.starts, ...peers.clients]) {
    assert(page.includes(`| ${name} `), name);
  }
});

Deno.test("the responder grants a mapping and confirms its deletion", () => {
  const map = response(request(120));
  assertEquals([map?.getUint16(0), map?.getUint8(3), map?.getUint32(4)], [0x0281, 0, 120]);
  assertEquals([map?.getUint32(8), map?.getUint32(24), map?.getUint16(42)], [7, 1, 4_001]);
  assertEquals(map?.getUint32(56), 0x141e2801);
  const deleted = response(request(0));
  assertEquals([deleted?.getUint32(4), deleted?.getUint16(42)], [0, 0]);
  assertEquals(response(new DataView(new ArrayBuffer(60))), undefined);
  assertEquals(response(new DataView(new ArrayBuffer(40))), undefined);
});

function made(init: Partial<RowInit>): ReturnType<typeof row> {
  return row({ id: "a", what: "a", unit: "ms", value: 0, floor: 1, ...init });
}

/** A MAP request for port 4001, with no external port suggested. */
function request(lifetime: number): DataView {
  const view = new DataView(new ArrayBuffer(60));
  view.setUint16(0, 0x0201);
  view.setUint32(4, lifetime);
  view.setUint32(24, 1);
  view.setUint16(40, 4_001);
  return view;
}

Deno.test("the responder that speaks NAT-PMP only grants a mapping and has an external address", () => {
  const answer = (...request: number[]) => {
    const view = new DataView(new Uint8Array(request).buffer);
    return respondNatPmp(view, view.byteLength, 7);
  };
  assertEquals(answer(0, 0), new Uint8Array([0, 128, 0, 0, 0, 0, 0, 7, 20, 30, 40, 1]));
  assertEquals(
    answer(0, 2, 0, 0, 23, 112, 0, 0, 0, 0, 0, 120),
    new Uint8Array([0, 130, 0, 0, 0, 0, 0, 7, 23, 112, 23, 112, 0, 0, 0, 120]),
  );
  assertEquals(answer(2, 0), undefined);
});

function response(request: DataView): DataView | undefined {
  const reply = new DataView(new ArrayBuffer(60));
  return respond(request, request.byteLength, reply, 7) ? reply : undefined;
}

const ROWS = [
  row({
    id: "a.kept",
    what: "kept",
    unit: "ms",
    value: 10,
    floor: 10,
    target: { of: "ratio", most: 1.2 },
  }),
  row({
    id: "a.over",
    what: "over",
    unit: "ms",
    value: 15,
    floor: 10,
    target: { of: "ratio", most: 1.2 },
  }),
  row({
    id: "a.none",
    what: "none",
    unit: "",
    value: NaN,
    floor: 1,
    target: { of: "ratio", most: 1 },
  }),
  row({ id: "a.free", what: "no target", unit: "", value: 7, floor: 7 }),
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
