import type { Effort, Family } from "./effort.ts";
import { median } from "./median.ts";
import { runProgram } from "./programs.ts";
import { Responder } from "./responder_process.ts";
import { type Row, row } from "./row.ts";

/** How soon a program hears of what happened. */
export const alertRows: Family = { name: "alert", rows };

async function rows({ runs }: Effort): Promise<Row[]> {
  await using responder = await Responder.start();
  const medians: number[] = [];
  const late: number[] = [];
  for (let run = 0; run < runs; run++) {
    const { printed } = await runProgram("tests/bench/alert_program.ts", {
      args: [String(responder.port), "2000"],
    });
    const times = JSON.parse(printed) as number[];
    medians.push(median(times));
    late.push(times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? NaN);
  }
  return [row({
    id: "alert.latency",
    what: "from a datagram to the body of a for await",
    unit: "µs",
    value: median(medians),
    limit: { of: "value", most: 100 },
    details: { percentile99: median(late) },
  })];
}
