/** All processes of a run, found by a variable in their environment. Linux only. */

/** The variable that every process of the run inherits. */
export const MARK = "PORTCONTROL_VSCODE_RUN";

/** A process of the run. */
export interface Running {
  readonly pid: number;
  readonly command: string;
}

/** The processes of a run, this one left out. */
export async function processesOf(run: string): Promise<Running[]> {
  const found: Running[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === Deno.pid) continue;
    const environment = await readZeroed(`/proc/${pid}/environ`);
    if (!environment.includes(`${MARK}=${run}`)) continue;
    found.push({ pid, command: (await readZeroed(`/proc/${pid}/cmdline`)).join(" ").trim() });
  }
  return found;
}

/** The JSON-RPC servers of a run, as process ids. */
export async function serversOf(run: string): Promise<number[]> {
  const all = await processesOf(run);
  return all.filter(({ command }) => /\bdeno run .*rpc\/main\.ts/.test(command))
    .map(({ pid }) => pid);
}

/** Kills every process of a run, and returns those that were still running. */
export async function endAll(run: string): Promise<Running[]> {
  const ended = await processesOf(run);
  for (let left = ended; left.length > 0; left = await processesOf(run)) {
    for (const { pid } of left) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error; // it ended by itself
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return ended;
}

/** The parts of a file of /proc; none if the process has ended or belongs to another user. */
async function readZeroed(path: string): Promise<string[]> {
  return (await Deno.readTextFile(path).catch(() => "")).split("\0");
}
