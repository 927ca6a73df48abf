import process from "node:process";
import { type Clock, type Milliseconds, systemClock } from "../../src/clock.ts";

/** A measurement of this process. */
export interface Sample {
  /** Minutes since the start of the soak. */
  readonly minute: number;
  /** Octets of the heap in use after a garbage collection. */
  readonly heap: number;
  /** Resident octets of the process. */
  readonly rss: number;
  /** Share of one core since the last sample, 0 to 1. */
  readonly cpu: number;
  /** Number of running mappings. */
  readonly running: number;
}

/** The system clock, with a count of pending alarms. */
export class CountingClock implements Clock {
  pending = 0;

  now(): Milliseconds {
    return systemClock.now();
  }

  alarm(at: Milliseconds, fire: () => void): () => void {
    this.pending++;
    let isPending = true;
    const end = (): void => {
      if (isPending) this.pending--;
      isPending = false;
    };
    const cancel = systemClock.alarm(at, () => {
      end();
      fire();
    });
    return () => {
      end();
      cancel();
    };
  }
}

/** Measures memory and processor time of this process. */
export class Gauge {
  readonly samples: Sample[] = [];
  readonly #began = performance.now();
  #cpuBefore = process.cpuUsage();
  #before = performance.now();

  /** Takes a sample, after a garbage collection if V8 exposes it. */
  take(running: number): Sample {
    const heap = collect();
    const now = performance.now();
    const cpu = process.cpuUsage(this.#cpuBefore);
    const sample: Sample = {
      minute: (now - this.#began) / 60_000,
      heap,
      rss: Deno.memoryUsage().rss,
      cpu: (cpu.user + cpu.system) / 1_000 / Math.max(1, now - this.#before),
      running,
    };
    this.#cpuBefore = process.cpuUsage();
    this.#before = now;
    this.samples.push(sample);
    return sample;
  }
}

/** Whether V8 exposes garbage collection: `--v8-flags=--expose-gc`. */
export const canCollect: boolean = "gc" in globalThis;

/** Octets of the heap in use, after a garbage collection if V8 exposes it. */
export function collect(): number {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  gc?.();
  return Deno.memoryUsage().heapUsed;
}

/** Number of open UDP sockets of this process; undefined except on Linux. */
export async function openSockets(): Promise<number | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const tables = await Promise.all(
    ["udp", "udp6"].map((name) => Deno.readTextFile(`/proc/self/net/${name}`).catch(() => "")),
  );
  let count = 0;
  for await (const { name } of Deno.readDir("/proc/self/fd")) {
    const target = await Deno.readLink(`/proc/self/fd/${name}`).catch(() => ""); // closed meanwhile
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && tables.some((table) => table.includes(` ${inode} `))) count++;
  }
  return count;
}
