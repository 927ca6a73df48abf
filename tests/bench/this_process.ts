/** What a process says of itself at the end of its job. Imported by floors and contenders alike, so it imports nothing. */

/** Processor time and memory of a process. */
export interface Weight {
  /** Processor time since the start of the process, all threads, in milliseconds. */
  readonly cpu: number;
  /** The most memory it ever had (VmHWM), in MiB. */
  readonly peak: number;
  /** The memory it has now (VmRSS), in MiB. */
  readonly rss: number;
}

/** Processor time of all threads since the start of the process, in milliseconds. */
export function cpuTime(): number {
  // Not in Deno's types yet. `process.cpuUsage()` says the same, but to load `node:process` costs 9 MB.
  const { cpuUsage } = Deno as unknown as { cpuUsage(): { user: number; system: number } };
  const { user, system } = cpuUsage();
  return (user + system) / 1_000;
}

/** Time, memory: read from the system, which knows the peak too. Linux only. */
export function weight(): Weight {
  const status = Deno.readTextFileSync("/proc/self/status");
  const read = (name: string): number =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
  return { cpu: cpuTime(), peak: read("VmHWM"), rss: read("VmRSS") };
}
