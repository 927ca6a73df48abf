import { judged, type Row, type Target } from "./results.ts";

/** One aligned line a row, for a terminal. */
export function textTable(
  rows: readonly Row[],
  slack: number | ((row: Row) => number) = 1,
): string {
  const lines = [
    HEAD,
    ...rows.map((
      each,
    ) => [each.id, ...cells(each), verdict(each, typeof slack === "number" ? slack : slack(each))]),
  ];
  const widths = widthsOf(lines);
  return lines.map((line) =>
    line.map((cell, column) => {
      const width = widths[column] ?? 0;
      return RIGHT.has(column) ? cell.padStart(width) : cell.padEnd(width);
    }).join("  ").trimEnd()
  ).join("\n");
}

/** Every row, as a table of Markdown. */
export function markdownTable(rows: readonly Row[]): string {
  const lines = rows.map((each) => {
    return [...cells(each), each.met === null ? "" : each.met ? "yes" : "**no**"];
  });
  return markdown(["what", "measured", "floor", "of", "ratio", "target", "met"], lines);
}

/** A table of Markdown, aligned. */
export function markdown(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = widthsOf([head, ...lines]);
  const print = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [print(head), rule, ...lines.map(print)].join("\n");
}

function widthsOf(lines: readonly (readonly string[])[]): number[] {
  return (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => [...line[column] ?? ""].length))
  );
}

/** The number with its unit, with at least three digits unless it is a small count. */
export function figure(value: number, unit: string): string {
  if (!Number.isFinite(value)) return "?";
  const size = Math.abs(value);
  const isCount = Number.isInteger(value) && (unit === "" || value === 0 || size >= 10);
  const digits = isCount || size >= 100 ? 0 : size >= 10 ? 1 : 2;
  const text = value.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))/g, digits === 0 ? "," : "");
  return unit === "" ? text : `${text} ${unit}`;
}

function cells(row: Row): string[] {
  return [
    row.what,
    figure(row.value, row.unit),
    row.floor === null ? "" : figure(row.floor, row.unit),
    row.against,
    row.ratio === null ? "" : Number.isFinite(row.ratio) ? row.ratio.toFixed(2) : "?",
    row.target === null ? "" : targetText(row.target, row.unit),
  ];
}

function targetText({ of, most }: Target, unit: string): string {
  if (of === "value") return `at most ${figure(most, unit)}`;
  return of === "ratio" ? `${most} times the floor` : `floor + ${figure(most, unit)}`;
}

/** `ok`, `MISSED`, or `over` for a row whose excess the slack allows. */
function verdict(row: Row, slack: number): string {
  if (row.target === null) return "";
  if (row.met) return "ok";
  const beyond = judged(row) / row.target.most - 1;
  const percent = Number.isFinite(beyond) ? ` by ${(beyond * 100).toFixed(0)} %` : "";
  return beyond <= slack - 1 ? `over${percent}, passes` : `MISSED${percent}`;
}

const HEAD = ["row", "what", "measured", "floor", "of", "ratio", "target", ""];

/** The columns of figures. */
const RIGHT: ReadonlySet<number> = new Set([2, 3, 5]);
