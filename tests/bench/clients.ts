import { builtPackage } from "./package.ts";
import { runProgram } from "./programs.ts";

/** What a client program prints at its end. Times in milliseconds, memory in MiB. */
export interface ClientReport {
  /** From the first statement until all mappings are confirmed. */
  readonly run: number;
  /** Processor time of the process until then. */
  readonly cpu: number;
  /** Memory at its peak until then. */
  readonly peak: number;
  /** Requests sent until then. */
  readonly sent: number;
  /** Requests repeated in all. */
  readonly repeated: number;
  /** Of the time that the mappings were held: processor time, memory at its peak and at the end, requests. */
  readonly heldCpu?: number;
  readonly heldPeak?: number;
  readonly heldRss?: number;
  readonly heldSent?: number;
  /** From the start of the process to its end. */
  readonly wall: number;
}

/** What a client program is told. */
export interface ClientOrder {
  readonly port: number;
  readonly count: number;
  /** Asked for, in seconds; 120 unless told. */
  readonly lifetime?: number;
  /** How long to hold the mappings after all were confirmed, in seconds. */
  readonly hold?: number;
  /** `node:dgram` instead of `Deno.listenDatagram`. */
  readonly node?: boolean;
  /** Which core it may use. */
  readonly core?: number;
}

/** Runs a client program to its end: `library` is the package as it is published, `source` the same from its sources. */
export async function runClient(
  client: "minimal" | "slab" | "library" | "source",
  { port, count, lifetime = 120, hold = 0, node = false, core }: ClientOrder,
): Promise<ClientReport> {
  const isFloor = client === "minimal" || client === "slab";
  const switches = node && isFloor ? ["--node"] : [];
  const { printed, wall } = await runProgram(await programOf(client), {
    args: [...[port, count, lifetime, hold].map(String), ...switches],
    flags: node ? ["--no-config"] : [],
    ...(core === undefined ? {} : { core }),
  });
  return { ...JSON.parse(printed), wall };
}

async function programOf(client: "minimal" | "slab" | "library" | "source"): Promise<string> {
  if (client === "library") return (await builtPackage()).client;
  return `tests/bench/${client === "source" ? "library" : client}_client.ts`;
}
