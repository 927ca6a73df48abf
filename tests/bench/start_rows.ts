import { ROOT } from "../tools/repository.ts";
import { benchNetwork } from "./bench_network.ts";
import { addressed, builtPackage, type ClientReport, MINIMAL } from "./clients.ts";
import { type Effort, type Family, inTurns, median } from "./measure.ts";
import { Responder, runProgram } from "./programs.ts";
import { type Row, row, type RowInit } from "./results.ts";

/** Programs as people start them, from their start to the first mapping. */
export const startRows: Family = { name: "start", rows };

/** A start: its duration, and the peak of memory in MiB where the program says that. */
interface Start {
  readonly ms: number;
  readonly peak: number;
}

async function rows({ starts }: Effort): Promise<Row[]> {
  const { hasRoute } = benchNetwork();
  await using responder = await Responder.start({ port: hasRoute ? STANDARD_PORT : 0 });
  const { client, commandLine, rpcServer } = await builtPackage();
  const { port } = responder;
  const rpc = [Deno.execPath(), "run", "-A", rpcServer, "--stdio"];
  const bare = [Deno.execPath(), "run", "-A", client, ...addressed(port)];
  const contenders: Record<string, () => Promise<Start>> = {
    empty: () => start("tests/bench/empty.ts"),
    minimal: () => start(MINIMAL, [...addressed(port), "1"]),
    script: () => start(client, [...addressed(port), "1"]),
    dgram: () => start(client, [...addressed(port), "1"], ["--no-config"]),
    // Their gateway is that of the default route, and no registry is behind it.
    ...(hasRoute
      ? {
        uncached: async () => {
          const cache = await Deno.makeTempDir({ prefix: "pcp_bench_cache_" });
          try {
            return await start(client, [...addressed(port), "1"], [], { DENO_DIR: cache });
          } finally {
            await Deno.remove(cache, { recursive: true });
          }
        },
        found: () => start(client, ["-", "-", `${port}`, "1"]),
        command: () => start(commandLine, ["map", "6000/tcp", "--json"]),
      }
      : { command: () => start(commandLine, ["map", "6000/tcp", "--json", "--simulate"]) }),
    ...Object.fromEntries(COUNTS.flatMap((count) => [
      [`rpc${count}`, () => python("rpc", port, count, rpc)],
      [`bare${count}`, () => python("bare", port, count, [...bare, `${count}`])],
    ])),
  };
  // Deno caches compiled code: the first start of each does not count.
  const times = await inTurns(starts, contenders, 1);
  const made = (id: string, floor: string, init: Pick<RowInit, "what" | "against" | "target">) =>
    row({
      id: `start.${id}`,
      unit: "ms",
      value: median((times[id] ?? []).map(({ ms }) => ms)),
      floor: median((times[floor] ?? []).map(({ ms }) => ms)),
      ...init,
    });
  const memory = (id: string, what: string, most: number): Row =>
    row({
      id: `start.${id}.memory`,
      what: `${what}: memory at the peak`,
      unit: "MiB",
      value: median((times[id] ?? []).map(({ peak }) => peak)),
      floor: null,
      against: "",
      target: { of: "value", most },
    });
  return [
    made("script", "minimal", {
      what: "script that opens one mapping, whole process",
      target: { of: "ratio", most: 1.5 },
    }),
    made("dgram", "script", {
      what: "the same without --unstable-net",
      against: "with it",
      target: { of: "ratio", most: 1.25 },
    }),
    ...(hasRoute
      ? [
        made("uncached", "script", {
          what: "the same with an empty cache, registry unreachable",
          against: "with a cache",
          target: { of: "excess", most: 500 },
        }),
        made("found", "empty", {
          what: "script that finds its gateway and opens one mapping",
          against: "empty program",
          target: { of: "ratio", most: 2.2 },
        }),
        memory("found", "script that finds its gateway", 42),
      ]
      : []),
    made("command", "empty", {
      what: hasRoute ? "map 6000/tcp --json" : "map 6000/tcp --json --simulate",
      against: "empty program",
      target: { of: "ratio", most: 2.6 },
    }),
    ...COUNTS.map((count) =>
      made(`rpc${count}`, `bare${count}`, {
        what: `JSON-RPC from Python: spawn to ${
          count === 1 ? "the first mapping" : `${count} mappings`
        }`,
        against: "bare script",
        target: { of: "ratio", most: count === 1 ? 2 : 2.5 },
      })
    ),
    memory("rpc1", "JSON-RPC server with one mapping", 48),
  ];
}

/** A Deno program from start to end. */
async function start(
  path: string,
  args: readonly string[] = [],
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Start> {
  const { wall, output } = await runProgram(path, args, flags, env);
  const { peak = NaN } = output.includes('"peak"') ? JSON.parse(output) as ClientReport : {};
  return { ms: wall, peak };
}

/** Python's time from the start of a program until its mappings are there. */
async function python(
  mode: "rpc" | "bare",
  port: number,
  count: number,
  command: readonly string[],
): Promise<Start> {
  const { client, server } = benchNetwork();
  const args = ["tests/bench/rpc_program.py", mode, client, server, `${port}`, `${count}`];
  const { success, stdout, stderr } = await new Deno.Command("python3", {
    args: [...args, ...command],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`Cannot measure from Python: ${text.decode(stderr)}`);
  return JSON.parse(text.decode(stdout));
}

const COUNTS = [1, 100] as const;

/** RFC 6887 section 19.1. */
const STANDARD_PORT = 5351;
