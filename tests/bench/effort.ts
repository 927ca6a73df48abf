import type { Row } from "./row.ts";

/** How thoroughly to measure, and what. */
export interface Effort {
  /** Few rows and few runs, for every change of the code. */
  readonly short: boolean;
  /** Runs of each contender; whole processes are started `starts` times. */
  readonly runs: number;
  readonly starts: number;
  /** Whether a row of this name, or beginning with it, is wanted. */
  wants(id: string): boolean;
}

/** A file of rows. */
export interface Family {
  readonly name: string;
  rows(effort: Effort): Promise<Row[]>;
}

/**
 * Everything, or the rows that are picked by family or by the beginning of their names.
 *
 * @param picks `establish` is every row of the family, `establish.10000` those of that number of mappings.
 */
export function effortOf(short: boolean, picks: readonly string[] = []): Effort {
  return {
    short,
    runs: short ? 3 : 5,
    starts: short ? 5 : 20,
    wants: (id) =>
      picks.length === 0 ||
      picks.some((pick) => pick === id || id.startsWith(`${pick}.`) || pick.startsWith(`${id}.`)),
  };
}

/**
 * Runs each contender in turns, so that a busy machine slows all of them, and returns what each run gave.
 *
 * @param warmUp Runs of each that do not count.
 */
export async function inTurns<T extends Readonly<Record<string, () => Promise<unknown>>>>(
  runs: number,
  contenders: T,
  warmUp = 0,
): Promise<Turns<T>> {
  const names: (keyof T)[] = Object.keys(contenders);
  const results = Object.fromEntries(names.map((name) => [name, [] as unknown[]]));
  for (let run = -warmUp; run < runs; run++) {
    for (const name of names) {
      const result = await contenders[name]?.();
      if (run >= 0) results[name as string]?.push(result);
    }
  }
  return results as Turns<T>;
}

/** What each run of each contender gave. */
export type Turns<T extends Readonly<Record<string, () => Promise<unknown>>>> = {
  readonly [K in keyof T]: Awaited<ReturnType<T[K]>>[];
};
