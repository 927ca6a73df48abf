/**
 * `deno task fuzz [--seconds N | --rounds N] [--seed S] [TARGET…]`: runs the targets of tests/fuzz, one after the other,
 * each for 10 s by default. Prints the command that repeats a failed round; `--trace` prints the events of a world.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { parseArgs } from "@std/cli/parse-args";
import { runTarget, type Target } from "../fuzz/target.ts";
import { TARGETS } from "../fuzz/targets.ts";
import { runWorld } from "../fuzz/run_world.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const options = parseArgs(args, {
    string: ["_", "seconds", "rounds", "seed"],
    boolean: ["trace"],
  });
  const names = options._.map(String);
  const unknown = names.find((name) => !TARGETS.some((target) => target.name === name));
  const seed = Number(options.seed ?? Date.now() % 1_000_000_000);
  const rounds = Number(options.rounds ?? Infinity);
  const seconds = Number(options.seconds ?? (options.rounds === undefined ? 10 : Infinity));
  if (unknown !== undefined || !Number.isInteger(seed) || !(rounds > 0) || !(seconds > 0)) {
    console.error("Usage: deno task fuzz [--seconds N | --rounds N] [--seed S] [TARGET…]");
    console.error(
      TARGETS.map(({ name, invariant }) => `  ${name.padEnd(10)} ${invariant}`).join("\n"),
    );
    return 2;
  }
  if (options.trace === true) {
    runWorld(seed, (line) => console.log(line));
    return 0;
  }
  console.log(`Seed ${seed}`);
  let failed = 0;
  for (const target of TARGETS) {
    if (names.length > 0 && !names.includes(target.name)) continue;
    if (!await run(target, seed, { rounds, seconds })) failed++;
  }
  return failed === 0 ? 0 : 1;
}

async function run(
  target: Target,
  seed: number,
  budget: { readonly rounds: number; readonly seconds: number },
): Promise<boolean> {
  const start = performance.now();
  try {
    const rounds = await runTarget(target, seed, budget);
    const minutes = (performance.now() - start) / 60_000;
    const inputs = rounds * target.inputsPerRound;
    const rate = Math.round(inputs / minutes);
    console.log(
      `${target.name.padEnd(10)} ${rounds} rounds, ${inputs} inputs, ${rate} a minute: passed`,
    );
    return true;
  } catch (error) {
    console.error(`${target.name.padEnd(10)} ${error instanceof Error ? error.message : error}`);
    return false;
  }
}
