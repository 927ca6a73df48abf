/**
 * `deno task flood [--count N] [--seed S] [KIND…]`: datagrams of each kind to a client with mappings. Prints rates, memory
 * and mappings alive, at the end and two hours later; fails if memory grows or a mapping ends. The sender of some kinds knows
 * the nonces, which protect the mappings: there they must be alive again later.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { parseArgs } from "@std/cli/parse-args";
import { flood, MAPPINGS } from "../fuzz/flood.ts";
import { FLOOD_KINDS } from "../fuzz/flood_kinds.ts";
import { canCollect } from "../soak/gauge.ts";

/** Octets that a flood may leave behind: compiled code and what V8 notes about it, whatever the number of datagrams. */
const MOST_GROWTH = 1_000_000;

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const options = parseArgs(args, { string: ["_", "count", "seed"] });
  const count = Number(options.count ?? 1_000_000);
  const seed = Number(options.seed ?? 1);
  const names = options._.map(String);
  const unknown = names.find((name) => !FLOOD_KINDS.some((kind) => kind.name === name));
  if (!(Number.isInteger(count) && count > 0) || !Number.isInteger(seed) || unknown !== undefined) {
    console.error("Usage: deno task flood [--count N] [--seed S] [KIND…]");
    console.error(FLOOD_KINDS.map(({ name }) => `  "${name}"`).join("\n"));
    return 2;
  }
  console.log(`${count} datagrams of each kind to a client with ${MAPPINGS} mappings`);
  console.log("kind                     a second  µs each  heap kB  requests  alive  later");
  let failed = 0;
  for (const kind of FLOOD_KINDS) {
    if (names.length > 0 && !names.includes(kind.name)) continue;
    const { microseconds, growth, sent, alive, aliveLater } = await flood(kind, count, seed);
    const columns = [
      Math.round(1e6 / microseconds).toLocaleString("en").padStart(9),
      microseconds.toFixed(2).padStart(8),
      (growth / 1_000).toFixed(0).padStart(8),
      String(sent).padStart(9),
      String(alive).padStart(6),
      String(aliveLater).padStart(6),
    ];
    const isAlive = (alive === MAPPINGS || kind.knowsNonces) && aliveLater === MAPPINGS;
    const isGood = isAlive && (!canCollect || growth < MOST_GROWTH);
    if (!isGood) failed++;
    console.log(`${kind.name.padEnd(22)} ${columns.join(" ")}${isGood ? "" : "  failed"}`);
  }
  return failed === 0 ? 0 : 1;
}
