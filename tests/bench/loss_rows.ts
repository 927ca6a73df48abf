import { type ClientReport, runClient } from "./clients.ts";
import type { Effort, Family } from "./effort.ts";
import { median } from "./median.ts";
import { Responder } from "./responder_process.ts";
import { type Row, row } from "./row.ts";

/** A server that loses every tenth request. All runs side by side: they wait for their repetitions most of the time. */
export const lossRows: Family = { name: "loss", rows };

const COUNT = 1_000;
const PERCENT = 10;

async function rows({ short, runs }: Effort): Promise<Row[]> {
  if (short) return [];
  const seeds = Array.from({ length: runs }, (_, index) => 1 + index);
  const [minimal, library] = await Promise.all(
    (["minimal", "library"] as const).map((client) =>
      Promise.all(seeds.map((seed) => lose(client, seed)))
    ),
  );
  const times = (lost: readonly Lost[] = []): number => median(lost.map(({ run }) => run));
  const needless = (lost: readonly Lost[] = []): number =>
    Math.max(...lost.map(({ repeated, dropped }) => repeated - dropped));
  const what = `${COUNT.toLocaleString("en")} mappings with ${PERCENT} % of the requests lost`;
  return [
    row({
      id: "loss.time",
      what: `${what}: all confirmed (waits of 3, 6, 12 s)`,
      unit: "ms",
      value: times(library),
      floor: times(minimal),
    }),
    row({
      id: "loss.needless",
      what: `${what}: repetitions beyond those`,
      unit: "",
      value: needless(library),
      limit: { of: "value", most: 0 },
      details: { floor: needless(minimal) },
    }),
  ];
}

type Lost = ClientReport & { readonly dropped: number };

async function lose(client: "minimal" | "library", seed: number): Promise<Lost> {
  await using responder = await Responder.start({ drop: PERCENT, seed });
  const report = await runClient(client, { port: responder.port, count: COUNT });
  return { ...report, dropped: (await responder.tell("report")).dropped };
}
