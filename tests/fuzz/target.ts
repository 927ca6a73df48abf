/** Something that is fuzzed. */
export interface Target {
  readonly name: string;
  /** What holds in every round. */
  readonly invariant: string;
  /** Rounds of the short form in the unit suite. */
  readonly shortRounds: number;
  /** How many inputs a round has, for the figures. */
  readonly inputsPerRound: number;
  /** Makes what the rounds have in common. */
  start(): Runner | Promise<Runner>;
}

/** A target under way. */
export interface Runner {
  /** One round, decided by its seed alone as far as the target has no memory. Throws if the invariant does not hold. */
  round(seed: number): void | Promise<void>;
  /** What can be judged only after the last round. */
  end?(): void | Promise<void>;
}

/** How far to go: rounds, or seconds, whichever comes first. */
export interface Budget {
  readonly rounds: number;
  readonly seconds: number;
}

/** A round that failed, and how to see it again. */
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

/** Runs a target: round after round, each with the next seed. Returns how many there were. */
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
