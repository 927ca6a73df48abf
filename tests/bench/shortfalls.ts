/**
 * Targets that are not met yet, and by what factor each is exceeded on a quiet machine. The gate holds them to that, so that
 * they come closer or stay; the full bench fails as long as this list is not empty. Who meets a target takes it out.
 */
export const SHORTFALLS: ReadonlyMap<string, number> = new Map([
  ["establish.10000", 1.4],
  ["hold.1000.cpu", 1.1], // met by the full bench; of the few seconds of the short one the compiler takes more
  ["hold.1000.memory", 1.12],
  ["hold.5000.memory", 1.25],
]);
