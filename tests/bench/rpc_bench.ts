/**
 * `deno task bench:rpc`: from spawning the server to its answer of `initialize`, beside two programs that do nothing else,
 * measured in turns; then the round trip of `mapping/get`. Fails when the start takes more than 1.3 times that of a program
 * that imports `vscode-jsonrpc/node` and answers one request, or more than twice that of one that imports nothing.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { RpcProcess } from "../e2e/rpc_process.ts";

const PROGRAMS = {
  server: "rpc/main.ts",
  reference: "tests/bench/rpc_node_reference.ts",
  bare: "tests/bench/rpc_bare_reference.ts",
} as const;

/** One start: milliseconds to the first answer, and to a second one that needs the whole server. */
async function start(entry: string): Promise<[first: number, second: number]> {
  const begin = performance.now();
  await using server = new RpcProcess({ entry });
  await server.exchange("initialize", { processId: null });
  const first = performance.now() - begin;
  await server.exchange("mapping/list", {});
  const second = performance.now() - begin;
  return [first, second];
}

async function coldStarts(rounds: number): Promise<boolean> {
  const times = { server: [], reference: [], bare: [] } as Record<
    keyof typeof PROGRAMS,
    number[][]
  >;
  for (const entry of Object.values(PROGRAMS)) await start(entry); // fills the caches
  for (let round = 0; round < rounds; round++) {
    for (const [name, entry] of Object.entries(PROGRAMS)) {
      times[name as keyof typeof PROGRAMS].push(await start(entry));
    }
  }
  const first = (name: keyof typeof PROGRAMS): number => median(times[name].map(([ms = 0]) => ms));
  const second = median(times.server.map(([, ms = 0]) => ms));
  console.log(`Spawn to the answer of initialize, medians of ${rounds} starts in turns:`);
  console.log(`  the server                    ${first("server").toFixed(1)} ms`);
  console.log(`  a program of vscode-jsonrpc   ${first("reference").toFixed(1)} ms`);
  console.log(`  a program without imports     ${first("bare").toFixed(1)} ms`);
  console.log(`  to a second answer, which needs the whole server: ${second.toFixed(1)} ms`);
  const ratios = [first("server") / first("reference"), first("server") / first("bare")] as const;
  console.log(
    `  ratios: ${ratios[0].toFixed(2)} (1.3 at most), ${ratios[1].toFixed(2)} (2 at most)`,
  );
  return ratios[0] <= 1.3 && ratios[1] <= 2;
}

async function roundTrips(): Promise<void> {
  await using server = await RpcProcess.initialized();
  await server.openMapping();
  for (let count = 0; count < 500; count++) await server.call("mapping/get", { mappingId: 1 });
  const times: number[] = [];
  for (let count = 0; count < 2_000; count++) {
    const begin = performance.now();
    await server.call("mapping/get", { mappingId: 1 });
    times.push((performance.now() - begin) * 1_000);
  }
  console.log(`Round trip of mapping/get: ${median(times).toFixed(0)} us`);

  const begin = performance.now();
  const total = 10_000;
  const sending = (async () => {
    for (let count = 0; count < total; count++) {
      await server.request("mapping/get", { mappingId: 1 });
    }
  })();
  for (let answered = 0; answered < total; answered++) await server.receive();
  await sending;
  const rate = total / (performance.now() - begin);
  console.log(`Pipelined: ${(rate * 1_000).toFixed(0)} requests a second`);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

const fast = await coldStarts(Number(Deno.args[0] ?? 20));
await roundTrips();
Deno.exit(fast ? 0 : 1);
