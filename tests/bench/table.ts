import { judged, type Limit, type Row } from "./row.ts";

/** One aligned line a row, for a terminal. */
export function textTable(rows: readonly Row[], slackOf: (row: Row) => number = () => 1): string {
  const lines = [
    HEAD,
    ...rows.map((each) => [each.id, ...cells(each), verdict(each, slackOf(each))]),
  ];
  const widths = HEAD.map((_, column) =>
    Math.max(...lines.map((line) => [...line[column] ?? ""].length))
  );
  return lines.map((line) =>
    line.map((cell, column) => {
      const width = widths[column] ?? 0;
      return RIGHT.has(column) ? cell.padStart(width) : cell.padEnd(width);
    }).join("  ").trimEnd()
  ).join("\n");
}

/** The rows that have a limit, as a table of Markdown. */
export function markdownTable(rows: readonly Row[]): string {
  const lines = rows.filter(({ limit }) => limit !== null).map((each) => {
    return [...cells(each), each.met ? "yes" : "**no**"];
  });
  const head = ["what", "measured", "floor", "of", "ratio", "target", "met"];
  const table = [head, ...lines];
  const widths = head.map((_, column) =>
    Math.max(...table.map((line) => [...line[column] ?? ""].length))
  );
  const print = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [print(head), rule, ...lines.map(print)].join("\n");
}

/** The number with its unit, three digits at least where there are so many. */
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
    row.against ?? "",
    row.ratio === null || !Number.isFinite(row.ratio) ? "" : row.ratio.toFixed(2),
    row.limit === null ? "" : target(row.limit, row.unit),
  ];
}

function target({ of, most }: Limit, unit: string): string {
  switch (of) {
    case "value":
      return most === 0 ? "none" : `${figure(most, unit)} at most`;
    case "ratio":
      return `${most} times the floor`;
    case "excess":
      return `floor + ${figure(most, unit)}`;
  }
}

/** `ok`, `MISSED`, or how far beyond its limit a row is that the slack lets pass. */
function verdict(row: Row, slack: number): string {
  if (row.limit === null) return "";
  if (row.met) return "ok";
  const beyond = judged(row) / row.limit.most - 1;
  const percent = Number.isFinite(beyond) ? ` by ${(beyond * 100).toFixed(0)} %` : "";
  return beyond <= slack - 1 ? `over${percent}, passes` : `MISSED${percent}`;
}

const HEAD = ["row", "what", "measured", "floor", "of", "ratio", "target", ""];

/** The columns of figures. */
const RIGHT: ReadonlySet<number> = new Set([2, 3, 5]);
