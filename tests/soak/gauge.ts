import process from "node:process";
import { type Clock, type Milliseconds, systemClock } from "../../src/clock.ts";

/** A measurement of this process. */
export interface Sample {
  /** Minutes since the soak began. */
  readonly minute: number;
  /** Octets in use after a garbage collection. */
  readonly heap: number;
  /** Octets that the process has of the system. */
  readonly rss: number;
  /** Share of one core since the sample before, 0 to 1. */
  readonly cpu: number;
  /** Mappings that are alive. */
  readonly running: number;
}

/** The clock of the client under test, which counts the alarms that wait. */
export class CountingClock implements Clock {
  pending = 0;

  now(): Milliseconds {
    return systemClock.now();
  }

  alarm(at: Milliseconds, fire: () => void): () => void {
    this.pending++;
    let waiting = true;
    const end = (): void => {
      if (waiting) this.pending--;
      waiting = false;
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

  /** Takes a sample; memory that nobody uses any more is given up first, where the engine lets itself be told to. */
  take(running: number): Sample {
    collect();
    const now = performance.now();
    const cpu = process.cpuUsage(this.#cpuBefore);
    const { heapUsed, rss } = Deno.memoryUsage();
    const sample: Sample = {
      minute: (now - this.#began) / 60_000,
      heap: heapUsed,
      rss,
      cpu: (cpu.user + cpu.system) / 1_000 / Math.max(1, now - this.#before),
      running,
    };
    this.#cpuBefore = process.cpuUsage();
    this.#before = now;
    this.samples.push(sample);
    return sample;
  }
}

/** Whether garbage can be collected on demand: `--v8-flags=--expose-gc`. */
export const canCollect: boolean = "gc" in globalThis;

function collect(): void {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  gc?.();
}

/** UDP sockets that this process has open; undefined where the system does not say. */
export async function openSockets(): Promise<number | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const tables = await Promise.all(
    ["udp", "udp6"].map((name) => Deno.readTextFile(`/proc/self/net/${name}`).catch(() => "")),
  );
  let count = 0;
  for await (const { name } of Deno.readDir("/proc/self/fd")) {
    const target = await Deno.readLink(`/proc/self/fd/${name}`).catch(() => ""); // gone meanwhile
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && tables.some((table) => table.includes(` ${inode} `))) count++;
  }
  return count;
}
