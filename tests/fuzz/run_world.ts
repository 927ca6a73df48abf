import { Forgeries } from "./forgeries.ts";
import { RandomFaults } from "./random_faults.ts";
import { UserActions } from "./user_actions.ts";
import { World } from "./world.ts";
import { planWorld } from "./world_plan.ts";

/** Figures of a world that has kept the rules. */
export interface WorldResult {
  /** Milliseconds of virtual time. */
  readonly simulated: number;
  readonly steps: number;
  readonly sends: number;
  /** Mappings that a late copy of an earlier request created after their deletion; no client can prevent it. */
  readonly lateCreations: number;
}

/** A world in which a rule was broken. */
export class WorldError extends Error {
  override readonly name = "WorldError";

  constructor(seed: number, at: number, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`World ${seed} at ${at} ms: ${reason}`, { cause });
  }
}

/**
 * Runs an engine against the strict simulated server in a world derived from the seed: a network that loses, duplicates,
 * delays and reorders, a server that restarts, changes mappings and refuses, a host that sleeps, and a user that changes
 * requests. After a quiet period client and server must agree; after the release of all mappings nothing may be left.
 *
 * @throws {WorldError} If a rule is broken.
 */
export function runWorld(seed: number, trace?: (line: string) => void): WorldResult {
  const world = new World(planWorld(seed), trace);
  try {
    run(world);
  } catch (error) {
    throw new WorldError(seed, world.now, error);
  }
  const { now: simulated, steps, sends, lateCreations } = world;
  return { simulated, steps, sends, lateCreations };
}

function run(world: World): void {
  const { plan } = world;
  world.log(JSON.stringify(plan));
  const actions = new UserActions(world);
  const faults = new RandomFaults(world);
  world.forgeries = new Forgeries(world);
  for (let i = 0; i < plan.actions; i++) {
    world.queue.push(world.random() * plan.trouble * 0.9, () => actions.one());
  }
  for (let i = 0; i < plan.faults; i++) {
    world.queue.push(world.random() * plan.trouble * 0.9, () => faults.one());
  }
  world.runUntil(plan.trouble);
  faults.end();
  world.calm = true;
  world.log("calm");
  const settled = world.now + world.settlingTime;
  world.runUntil(settled);
  for (let check = 1; check <= 5; check++) {
    world.runUntil(settled + check * 130 * plan.maxLifetime);
    world.checkAgreement();
  }
  world.log("the end");
  actions.releaseAll();
  world.runUntil(world.now + world.settlingTime);
  world.checkNothingLeft();
}
