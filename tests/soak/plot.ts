import type { Sample } from "./gauge.ts";

const WIDTH = 900;
const PANEL = 170;
const LEFT = 70;
const RIGHT = 20;
const TOP = 40;

interface Curve {
  readonly title: string;
  readonly unit: string;
  readonly colour: string;
  readonly value: (sample: Sample) => number;
}

const CURVES: readonly Curve[] = [
  {
    title: "Heap after garbage collection",
    unit: "MB",
    colour: "#1f77b4",
    value: ({ heap }) => heap / 1e6,
  },
  { title: "Resident memory", unit: "MB", colour: "#9467bd", value: ({ rss }) => rss / 1e6 },
  {
    title: "Processor, share of one core",
    unit: "%",
    colour: "#d62728",
    value: ({ cpu }) => cpu * 100,
  },
  { title: "Mappings running", unit: "", colour: "#2ca02c", value: ({ running }) => running },
];

/** Draws memory, processor and mappings over time as an SVG document. */
export function plot(samples: readonly Sample[], title: string): string {
  const height = TOP + CURVES.length * PANEL + 20;
  const panels = CURVES.map((curve, index) => panel(curve, samples, TOP + index * PANEL));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="${LEFT}" y="24" font-size="16">${escape(title)}</text>`,
    ...panels,
    `</svg>`,
    "",
  ].join("\n");
}

function panel(curve: Curve, samples: readonly Sample[], top: number): string {
  const values = samples.map(curve.value);
  const most = Math.max(1, ...values) * 1.1;
  const end = Math.max(1e-9, samples.at(-1)?.minute ?? 0);
  const bottom = top + PANEL - 40;
  const x = (minute: number): string => (LEFT + minute / end * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y = (value: number): string => (bottom - value / most * (bottom - top - 20)).toFixed(1);
  const points = samples.map((sample) => `${x(sample.minute)},${y(curve.value(sample))}`);
  const last = values.at(-1) ?? 0;
  return [
    `<text x="${LEFT}" y="${top + 12}">${curve.title}: ${last.toFixed(1)} ${curve.unit}</text>`,
    `<path d="M${LEFT} ${top + 20}V${bottom}H${WIDTH - RIGHT}" fill="none" stroke="#888"/>`,
    `<text x="${LEFT - 6}" y="${top + 30}" text-anchor="end">${most.toFixed(0)}</text>`,
    `<text x="${LEFT - 6}" y="${bottom}" text-anchor="end">0</text>`,
    `<text x="${WIDTH - RIGHT}" y="${bottom + 16}" text-anchor="end">${end.toFixed(1)} min</text>`,
    `<polyline points="${
      points.join(" ")
    }" fill="none" stroke="${curve.colour}" stroke-width="1.5"/>`,
  ].join("\n");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
