import { runClient } from "./clients.ts";
import { type Effort, type Family, inTurns } from "./effort.ts";
import { median } from "./median.ts";
import { runProgram } from "./programs.ts";
import { Responder } from "./responder_process.ts";
import { type Row, row } from "./row.ts";

/** What the responder can do, so that nobody takes its limit for that of a client. */
export const responderRows: Family = { name: "responder", rows };

async function rows({ runs }: Effort): Promise<Row[]> {
  await using responder = await Responder.start();
  const cost: number[] = [];
  const { flood, minimal } = await inTurns(runs, {
    flood: async () => {
      await responder.tell("reset");
      const before = await responder.tell("report");
      const { printed } = await runProgram("tests/bench/flood_client.ts", {
        args: [String(responder.port), String(EXCHANGES)],
      });
      const { cpu, requests } = await responder.tell("report");
      cost.push((cpu - before.cpu) / requests * 1_000);
      return (JSON.parse(printed) as { rate: number }).rate;
    },
    minimal: () => runClient("minimal", { port: responder.port, count: 10_000 }),
  }, 1);
  const perMapping = median(minimal.map(({ run }) => run)) / 10_000 * 1_000;
  return [
    row({
      id: "responder.rate",
      what: "round trips a second, client that does nothing else",
      unit: "",
      value: Math.round(median(flood)),
    }),
    row({
      id: "responder.cost",
      what: "processor time of the responder for one answer",
      unit: "µs",
      value: median(cost),
      floor: perMapping,
      against: "a mapping, minimal client",
      limit: { of: "ratio", most: 1 },
    }),
  ];
}

/** How many round trips a run has. */
const EXCHANGES = 50_000;
