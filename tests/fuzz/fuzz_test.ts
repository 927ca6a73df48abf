import { TARGETS } from "./targets.ts";
import { runTarget } from "./target.ts";

const SEED = 20_130_401;

for (const target of TARGETS) {
  Deno.test(`fuzz ${target.name}: ${target.invariant}`, async () => {
    // A number of rounds, so that a slow machine tests no less.
    await runTarget(target, SEED, { rounds: target.shortRounds, seconds: Infinity });
  });
}
