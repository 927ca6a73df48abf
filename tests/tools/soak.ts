/**
 * `deno task soak --minutes N [--mappings M] [--seed S] [--plot FILE]`: hundreds of mappings over real loopback sockets,
 * with a gateway that loses packets, restarts and is killed. Prints a line a minute, writes a plot at the end, and fails
 * if memory, timers, sockets or mappings accumulate.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { parseArgs } from "@std/cli/parse-args";
import { canCollect } from "../soak/gauge.ts";
import { plot } from "../soak/plot.ts";
import { soak } from "../soak/soak.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const options = parseArgs(args, { string: ["minutes", "mappings", "seed", "plot"] });
  const minutes = Number(options.minutes ?? 20);
  const mappings = Number(options.mappings ?? 500);
  const seed = Number(options.seed ?? Date.now() % 1_000_000);
  if (!(minutes > 0) || !Number.isInteger(mappings) || mappings < 1 || !Number.isInteger(seed)) {
    console.error("Usage: deno task soak --minutes N [--mappings M] [--seed S] [--plot FILE]");
    return 2;
  }
  if (!canCollect) console.error("Memory is not compared: run with --v8-flags=--expose-gc");
  console.log(`${mappings} mappings for ${minutes} min, seed ${seed}`);
  const { samples, faults, drift } = await soak({
    minutes,
    mappings,
    seed,
    sampleEvery: Math.min(10, minutes * 3),
    print: (line) => console.log(line),
  });
  const path = options.plot ?? `${await Deno.makeTempDir()}/soak.svg`;
  await Deno.writeTextFile(path, plot(samples, `${mappings} mappings, seed ${seed}`));
  console.log(`The heap changed by ${(drift * 100).toFixed(2)} %, plot in ${path}`);
  for (const fault of faults) console.error(fault);
  console.log(faults.length === 0 ? "Passed" : "Failed");
  return faults.length === 0 ? 0 : 1;
}
