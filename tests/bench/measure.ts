import type { Row } from "./results.ts";

/** How thoroughly to measure, and which rows. */
export interface Effort {
  /** Few rows and few runs, for every change of the code. */
  readonly short: boolean;
  /** Runs of each contender. */
  readonly runs: number;
  /** Starts of each whole process. */
  readonly starts: number;
  /** Whether a row of this name, or one whose name begins with it, is picked. */
  wants(id: string): boolean;
}

/** The rows of one file. */
export interface Family {
  readonly name: string;
  rows(effort: Effort): Promise<Row[]>;
}

/**
 * All rows, or those picked by family or by the beginning of their names.
 *
 * @param picks `establish` is every row of the family, `establish.10000` those of 10,000 mappings.
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

/** What each contender of a comparison gave, one value a run. */
export type Runs<Name extends string, T> = Readonly<Record<Name, readonly T[]>>;

/**
 * Runs the contenders in turns, so that a busy moment of the machine slows all of them.
 *
 * @param warmUp Runs of each that do not count.
 */
export async function inTurns<Name extends string, T>(
  runs: number,
  contenders: Readonly<Record<Name, () => Promise<T>>>,
  warmUp = 0,
): Promise<Runs<Name, T>> {
  const names = Object.keys(contenders) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Name,
    T[]
  >;
  for (let run = -warmUp; run < runs; run++) {
    for (const name of names) {
      const result = await contenders[name]();
      if (run >= 0) results[name].push(result);
    }
  }
  return results;
}

/** The middle of the values, the mean of the two middle ones if their number is even; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = NaN, high = NaN] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}
