import type { Effort, Family } from "./effort.ts";
import type { EngineCost } from "./engine_program.ts";
import { runProgram } from "./programs.ts";
import { type Row, row } from "./row.ts";

/** The engine alone: what a step costs must not follow the number of mappings. */
export const engineRows: Family = { name: "engine", rows };

const COUNTS = [10, 100, 1_000, 10_000, 100_000] as const;
const FLOOR = 100;

async function rows({ runs }: Effort): Promise<Row[]> {
  const { printed } = await runProgram("tests/bench/engine_program.ts", {
    args: [runs, ...COUNTS].map(String),
  });
  const costs = JSON.parse(printed) as EngineCost[];
  const floor = costs.find(({ count }) => count === FLOOR);
  return costs.flatMap((cost) =>
    (["step", "deadline"] as const).map((kind) =>
      row({
        id: `engine.${kind}.${cost.count}`,
        what: `${kind === "step" ? "renew one" : "read the deadline"} of ${
          cost.count.toLocaleString("en")
        } mappings, engine alone`,
        unit: "ns",
        value: cost[kind],
        floor: floor?.[kind] ?? NaN,
        against: `${FLOOR} mappings`,
        ...(cost.count === 100_000 ? { limit: { of: "ratio", most: 3 } } as const : {}),
      })
    )
  );
}
