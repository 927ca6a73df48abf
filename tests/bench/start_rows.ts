import { RpcProcess } from "../e2e/rpc_process.ts";
import { builtPackage, MINIMAL } from "./clients.ts";
import { type Effort, type Family, inTurns, median } from "./measure.ts";
import { Responder, runProgram } from "./programs.ts";
import { type Row, row, type RowInit } from "./results.ts";

/** Whole processes: a script and a command from start to end, the JSON-RPC server from start to its first answer. */
export const startRows: Family = { name: "start", rows };

async function rows({ starts }: Effort): Promise<Row[]> {
  await using responder = await Responder.start();
  const { client, commandLine, rpcServer } = await builtPackage();
  const program = (path: string, ...args: string[]) => async () => {
    return (await runProgram(path, args)).wall;
  };
  const oneMapping = [`${responder.port}`, "1", "120"];
  // Deno caches compiled code: the first start of each does not count.
  const times = await inTurns(starts, {
    minimal: program(MINIMAL, ...oneMapping),
    script: program(client, ...oneMapping),
    empty: program("tests/bench/empty.ts"),
    map: program(commandLine, "map", "6000/tcp", "--simulate", "--json"),
    noImports: () => firstAnswer("tests/bench/rpc_bare_reference.ts"),
    rpc: () => firstAnswer(rpcServer),
  }, 1);
  const start = (
    name: "script" | "map" | "rpc",
    floor: "minimal" | "empty" | "noImports",
    init: Pick<RowInit, "what" | "against">,
    most: number,
  ): Row =>
    row({
      id: `start.${name}`,
      unit: "ms",
      value: median(times[name]),
      floor: median(times[floor]),
      target: { of: "ratio", most },
      ...init,
    });
  return [
    start("script", "minimal", { what: "script that opens one mapping, whole process" }, 1.5),
    start("map", "empty", {
      what: "map --json --simulate, whole process",
      against: "empty program",
    }, 2.5),
    start("rpc", "noImports", {
      what: "RPC server: start to the answer of initialize",
      against: "no imports",
    }, 2),
  ];
}

async function firstAnswer(entry: string): Promise<number> {
  const begin = performance.now();
  await using server = new RpcProcess({ entry });
  await server.exchange("initialize", { processId: null });
  return performance.now() - begin;
}
