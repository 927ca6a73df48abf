import { buildPackage } from "../tools/build_package.ts";
import { readFile } from "../tools/repository.ts";
import { benchNetwork } from "./bench_network.ts";
import { inTurns, type Runs } from "./measure.ts";
import { Responder, runProgram } from "./programs.ts";

/** The path of the client that does no more than must be done. */
export const MINIMAL = "tests/bench/minimal_client.ts";

/** What a client program prints at its end. */
export interface ClientReport {
  /** Milliseconds from the first statement until all mappings are confirmed. */
  readonly run: number;
  /** Processor time of the process, in milliseconds: until then, or of the time that the mappings were held. */
  readonly cpu: number;
  /** The peak of memory, in MiB. */
  readonly peak: number;
}

/** What a client program does. */
export interface ClientOrder {
  /** The number of mappings. */
  readonly count: number;
  /** In seconds. */
  readonly lifetime?: number;
  /** How long to hold the mappings after all are confirmed, in seconds. */
  readonly hold?: number;
}

/** The arguments of a client program that name the addresses and the port of the gateway. */
export function addressed(port: number): [client: string, server: string, port: string] {
  const { client, server } = benchNetwork();
  return [client, server, `${port}`];
}

/** Runs a client program to its end. */
export async function runClient(
  path: string,
  port: number,
  { count, lifetime = 120, hold = 0 }: ClientOrder,
): Promise<ClientReport> {
  const order = [count, lifetime, hold].map(String);
  const { output } = await runProgram(path, [...addressed(port), ...order]);
  return JSON.parse(output);
}

/**
 * Runs client programs in turns, each time in a new process, until so many mappings are confirmed. The first run of each does
 * not count, because Deno caches compiled code.
 */
export async function establish<Name extends string>(
  clients: Readonly<Record<Name, string>>,
  count: number,
  runs: number,
): Promise<Runs<Name, ClientReport>> {
  await using responder = await Responder.start();
  const contenders = Object.entries<string>(clients).map(([name, path]) => {
    return [name, () => runClient(path, responder.port, { count })];
  });
  return await inTurns(runs, Object.fromEntries(contenders), 1);
}

/**
 * Runs client programs that hold mappings, all at the same time: each takes a few percent of a core for a minute, and what
 * is compared is processor time and memory.
 */
export async function hold<Name extends string>(
  clients: Readonly<Record<Name, string>>,
  order: ClientOrder,
  runs: number,
): Promise<Runs<Name, ClientReport>> {
  const started: Record<string, Promise<ClientReport>[]> = {};
  for (let run = 0; run < runs; run++) {
    for (const [name, path] of Object.entries<string>(clients)) {
      (started[name] ??= []).push(holdOnce(path, order));
      // Clients that start within a second of each other renew at different moments of a second.
      await new Promise((done) => setTimeout(done, 1_000 + 700 / runs));
    }
  }
  const finished = Object.entries(started).map(async ([name, reports]) => {
    return [name, await Promise.all(reports)];
  });
  return Object.fromEntries(await Promise.all(finished));
}

async function holdOnce(path: string, order: ClientOrder): Promise<ClientReport> {
  await using responder = await Responder.start();
  return await runClient(path, responder.port, order);
}

/** Paths of the programs of a built package, which is what its users run. */
export interface Package {
  /** `library_client.ts`, with this package. */
  readonly client: string;
  /** `knowing_client.ts`, with this package. */
  readonly knowing: string;
  readonly commandLine: string;
  readonly rpcServer: string;
}

/**
 * Puts the client program into a built package.
 *
 * @throws {Error} If the folder holds no built package.
 */
export async function programsOf(folder: string): Promise<Package> {
  try {
    await Deno.stat(`${folder}/built/mod.js`);
  } catch (error) {
    throw new Error(`Cannot measure a package that is not built: "${folder}"`, { cause: error });
  }
  await Deno.mkdir(`${folder}/bench`, { recursive: true });
  for (const name of ["library_client.ts", "knowing_client.ts", "this_process.ts"]) {
    const source = await readFile(`tests/bench/${name}`);
    const program = source.replace("../../mod.ts", "../built/mod.js");
    await Deno.writeTextFile(`${folder}/bench/${name}`, program);
  }
  return {
    client: `${folder}/bench/library_client.ts`,
    knowing: `${folder}/bench/knowing_client.ts`,
    commandLine: `${folder}/built/repl.js`,
    rpcServer: `${folder}/built/rpc_main.js`,
  };
}

/** The package of this checkout, built when it is first needed. */
export function builtPackage(): Promise<Package> {
  return built ??= build();
}

/** Removes the package that {@linkcode builtPackage} built. */
export async function removePackage(): Promise<void> {
  if (folder !== undefined) await Deno.remove(folder, { recursive: true });
}

let built: Promise<Package> | undefined;
let folder: string | undefined;

async function build(): Promise<Package> {
  folder = await Deno.makeTempDir({ prefix: "pcp_bench_" });
  await buildPackage(folder);
  return await programsOf(folder);
}
