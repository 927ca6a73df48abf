import { ROOT } from "../tools/repository.ts";

/** What a client program prints at its end. Times in milliseconds, memory in MB of 10^6 octets. */
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
}

/** Runs a client program to its end. */
export async function runClient(
  client: "minimal" | "library",
  { port, count, lifetime = 120, hold = 0, node = false }: ClientOrder,
): Promise<ClientReport> {
  const numbers = [port, count, lifetime, hold].map(String);
  const flags = node ? ["--no-config"] : [];
  const switches = node && client === "minimal" ? ["--node"] : [];
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", ...flags, `tests/bench/${client}_client.ts`, ...numbers, ...switches],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const begin = performance.now();
  const { success, stdout, stderr } = await command.output();
  const wall = performance.now() - begin;
  const text = new TextDecoder();
  if (!success) {
    throw new Error(`Cannot measure the ${client} client of ${count}: ${text.decode(stderr)}`);
  }
  return { ...JSON.parse(text.decode(stdout)), wall };
}
