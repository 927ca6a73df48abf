import type { Target } from "./target.ts";
import { runWorld } from "./run_world.ts";

/** Engine and simulated server in random worlds; see {@linkcode runWorld}. */
export const world: Target = {
  name: "world",
  invariant:
    "After loss, duplicates, delay, restarts, refusals, sleep and changed requests, client and server agree at the end of a quiet period, and releasing everything leaves nothing.",
  shortRounds: 150,
  inputsPerRound: 1,
  start: () => ({ round: (seed) => void runWorld(seed) }),
};
