import { runClient } from "./clients.ts";
import { type Effort, type Family, inTurns } from "./effort.ts";
import { median } from "./median.ts";
import { builtPackage } from "./package.ts";
import { runProgram } from "./programs.ts";
import { Responder } from "./responder_process.ts";
import { type Limit, type Row, row } from "./row.ts";

/** Whole processes, from their start to their end. */
export const processRows: Family = { name: "process", rows };

async function rows({ starts }: Effort): Promise<Row[]> {
  await using responder = await Responder.start();
  const one = { port: responder.port, count: 1 };
  const command = (...args: string[]) => async () => {
    return (await runProgram(args[0] ?? "", { args: args.slice(1) })).wall;
  };
  const { commandLine } = await builtPackage();
  const map = ["map", "6000/tcp", "--simulate"];
  // Once before it counts: compiled code is cached.
  const walls = await inTurns(starts, {
    empty: command("tests/bench/empty.ts"),
    minimal: async () => (await runClient("minimal", one)).wall,
    library: async () => (await runClient("library", one)).wall,
    source: async () => (await runClient("source", one)).wall,
    json: command(commandLine, ...map, "--json"),
    jsonSource: command("repl.ts", ...map, "--json"),
    map: command(commandLine, ...map),
    help: command(commandLine, "--help"),
  }, 1);
  const { empty, minimal, library, source, json, jsonSource, map: lines, help } = walls;
  const line = (id: string, what: string, times: readonly number[], limit?: Limit): Row => {
    const isScript = times === library || times === source;
    return row({
      id,
      what,
      unit: "ms",
      value: median(times),
      floor: median(isScript ? minimal : empty),
      against: isScript ? "minimal client" : "empty program",
      ...(limit === undefined ? {} : { limit }),
      details: { least: Math.min(...times), most: Math.max(...times) },
    });
  };
  return [
    line("process.script", "script that opens one mapping, whole process", library, {
      of: "ratio",
      most: 1.5,
    }),
    line("process.script.source", "the same from the sources, not built", source),
    line("process.minimal", "minimal client of one mapping, whole process", minimal),
    line("process.map.json", "map --json --simulate, whole process", json, {
      of: "ratio",
      most: 2.5,
    }),
    line("process.map.json.source", "the same from the sources, not built", jsonSource),
    line("process.map", "map --simulate, whole process", lines),
    line("process.help", "--help, whole process", help),
  ];
}
