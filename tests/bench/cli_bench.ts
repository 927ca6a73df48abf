/**
 * `deno task bench:cli`: how long a whole command takes, the simulated gateway included, beside an empty program. Both run
 * in turns, so that a busy machine slows both. Fails if the command takes more than 2.5 times as long.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { ROOT } from "../tools/repository.ts";

interface Contender {
  readonly name: string;
  readonly args: readonly string[];
  readonly times: number[];
}

const RUNS = 10;
const LIMIT = 2.5;

async function main(): Promise<number> {
  const empty = contender("deno run, empty program", ["tests/bench/empty.ts"]);
  const map = contender("map --json --simulate", [
    "repl.ts",
    "map",
    "6000/tcp",
    "--json",
    "--simulate",
  ]);
  const contenders = [
    empty,
    map,
    contender("map --simulate", ["repl.ts", "map", "6000/tcp", "--simulate"]),
    contender("--help", ["repl.ts", "--help"]),
  ];
  // Once before it counts: compiled code is cached.
  for (const each of contenders) await run(each);
  for (let round = 0; round < RUNS; round++) {
    for (const each of contenders) each.times.push(await run(each));
  }
  const floor = median(empty.times);
  for (const { name, times } of contenders) {
    const middle = median(times);
    console.log(
      `${name.padEnd(26)} ${middle.toFixed(1).padStart(7)} ms  ${(middle / floor).toFixed(2)} x  (${
        Math.min(...times).toFixed(1)
      } to ${Math.max(...times).toFixed(1)}, median of ${RUNS})`,
    );
  }
  const ratio = median(map.times) / floor;
  console.log(
    `${map.name} takes ${ratio.toFixed(2)} times an empty program; the limit is ${LIMIT}`,
  );
  return ratio <= LIMIT ? 0 : 1;
}

function contender(name: string, args: readonly string[]): Contender {
  return { name, args, times: [] };
}

/** Milliseconds from the start of the process to its end. */
async function run({ name, args }: Contender): Promise<number> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", ...args],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
  const begin = performance.now();
  const { success, stderr } = await command.output();
  const time = performance.now() - begin;
  if (!success) throw new Error(`Cannot time "${name}": ${new TextDecoder().decode(stderr)}`);
  return time;
}

function median(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}

if (import.meta.main) Deno.exit(await main());
