import { builtPackage, type ClientReport, establish, MINIMAL } from "./clients.ts";
import { type Effort, type Family, median } from "./measure.ts";
import { type Row, row, type Target } from "./results.ts";

/** N mappings, from the start of the client until all are confirmed, each time in a new process. */
export const establishRows: Family = { name: "establish", rows };

interface Case {
  readonly count: number;
  /** Measured in the short form too. */
  readonly short?: boolean;
  readonly time?: Target;
  readonly memory?: Target;
}

const CASES: readonly Case[] = [
  { count: 1 },
  { count: 10 },
  { count: 100, time: { of: "ratio", most: 1.9 } },
  { count: 1_000, short: true, time: { of: "ratio", most: 1.8 } },
  {
    count: 10_000,
    short: true,
    time: { of: "ratio", most: 2.2 },
    memory: { of: "excess", most: 50 },
  },
  { count: 60_000, short: true, time: { of: "ratio", most: 2 } },
];

async function rows(effort: Effort): Promise<Row[]> {
  const found: Row[] = [];
  for (const each of CASES) {
    if (!effort.wants(`establish.${each.count}`) || (effort.short && !each.short)) continue;
    found.push(...await measure(each, effort.runs));
  }
  return found;
}

async function measure({ count, time, memory }: Case, runs: number): Promise<Row[]> {
  const { client } = await builtPackage();
  // Short runs vary more.
  const { library, minimal } = await establish(
    { minimal: MINIMAL, library: client },
    count,
    count > 10_000 ? runs : 2 * runs - 1,
  );
  const of = (field: keyof ClientReport) => ({
    value: median(library.map((report) => report[field])),
    floor: median(minimal.map((report) => report[field])),
  });
  const what = `${count.toLocaleString("en")} mapping${count === 1 ? "" : "s"} confirmed`;
  const id = `establish.${count}`;
  return [
    row({ id, what: `${what}, new process`, unit: "ms", ...of("run"), target: time }),
    row({
      id: `${id}.memory`,
      what: `${what}: memory at the peak`,
      unit: "MiB",
      ...of("peak"),
      target: memory,
    }),
    ...(count === 10_000 ? [rate(count, of("run"))] : []),
  ];
}

function rate(count: number, { value, floor }: Record<"value" | "floor", number>): Row {
  return row({
    id: `establish.${count}.rate`,
    what: "requests answered a second, with 10,000 mappings",
    unit: "",
    value: Math.round(count * 1_000 / value),
    floor: Math.round(count * 1_000 / floor),
  });
}
