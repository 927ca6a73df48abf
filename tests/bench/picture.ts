import { circumstances, judged, type Results, type Row } from "./results.ts";
import { compact, logScale, round, STYLE, text } from "./svg.ts";
import { figure } from "./table.ts";

/** Draws a bench as an SVG document that is readable on a light and on a dark page. */
export function draw(results: Results): string {
  const { rows } = results;
  const targets = rows.filter(({ target }) => target !== null);
  const height = BARS_TOP + 30 + targets.length * BAR + 20;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui,sans-serif" font-size="12">`,
    STYLE,
    `<rect class="page" width="${WIDTH}" height="${height}" rx="8"/>`,
    text(
      20,
      24,
      "Time and memory of N mappings, and the share of each target that is used",
      {
        size: 15,
      },
    ),
    text(20, 42, circumstances(results), { size: 10, kind: "faint" }),
    panel(rows, { left: 60, title: "Milliseconds until N mappings are confirmed", pattern: TIME }),
    panel(rows, { left: 500, title: "Memory at the peak, MiB", pattern: MEMORY }),
    ...bars(targets),
    `</svg>`,
    "",
  ].join("\n");
}

interface Panel {
  readonly left: number;
  readonly title: string;
  /** Which rows, by id; the group is the number of mappings. */
  readonly pattern: RegExp;
}

interface Point {
  readonly count: number;
  readonly value: number;
}

/** Two curves over the number of mappings, both axes logarithmic: library and minimal client. */
function panel(rows: readonly Row[], { left, title, pattern }: Panel): string {
  const found = rows.flatMap((row) => {
    const count = Number(pattern.exec(row.id)?.[1]);
    return count > 0 ? [{ count, row }] : [];
  });
  const curves: readonly (readonly ["library" | "minimal", readonly Point[]])[] = [
    ["minimal", found.map(({ count, row }) => ({ count, value: row.floor ?? 0 }))],
    ["library", found.map(({ count, row }) => ({ count, value: row.value }))],
  ];
  const values = curves.flatMap(([, points]) => points.map(({ value }) => value));
  const [x, y] = [
    logScale([1, ...found.map(({ count }) => count)], left, left + PANEL_WIDTH),
    logScale(values, PANEL_BOTTOM, PANEL_TOP),
  ];
  const end = left + PANEL_WIDTH;
  return [
    text(left, PANEL_TOP - 30, title),
    text(left, PANEL_TOP - 14, "library", { kind: "libraryText" }),
    text(left + 50, PANEL_TOP - 14, "minimal client", { kind: "minimalText" }),
    ...y.ticks.map((tick) =>
      `<path class="grid" d="M${left} ${y.at(tick)}H${end}"/>` +
      text(left - 6, y.at(tick) + 4, compact(tick), { anchor: "end", kind: "faint" })
    ),
    ...x.ticks.map((tick) =>
      text(x.at(tick), PANEL_BOTTOM + 16, compact(tick), { anchor: "middle", kind: "faint" })
    ),
    ...curves.map(([kind, points]) => {
      const last = points.at(-1);
      const path = points.map(({ count, value }) => `${x.at(count)},${y.at(value)}`).join(" ");
      const dots = points.map(({ count, value }) =>
        `<circle class="${kind}" cx="${x.at(count)}" cy="${y.at(value)}" r="3"/>`
      );
      const label = last === undefined ? "" : text(
        x.at(last.count) + 8,
        y.at(last.value) + (kind === "library" ? -2 : 12),
        figure(last.value, ""),
        { kind: `${kind}Text` },
      );
      return `<polyline class="${kind}" points="${path}"/>${dots.join("")}${label}`;
    }),
  ].join("\n");
}

/** One bar for each target: the share of it that is used. */
function bars(targets: readonly Row[]): string[] {
  const [start, end] = [440, WIDTH - 140];
  const most = 2;
  const x = (share: number): number => round(start + Math.min(share, most) / most * (end - start));
  const bottom = BARS_TOP + 14 + targets.length * BAR;
  return [
    text(20, BARS_TOP, "Targets: 100 % is allowed"),
    ...targets.map((row, index) => {
      const top = BARS_TOP + 14 + index * BAR;
      const share = judged(row) / (row.target?.most ?? NaN);
      const width = Number.isFinite(share) ? Math.max(1, x(Math.max(share, 0)) - start) : 1;
      const percent = Number.isFinite(share) ? `${(share * 100).toFixed(0)} %` : "?";
      return text(start - 8, top + 12, shorten(row.what), { anchor: "end" }) +
        `<rect class="${row.met ? "met" : "missed"}" x="${start}" y="${top + 2}" width="${
          round(width)
        }" height="${BAR - 6}"/>` +
        text(WIDTH - 90, top + 12, percent, { anchor: "end" }) +
        text(WIDTH - 20, top + 12, shown(row), { anchor: "end", kind: "faint" });
    }),
    `<path class="limit" d="M${x(1)} ${BARS_TOP + 8}V${bottom}"/>`,
  ];
}

function shown({ value, unit, ratio, target }: Row): string {
  return target?.of === "ratio" ? figure(ratio ?? NaN, "x") : figure(value, unit);
}

function shorten(what: string): string {
  return what.length <= 58 ? what : `${what.slice(0, 57)}…`;
}

const WIDTH = 900;
const PANEL_WIDTH = 330;
const PANEL_TOP = 104;
const PANEL_BOTTOM = 290;
const BARS_TOP = 340;
const BAR = 20;

const TIME = /^establish\.(\d+)$/;
const MEMORY = /^establish\.(\d+)\.memory$/;
