/**
 * How long N mappings take, the library beside the minimal client, in turns: `deno run -A tests/bench/establish_bench.ts
 * [N...] [--runs K] [--node]`. One responder for all of them.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { parseArgs } from "@std/cli/parse-args";
import { type ClientReport, runClient } from "./clients.ts";
import { median } from "./median.ts";
import { Responder } from "./responder_process.ts";

async function main(): Promise<number> {
  const told = parseArgs(Deno.args, { string: ["runs"], boolean: ["node"] });
  const counts = told._.length > 0 ? told._.map(Number) : [1_000, 10_000];
  await using responder = await Responder.start();
  for (const count of counts) {
    await compare(responder, count, Number(told.runs ?? 5), told.node);
  }
  return 0;
}

async function compare(
  responder: Responder,
  count: number,
  runs: number,
  node: boolean,
): Promise<void> {
  const reports: Record<"minimal" | "library", ClientReport[]> = { minimal: [], library: [] };
  let repeatedAtServer = 0;
  for (let run = 0; run < runs; run++) {
    for (const client of ["minimal", "library"] as const) {
      await responder.tell("reset");
      reports[client].push(await runClient(client, { port: responder.port, count, node }));
      repeatedAtServer += (await responder.tell("report")).retransmissions;
    }
  }
  const line = (what: string, of: (report: ClientReport) => number): void => {
    const [library, minimal] = [median(reports.library.map(of)), median(reports.minimal.map(of))];
    const ratio = (library / minimal).toFixed(2);
    console.log(
      `${what.padEnd(28)} ${library.toFixed(1).padStart(9)} ${minimal.toFixed(1).padStart(9)} ${
        ratio.padStart(6)
      }`,
    );
  };
  console.log(`\n${count} mappings, medians of ${runs}       library   minimal  ratio`);
  line("ms until all are confirmed", ({ run }) => run);
  line("ms of the whole process", ({ wall }) => wall);
  line("ms of CPU", ({ cpu }) => cpu);
  line("MB at the peak", ({ peak }) => peak);
  line("requests repeated", ({ repeated }) => repeated);
  console.log(`requests repeated, as the responder saw them: ${repeatedAtServer}`);
}

if (import.meta.main) Deno.exit(await main());
