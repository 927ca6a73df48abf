// Tests and the simulator share the generator with the network in memory, which is on a floor below.
export { seededRandom, seededWords } from "../seeded_random.ts";
