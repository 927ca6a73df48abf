/** A whole bench. Plain JSON. */
export interface Results {
  /** When, in ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  /** Version of Deno. */
  readonly deno: string;
  /** The number of runs of each contender, and of starts of whole processes, whose medians the rows hold. */
  readonly runs: number;
  readonly starts: number;
  /** How long the bench took, in seconds. */
  readonly seconds: number;
  readonly rows: readonly Row[];
}

/** The machine, without a name. */
export interface Machine {
  readonly os: string;
  readonly cpu: string;
  readonly cores: number;
}

/** One line of the bench: a figure, its floor, and its target. Plain JSON. */
export interface Row {
  /** The part before the first dot is the name of the family. */
  readonly id: string;
  /** For the table. */
  readonly what: string;
  readonly unit: string;
  /** The median of the runs. */
  readonly value: number;
  /** The same of a program that does no more than the task needs, measured beside it; null if there is none. */
  readonly floor: number | null;
  /** The name of that program. */
  readonly against: string;
  /** value / floor; null without a floor. */
  readonly ratio: number | null;
  readonly target: Target | null;
  /** Whether the target is kept; null without one. */
  readonly met: boolean | null;
}

/** What a row must not exceed. */
export interface Target {
  /** The ratio to the floor, the excess over it, or the value itself. */
  readonly of: "ratio" | "excess" | "value";
  readonly most: number;
}

/** What {@linkcode row} completes. */
export interface RowInit {
  readonly id: string;
  readonly what: string;
  readonly unit: string;
  readonly value: number;
  readonly floor: number | null;
  readonly against?: string;
  readonly target?: Target | undefined;
}

/** Completes a row and judges it. */
export function row(
  { id, what, unit, value, floor, against = "minimal client", target }: RowInit,
): Row {
  const bare = {
    id,
    what,
    unit,
    value,
    floor,
    against,
    ratio: floor === null ? null : value / floor,
    target: target ?? null,
  };
  return { ...bare, met: target === undefined ? null : judged(bare) <= target.most };
}

/** The figure that the target is about; NaN without a target. */
export function judged({ value, floor, ratio, target }: Omit<Row, "met">): number {
  if (target === null) return NaN;
  if (target.of === "value") return value;
  return (target.of === "ratio" ? ratio : floor === null ? null : value - floor) ?? NaN;
}

/**
 * Whether a row fails the bench. A figure that is missing does.
 *
 * @param slack The factor by which a target may be exceeded, because other programs run beside the bench.
 */
export function isMissed(row: Row, slack = 1): boolean {
  return row.target !== null && !(judged(row) <= row.target.most * slack);
}

/** The machine that this program runs on. */
export async function thisMachine(): Promise<Machine> {
  const { os, arch } = Deno.build;
  const kernel = /^\d+(\.\d+)?/.exec(Deno.osRelease())?.[0] ?? "";
  let cpu = arch as string;
  if (os === "linux") {
    const model = /^model name\s*:\s*(.*)$/m.exec(await Deno.readTextFile("/proc/cpuinfo"))?.[1];
    cpu = model ?? arch;
  }
  return { os: `${os} ${kernel}`, cpu, cores: navigator.hardwareConcurrency };
}

/** Where, when and how, in one line. */
export function circumstances({ date, machine, deno, runs, starts }: Results): string {
  return `${date.slice(0, 10)}, Deno ${deno}, ${machine.os}, ${machine.cores} cores of ` +
    `${machine.cpu}; medians of at least ${runs} runs, of ${starts} starts for whole processes`;
}
