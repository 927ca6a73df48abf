/**
 * `deno task bench:compare FOLDER [--runs N]`: the package of this checkout beside one that `deno task build` made of another
 * checkout in FOLDER, and beside the minimal client. Prints a table of medians.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { parseArgs } from "@std/cli/parse-args";
import {
  builtPackage,
  type ClientReport,
  establish,
  hold,
  MINIMAL,
  programsOf,
  removePackage,
} from "./clients.ts";
import { median, type Runs } from "./measure.ts";
import { figure, markdown } from "./table.ts";

const COUNTS = [1, 10, 100, 1_000, 10_000, 60_000];
const HELD = [100, 1_000];

type Contender = "minimal" | "other" | "this";

const UNITS: Readonly<Record<keyof ClientReport, string>> = {
  run: "ms",
  peak: "MiB",
  cpu: "ms CPU",
};

/** One line a figure: minimal client, other package, this one, and the ratio of this one to the other. */
function lines(
  what: string,
  reports: Runs<Contender, ClientReport>,
  fields: readonly (keyof ClientReport)[],
): string[][] {
  return fields.map((field) => {
    const of = (name: Contender) => median(reports[name].map((report) => report[field]));
    const values = (["minimal", "other", "this"] as const).map((name) => figure(of(name), ""));
    return [what, UNITS[field], ...values, (of("this") / of("other")).toFixed(2)];
  });
}

async function compare(folder: string, runs: number): Promise<string> {
  const clients = {
    minimal: MINIMAL,
    other: (await programsOf(folder)).client,
    this: (await builtPackage()).client,
  };
  const found: string[][] = [];
  for (const count of COUNTS) {
    console.error(`measuring ${count} confirmed ...`);
    const reports = await establish(clients, count, runs);
    found.push(
      ...lines(`${count.toLocaleString("en")} confirmed`, reports, ["run", "peak", "cpu"]),
    );
  }
  for (const count of HELD) {
    console.error(`measuring ${count} held ...`);
    const reports = await hold(clients, { count, lifetime: 30, hold: 60 }, runs);
    found.push(...lines(`${count.toLocaleString("en")} held for 60 s`, reports, ["peak", "cpu"]));
  }
  return markdown(["mappings", "unit", "minimal client", "other", "this", "ratio"], found);
}

if (import.meta.main) {
  const { runs, _: [folder] } = parseArgs(Deno.args, { string: ["runs"], default: { runs: "5" } });
  if (folder === undefined || !(Number(runs) >= 1)) {
    console.error("deno task bench:compare FOLDER [--runs N]: FOLDER is what deno task build made");
    Deno.exit(2);
  }
  try {
    console.log(await compare(`${folder}`, Number(runs)));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exitCode = 1;
  } finally {
    await removePackage();
  }
}
