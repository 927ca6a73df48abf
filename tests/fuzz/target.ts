/** A part of the program to fuzz. */
export interface Target {
  readonly name: string;
  /** The property that holds in every round. */
  readonly invariant: string;
  /** Number of rounds in the unit tests. */
  readonly shortRounds: number;
  /** Number of inputs in a round, for the report. */
  readonly inputsPerRound: number;
  /** Prepares the rounds. */
  start(): Runner | Promise<Runner>;
}

/** A started target. */
export interface Runner {
  /** Runs a round, which depends on its seed and the state of the target. Throws if the invariant does not hold. */
  round(seed: number): void | Promise<void>;
  /** Checks the state after the last round. */
  end?(): void | Promise<void>;
}

/** Limits of a run; it ends at the first one reached. */
export interface Budget {
  readonly rounds: number;
  readonly seconds: number;
}

/** A failed round, with the command to repeat it. */
export class FuzzFailure extends Error {
  override readonly name = "FuzzFailure";

  constructor(target: string, seed: number, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `${reason}\nReplay: deno task fuzz --seed ${seed} --rounds 1 ${target}`,
      { cause },
    );
  }
}

/** Runs the rounds of a target, each with the next seed. Returns their number. */
export async function runTarget(target: Target, seed: number, budget: Budget): Promise<number> {
  const runner = await target.start();
  const end = performance.now() + budget.seconds * 1_000;
  let rounds = 0;
  for (; rounds < budget.rounds && performance.now() < end; rounds++) {
    try {
      await runner.round(seed + rounds);
    } catch (error) {
      throw new FuzzFailure(target.name, seed + rounds, error);
    }
  }
  await runner.end?.();
  return rounds;
}
