import { RpcProcess } from "../e2e/rpc_process.ts";
import { type Effort, type Family, inTurns } from "./effort.ts";
import { median } from "./median.ts";
import { builtPackage } from "./package.ts";
import { type Row, row } from "./row.ts";

/** The JSON-RPC server, beside two programs that answer every request with null. */
export const rpcRows: Family = { name: "rpc", rows };

async function rows(effort: Effort): Promise<Row[]> {
  const found: Row[] = [];
  if (effort.wants("rpc.start") || effort.wants("rpc.memory")) found.push(...await starts(effort));
  if (effort.wants("rpc.roundtrip")) found.push(await roundTrips(effort));
  if (effort.wants("rpc.rate")) found.push(await rate(effort));
  return found;
}

interface Start {
  /** Milliseconds from the start of the process to its first answer, and to one that needs the whole server. */
  readonly first: number;
  readonly second: number;
  /** Memory at its peak at the first answer, and at the second, in MiB. */
  readonly firstPeak: number;
  readonly secondPeak: number;
}

async function starts({ starts }: Effort): Promise<Row[]> {
  const { rpcServer } = await builtPackage();
  const { server, node, bare } = await inTurns(starts, {
    server: () => start(rpcServer),
    node: () => start("tests/bench/rpc_node_reference.ts"),
    bare: () => start("tests/bench/rpc_bare_reference.ts"),
  }, 1);
  const of = (field: keyof Start, all: readonly Start[]): number =>
    median(all.map((each) => each[field]));
  const second = { memory: of("secondPeak", server), time: of("second", server) };
  return [
    row({
      id: "rpc.start",
      what: "RPC server: start to the answer of initialize",
      unit: "ms",
      value: of("first", server),
      floor: of("first", bare),
      against: "no imports",
      limit: { of: "ratio", most: 2 },
      details: { toTheSecondAnswer: second.time },
    }),
    row({
      id: "rpc.start.node",
      what: "RPC server beside one made of vscode-jsonrpc/node",
      unit: "ms",
      value: of("first", server),
      floor: of("first", node),
      against: "vscode-jsonrpc/node",
      limit: { of: "ratio", most: 1.3 },
    }),
    row({
      id: "rpc.memory",
      what: "RPC server: memory at the answer of initialize",
      unit: "MiB",
      value: of("firstPeak", server),
      floor: of("firstPeak", bare),
      against: "no imports",
      limit: { of: "value", most: 45 },
    }),
    row({
      id: "rpc.memory.whole",
      what: "RPC server: memory when all of it is loaded",
      unit: "MiB",
      value: second.memory,
    }),
  ];
}

async function start(entry: string): Promise<Start> {
  const begin = performance.now();
  await using server = new RpcProcess({ entry });
  await server.exchange("initialize", { processId: null });
  const first = performance.now() - begin;
  const firstPeak = await peakOf(server.pid);
  await server.exchange("mapping/list", {});
  return {
    first,
    second: performance.now() - begin,
    firstPeak,
    secondPeak: await peakOf(server.pid),
  };
}

/** VmHWM in MiB; what the system does not tell is not a number. */
async function peakOf(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1]) / 1_024;
}

async function roundTrips({ runs }: Effort): Promise<Row> {
  await using server = await RpcProcess.initialized({ entry: (await builtPackage()).rpcServer });
  await using bare = new RpcProcess({ entry: "tests/bench/rpc_bare_reference.ts" });
  await server.openMapping();
  const exchanges = (process: RpcProcess) => async () => {
    const times: number[] = [];
    for (let count = 0; count < 500; count++) {
      const begin = performance.now();
      await process.exchange("mapping/get", { mappingId: 1 });
      times.push((performance.now() - begin) * 1_000);
    }
    return median(times);
  };
  const times = await inTurns(runs, { server: exchanges(server), bare: exchanges(bare) }, 1);
  return row({
    id: "rpc.roundtrip",
    what: "RPC server: round trip of mapping/get",
    unit: "µs",
    value: median(times.server),
    floor: median(times.bare),
    against: "no imports",
  });
}

async function rate({ runs }: Effort): Promise<Row> {
  await using server = await RpcProcess.initialized({ entry: (await builtPackage()).rpcServer });
  await using bare = new RpcProcess({ entry: "tests/bench/rpc_bare_reference.ts" });
  await server.openMapping();
  const times = await inTurns(runs, { server: pipelined(server), bare: pipelined(bare) }, 1);
  return row({
    id: "rpc.rate",
    what: "RPC server: requests a second, all at once",
    unit: "",
    value: Math.round(median(times.server)),
    floor: Math.round(median(times.bare)),
    against: "no imports",
  });
}

function pipelined(process: RpcProcess): () => Promise<number> {
  const total = 5_000;
  return async () => {
    const begin = performance.now();
    const sending = (async () => {
      for (let count = 0; count < total; count++) {
        await process.request("mapping/get", { mappingId: 1 });
      }
    })();
    for (let answered = 0; answered < total; answered++) await process.receive();
    await sending;
    return total / (performance.now() - begin) * 1_000;
  };
}
