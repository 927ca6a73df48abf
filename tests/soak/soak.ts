import { assert, assertEquals } from "@std/assert";
import { Client, type Handle, InboundMap, type MapHandle, RequestType } from "../../mod.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { canCollect, CountingClock, Gauge, openSockets, type Sample } from "./gauge.ts";
import { GatewayProcess } from "./gateway_process.ts";

/** Duration, load and reports of a soak. */
export interface SoakOptions {
  readonly minutes: number;
  readonly mappings: number;
  readonly seed: number;
  /** Seconds between two samples. */
  readonly sampleEvery: number;
  readonly print: (line: string) => void;
}

/** The outcome of a soak. */
export interface SoakResult {
  readonly samples: readonly Sample[];
  /** The claims that do not hold. */
  readonly faults: readonly string[];
  /** Relative change of the heap from its size after the first two minutes. */
  readonly drift: number;
}

/** Largest acceptable {@linkcode SoakResult.drift}. */
const DRIFT = 0.05;

/**
 * Keeps hundreds of mappings alive over real sockets, with a gateway that loses packets, restarts and is killed, while
 * mappings are created and deleted. Checks that memory, timers, sockets and mappings do not accumulate.
 */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { minutes, mappings, seed, sampleEvery, print } = options;
  const random = seededRandom(seed);
  const gateway = await GatewayProcess.start({ seed, loss: 0.05, maxLifetime: 120 });
  const socketsBefore = await openSockets();
  const clock = new CountingClock();
  const handle = await Client.start("127.0.0.1", "127.0.0.1", {
    port: gateway.port,
    clock,
    shutdownTimeout: 30_000,
    // Nonces of ended mappings are kept for it. Their number must be steady before memory is compared.
    protocol: { reuseTime: 30_000, tcpReuseTime: 30_000 },
  });
  const population = new MappingPopulation(handle, mappings, random);
  const gauge = new Gauge();
  const faults: string[] = [];
  const end = performance.now() + minutes * 60_000;
  const warmUntil = performance.now() + (minutes < 3 ? 0 : WARM_UP);
  let nextSample = performance.now() + sampleEvery * 1_000;
  let nextLine = 1;
  for (let second = 1; performance.now() < end; second++) {
    population.churn();
    await causeFaults(gateway, second, random);
    await pause(performance.now() < warmUntil ? 50 : 1_000);
    if (performance.now() < nextSample) continue;
    nextSample += sampleEvery * 1_000;
    const sample = gauge.take(population.running);
    if (sample.minute < nextLine - 0.01) continue;
    nextLine = Math.floor(sample.minute + 0.01) + 1;
    print(describe(sample, handle, clock));
  }
  await check(
    faults,
    "every mapping is alive before the end",
    () => population.allRunning(90_000),
  );
  gauge.take(population.running);
  const summary = await handle.shutdown();
  const report = await gateway.command("report");
  await check(faults, "shutdown deletes every mapping", () => assertEquals(summary.unconfirmed, 0));
  await check(
    faults,
    "the gateway has no mapping afterwards",
    () => assertEquals(report.mappings, 0),
  );
  await check(faults, "the gateway counted no violation", () => {
    assertEquals([report.violations, report.malformed], [{}, 0]);
  });
  await check(faults, "no timer is left", () => assertEquals(clock.pending, 0));
  await check(faults, "no socket is left", () => assertSocketsClosed(socketsBefore));
  const drift = driftOf(gauge.samples);
  await check(faults, `the heap stays within ${DRIFT * 100} %`, () => {
    if (canCollect && minutes >= 3) assert(Math.abs(drift) <= DRIFT, `it changed by ${drift}`);
  });
  await gateway.stop();
  return { samples: gauge.samples, faults, drift };
}

/** Milliseconds of faster churn at first, so that code is compiled and caches are full before memory is compared. */
const WARM_UP = 80_000;

/** The mappings of the soak, of which some are replaced every second. */
class MappingPopulation {
  readonly #handle: Handle;
  readonly #size: number;
  readonly #random: () => number;
  readonly #members: MapHandle[] = [];
  #nextPort = 0;

  constructor(handle: Handle, size: number, random: () => number) {
    this.#handle = handle;
    this.#size = size;
    this.#random = random;
  }

  get running(): number {
    return this.#members.filter(({ state }) => state.type === "running").length;
  }

  /** Revokes a hundredth of the mappings, renews as many others, reads all alerts, and requests new mappings. */
  churn(): void {
    const some = Math.ceil(this.#size / 100);
    const isFull = this.#members.length >= this.#size;
    for (let i = 0; i < some && isFull; i++) {
      const [revoked] = this.#members.splice(Math.floor(this.#random() * this.#members.length), 1);
      revoked?.revoke().catch(reportError);
      const renewed = this.#members[Math.floor(this.#random() * this.#members.length)];
      if (renewed?.state.type === "running") renewed.renew(this.#lifetime());
    }
    while (this.#members.length < this.#size) this.#members.push(this.#request());
    for (const mapping of this.#members) while (mapping.pollAlert() !== undefined);
    while (this.#handle.pollError() !== undefined);
  }

  /** Waits until every mapping has an assignment. */
  async allRunning(limit: number): Promise<void> {
    const end = performance.now() + limit;
    while (this.#members.some(({ assigned }) => assigned === undefined)) {
      const states = this.#members.filter(({ assigned }) => assigned === undefined)
        .map(({ state }) => JSON.stringify(state));
      assert(performance.now() < end, `${states.length} have none: ${states[0]}`);
      await pause(200);
    }
  }

  #request(): MapHandle {
    this.#nextPort = this.#nextPort % 50_000 + 1;
    const protocol = this.#random() < 0.5 ? 6 : 17;
    const map = new InboundMap(10_000 + this.#nextPort, this.#lifetime()).protocol(protocol);
    const mapping = this.#handle.request(map, RequestType.KeepAlive);
    if (this.#random() < 0.5) this.#read(mapping).catch(reportError);
    return mapping;
  }

  /** Reads alerts as they come, as half of the mappings do; {@linkcode churn} polls the others. */
  async #read(mapping: MapHandle): Promise<void> {
    for await (const alert of mapping) assert(alert.type !== undefined);
  }

  #lifetime(): number {
    return 20 + Math.floor(this.#random() * 100);
  }
}

/** Restarts, changes and replaces the gateway at certain seconds. */
async function causeFaults(
  gateway: GatewayProcess,
  second: number,
  random: () => number,
): Promise<void> {
  if (second % 97 === 0) await gateway.command("restart");
  else if (second % 61 === 0) await gateway.command("changeAddress");
  else if (second % 151 === 0) await gateway.replace(Math.floor(random() * 1e9));
}

/** Relative change of the heap since the second minute. */
export function driftOf(samples: readonly Sample[]): number {
  const warm = samples.filter(({ minute }) => minute >= 1.99);
  const [first] = warm;
  if (first === undefined) return 0;
  // Medians, because a single sample may be taken during a recovery with a request of every mapping outstanding.
  const early = median(warm.slice(0, WINDOW).map(({ heap }) => heap));
  const late = median(warm.slice(-WINDOW).map(({ heap }) => heap));
  return late / early - 1;
}

const WINDOW = 9;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function describe(sample: Sample, handle: Handle, clock: CountingClock): string {
  const { sent, received, retransmissions } = handle.stats();
  return [
    `minute ${sample.minute.toFixed(0).padStart(3)}`,
    `heap ${(sample.heap / 1e6).toFixed(2)} MB`,
    `rss ${(sample.rss / 1e6).toFixed(0)} MB`,
    `cpu ${(sample.cpu * 100).toFixed(1)} %`,
    `${sample.running} running`,
    `${sent} sent, ${received} received, ${retransmissions} repeated`,
    `${clock.pending} alarms`,
  ].join("  ");
}

/** Waits for the sockets to close, which happens after close() returns. */
async function assertSocketsClosed(socketsBefore: number | undefined): Promise<void> {
  for (let tries = 0; tries < 20 && await openSockets() !== socketsBefore; tries++) {
    await pause(100);
  }
  assertEquals(await openSockets(), socketsBefore);
}

async function check(
  faults: string[],
  claim: string,
  verify: () => void | Promise<void>,
): Promise<void> {
  try {
    await verify();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    faults.push(`Not so: ${claim}: ${reason}`);
  }
}

function pause(duration: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration));
}
