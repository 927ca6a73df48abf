import { type ClientReport, runClient } from "./clients.ts";
import { type Effort, type Family, inTurns } from "./effort.ts";
import { median } from "./median.ts";
import { Responder } from "./responder_process.ts";
import { type Limit, type Row, row } from "./row.ts";

/** N mappings, from the start of the client until all are confirmed, each time in a new process. */
export const establishRows: Family = { name: "establish", rows };

interface Case {
  readonly id: string;
  readonly count: number;
  readonly node?: boolean;
  /** Measured in the short form too. */
  readonly always?: boolean;
  readonly time?: Limit;
  readonly memory?: Limit;
  /** Compared with a client in typed arrays, too. */
  readonly slab?: boolean;
  /** Whether not one request may be repeated. */
  readonly clean: boolean;
}

const CASES: readonly Case[] = [
  { id: "establish.1", count: 1, clean: true },
  { id: "establish.100", count: 100, clean: true },
  { id: "establish.1000", count: 1_000, clean: true, always: true },
  {
    id: "establish.10000",
    count: 10_000,
    clean: true,
    always: true,
    time: { of: "ratio", most: 1.2 },
    memory: { of: "excess", most: 15 },
    slab: true,
  },
  {
    id: "establish.60000",
    count: 60_000,
    clean: false,
    always: true,
    time: { of: "ratio", most: 1.5 },
    memory: { of: "value", most: 100 },
    slab: true,
  },
  { id: "establish.node.1000", count: 1_000, node: true, clean: true },
  { id: "establish.node.10000", count: 10_000, node: true, clean: true },
];

async function rows(effort: Effort): Promise<Row[]> {
  const found: Row[] = [];
  await using responder = await Responder.start();
  for (const each of CASES) {
    if (!effort.wants(each.id) || (effort.short && !each.always)) continue;
    // What is over in a moment is measured more often.
    const runs = each.count > 10_000 ? effort.runs : 2 * effort.runs - 1;
    found.push(...await measure(each, runs, responder));
    if (each.slab && !effort.short) found.push(await besideSlab(each, effort.runs, responder));
  }
  return found;
}

async function measure(
  { id, count, node = false, time, memory, clean }: Case,
  runs: number,
  responder: Responder,
): Promise<Row[]> {
  const seen: number[] = [];
  const run = async (client: "minimal" | "library"): Promise<ClientReport> => {
    await responder.tell("reset");
    const report = await runClient(client, { port: responder.port, count, node });
    if (client === "library") seen.push((await responder.tell("report")).retransmissions);
    return report;
  };
  const { minimal, library } = await inTurns(runs, {
    minimal: () => run("minimal"),
    library: () => run("library"),
  });
  const of = (field: "run" | "cpu" | "peak" | "wall") => ({
    value: median(library.map((report) => report[field])),
    floor: median(minimal.map((report) => report[field])),
  });
  const what = `${count.toLocaleString("en")} mapping${count === 1 ? "" : "s"}${
    node ? " over node:dgram" : ""
  }`;
  const [cpu, wall] = [of("cpu"), of("wall")];
  return [
    row({
      id,
      what: `${what} confirmed, new process`,
      unit: "ms",
      ...of("run"),
      ...(time === undefined ? {} : { limit: time }),
      details: {
        cpu: cpu.value,
        floorCpu: cpu.floor,
        wall: wall.value,
        floorWall: wall.floor,
        least: Math.min(...library.map(({ run }) => run)),
        most: Math.max(...library.map(({ run }) => run)),
      },
    }),
    row({
      id: `${id}.memory`,
      what: `${what}: memory at the peak`,
      unit: "MiB",
      ...of("peak"),
      ...(memory === undefined ? {} : { limit: memory }),
    }),
    row({
      id: `${id}.repeated`,
      what: `${what}: requests repeated, all runs`,
      unit: "",
      value: sum(library.map(({ repeated }) => repeated)),
      ...(clean ? { limit: { of: "value", most: 0 } } as const : {}),
      details: {
        seenByResponder: sum(seen),
        floor: sum(minimal.map(({ repeated }) => repeated)),
      },
    }),
  ];
}

/** The same beside what typed arrays can do; no target, for they know nothing of options, events, epochs or deletion. */
async function besideSlab({ id, count }: Case, runs: number, responder: Responder): Promise<Row> {
  const run = async (client: "slab" | "library"): Promise<ClientReport> => {
    await responder.tell("reset");
    return await runClient(client, { port: responder.port, count });
  };
  const { slab, library } = await inTurns(runs, {
    slab: () => run("slab"),
    library: () => run("library"),
  });
  return row({
    id: `${id}.slab`,
    what: `${count.toLocaleString("en")} mappings, beside typed arrays`,
    unit: "ms",
    value: median(library.map((report) => report.run)),
    floor: median(slab.map((report) => report.run)),
    against: "typed arrays",
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
