import type { Target } from "./target.ts";
import { runWorld } from "./world.ts";

/** Client and server agree after every trouble. */
export const world: Target = {
  name: "world",
  invariant:
    "After loss, doubles, delay, restarts, refusals, sleep and changes of mind, a quiet period makes client and server agree, and letting go leaves nothing.",
  shortRounds: 150,
  inputsPerRound: 1,
  start: () => ({ round: (seed) => void runWorld(seed) }),
};
