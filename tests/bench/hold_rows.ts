import { type ClientReport, runClient } from "./clients.ts";
import type { Effort, Family } from "./effort.ts";
import { median } from "./median.ts";
import { Responder } from "./responder_process.ts";
import { type Row, row } from "./row.ts";

/**
 * Mappings of a short lifetime, held for a while. All clients hold at the same time, each with a responder of its own: a
 * few percent of a core, clients kept to one core and responders to the other where the system can do that. What is
 * compared is processor time.
 */
export const holdRows: Family = { name: "hold", rows };

interface Case {
  readonly count: number;
  /** In seconds. */
  readonly lifetime: number;
  readonly hold: number;
}

/**
 * A lifetime and a time such that a client that renews as late as RFC 6887 section 11.2.1 lets it, at 5/8 of the lifetime,
 * sends as many renewals as one that does so at 1/2: three a mapping, in the short form two.
 */
const CASES: readonly Case[] = [
  { count: 1_000, lifetime: 30, hold: 60 },
  { count: 5_000, lifetime: 30, hold: 60 },
];
const SHORT: readonly Case[] = [{ count: 1_000, lifetime: 12, hold: 17 }];

async function rows(effort: Effort): Promise<Row[]> {
  const found: Row[] = [];
  for (const each of effort.short ? SHORT : CASES) {
    if (effort.wants(`hold.${each.count}`)) found.push(...await measure(each, effort.runs));
  }
  return found;
}

async function measure({ count, lifetime, hold }: Case, runs: number): Promise<Row[]> {
  const pending: { client: "minimal" | "library"; held: Promise<Held> }[] = [];
  for (let run = 0; run < runs; run++) {
    for (const client of ["minimal", "library"] as const) {
      pending.push({ client, held: holdOnce(client, { count, lifetime, hold }) });
      // Not all in the same moment of a second.
      await new Promise((done) => setTimeout(done, 1_000 + 700 / runs));
    }
  }
  const results: Record<"minimal" | "library", Held[]> = { minimal: [], library: [] };
  for (const { client, held } of pending) results[client].push(await held);
  const of = (read: (held: Held) => number) => ({
    value: median(results.library.map(read)),
    floor: median(results.minimal.map(read)),
  });
  const least = count * Math.floor(hold / (lifetime * 5 / 8));
  const what = `${count.toLocaleString("en")} mappings of ${lifetime} s held for ${hold} s`;
  return [
    row({
      id: `hold.${count}.cpu`,
      what: `${what}: processor time`,
      unit: "ms",
      ...of(({ heldCpu = NaN }) => heldCpu),
      limit: { of: "ratio", most: 1.5 },
    }),
    row({
      id: `hold.${count}.memory`,
      what: `${what}: memory at the peak`,
      unit: "MiB",
      ...of(({ heldPeak = NaN }) => heldPeak),
      limit: { of: "value", most: 55 },
      details: { atTheEnd: median(results.library.map(({ heldRss = NaN }) => heldRss)) },
    }),
    row({
      id: `hold.${count}.datagrams`,
      what: `${what}: requests`,
      unit: "",
      value: median(results.library.map(({ heldSent = NaN }) => heldSent)),
      floor: least,
      against: "least allowed",
      limit: { of: "ratio", most: 1.1 },
    }),
    row({
      id: `hold.${count}.repeated`,
      what: `${what}: requests repeated`,
      unit: "",
      value: Math.max(...results.library.map(({ repeated, seen }) => Math.max(repeated, seen))),
      limit: { of: "value", most: 0 },
      details: { floor: Math.max(...results.minimal.map(({ repeated }) => repeated)) },
    }),
  ];
}

type Held = ClientReport & { readonly seen: number };

async function holdOnce(client: "minimal" | "library", order: Case): Promise<Held> {
  await using responder = await Responder.start({ core: 0 });
  const report = await runClient(client, { ...order, port: responder.port, core: 1 });
  const { retransmissions } = await responder.tell("report");
  return { ...report, seen: retransmissions };
}
