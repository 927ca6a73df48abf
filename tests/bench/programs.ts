import { ROOT } from "../tools/repository.ts";

/** How a program is run. */
export interface ProgramOptions {
  readonly args?: readonly string[];
  /** Flags of Deno itself. */
  readonly flags?: readonly string[];
  /** Which core it may use, where the system lets itself be told. */
  readonly core?: number;
}

/**
 * Runs a program of this repository with this Deno to its end.
 *
 * @returns What it printed, and the milliseconds from its start to its end.
 * @throws {Error} If it failed, with its complaint.
 */
export async function runProgram(
  path: string,
  { args = [], flags = [], core }: ProgramOptions = {},
): Promise<{ printed: string; wall: number }> {
  const [command, ...rest] = commandLine(["run", "-A", ...flags, path, ...args], core);
  const child = new Deno.Command(command, {
    args: rest,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(TIME_LIMIT),
  });
  const begin = performance.now();
  const { success, stdout, stderr } = await child.output();
  const wall = performance.now() - begin;
  const text = new TextDecoder();
  if (!success) throw new Error(`Cannot measure "${path}": ${text.decode(stderr)}`);
  return { printed: text.decode(stdout), wall };
}

/** This Deno with the given arguments, on that core where `taskset` and a second core exist. */
export function commandLine(
  args: readonly string[],
  core: number | undefined,
): [string, ...string[]] {
  const deno = [Deno.execPath(), ...args] as const;
  return core === undefined || !canPin() ? [...deno] : ["taskset", "-c", `${core}`, ...deno];
}

/** Whether a program can be kept to one core. */
export function canPin(): boolean {
  return pinning ??= navigator.hardwareConcurrency > 1 && tasksetExists();
}

/** A program that takes longer than this hangs, and is killed. In milliseconds. */
export const TIME_LIMIT = 150_000;

let pinning: boolean | undefined;

function tasksetExists(): boolean {
  try {
    return new Deno.Command("taskset", { args: ["--version"], stdout: "null" }).outputSync()
      .success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
