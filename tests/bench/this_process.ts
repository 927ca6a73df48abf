/** Processor time and memory of this process. Every measured client imports this file, so it imports nothing. */

/** Processor time of all threads since the start of the process, in milliseconds. */
export function cpuTime(): number {
  // Not in Deno's types yet. `process.cpuUsage()` is the same, but loading `node:process` costs 9 MB.
  const { cpuUsage } = Deno as unknown as { cpuUsage(): { user: number; system: number } };
  const { user, system } = cpuUsage();
  return (user + system) / 1_000;
}

/** The peak of resident memory since the start of the process, in MiB. Linux only. */
export function peakMemory(): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1]) / 1_024;
}
