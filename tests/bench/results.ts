import type { Row } from "./row.ts";

/** A whole bench. Plain JSON. */
export interface Results {
  /** When, in ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  /** Version of Deno. */
  readonly deno: string;
  /** How many runs the medians are of, and how many starts of whole processes. */
  readonly runs: number;
  readonly starts: number;
  /** How long it took, in seconds. */
  readonly seconds: number;
  readonly rows: readonly Row[];
}

/** What it was measured on. No names. */
export interface Machine {
  readonly os: string;
  readonly cpu: string;
  readonly cores: number;
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
