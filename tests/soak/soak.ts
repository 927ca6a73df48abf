import { assert, assertEquals } from "@std/assert";
import { Client, type Handle, InboundMap, type MapHandle, RequestType } from "../../mod.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { canCollect, CountingClock, Gauge, openSockets, type Sample } from "./gauge.ts";
import { GatewayProcess } from "./gateway_process.ts";

/** How long and how hard. */
export interface SoakOptions {
  readonly minutes: number;
  readonly mappings: number;
  readonly seed: number;
  /** How often a sample is taken, in seconds. */
  readonly sampleEvery: number;
  readonly tell: (line: string) => void;
}

/** How it went. */
export interface SoakResult {
  readonly samples: readonly Sample[];
  /** What must not have happened. */
  readonly faults: readonly string[];
  /** Largest departure of the heap from its size after the first two minutes, as a share of that. */
  readonly drift: number;
}

/** The share by which the heap may differ from what it was after the first two minutes. */
const DRIFT = 0.05;

/**
 * Keeps hundreds of mappings alive over real sockets, with a gateway that loses packets, restarts and is killed, while
 * mappings come and go; and sees to it that nothing piles up.
 */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { minutes, mappings, seed, sampleEvery, tell } = options;
  const random = seededRandom(seed);
  const gateway = await GatewayProcess.start({ seed, loss: 0.05, maxLifetime: 120 });
  const socketsBefore = await openSockets();
  const clock = new CountingClock();
  const handle = await Client.start("127.0.0.1", "127.0.0.1", {
    port: gateway.port,
    clock,
    shutdownTimeout: 30_000,
  });
  const crowd = new Crowd(handle, mappings, random);
  const gauge = new Gauge();
  const faults: string[] = [];
  const end = performance.now() + minutes * 60_000;
  const warm = performance.now() + (minutes < 3 ? 0 : WARM_UP);
  let nextSample = performance.now() + sampleEvery * 1_000;
  let nextLine = 1;
  for (let second = 1; performance.now() < end; second++) {
    crowd.churn();
    await trouble(gateway, second, random);
    await pause(performance.now() < warm ? 50 : 1_000);
    if (performance.now() < nextSample) continue;
    nextSample += sampleEvery * 1_000;
    const sample = gauge.take(crowd.running);
    if (sample.minute < nextLine - 0.01) continue;
    nextLine = Math.floor(sample.minute + 0.01) + 1;
    tell(describe(sample, handle, clock));
  }
  await note(
    faults,
    "every wanted mapping is alive before the end",
    () => crowd.allRunning(90_000),
  );
  gauge.take(crowd.running);
  const summary = await handle.shutdown();
  const report = await gateway.tell("report");
  await note(faults, "shutdown deletes every mapping", () => assertEquals(summary.unconfirmed, 0));
  await note(
    faults,
    "the gateway holds nothing afterwards",
    () => assertEquals(report.mappings, 0),
  );
  await note(faults, "the gateway saw no violation", () => {
    assertEquals([report.violations, report.malformed], [{}, 0]);
  });
  await note(faults, "no timer is left", () => assertEquals(clock.pending, 0));
  await note(faults, "no socket is left", () => settled(socketsBefore));
  const drift = driftOf(gauge.samples);
  await note(faults, `the heap stays within ${DRIFT * 100} %`, () => {
    if (canCollect && minutes >= 3) assert(Math.abs(drift) <= DRIFT, `it drifted ${drift}`);
  });
  await gateway.stop();
  return { samples: gauge.samples, faults, drift };
}

/** How long things go faster at first, so that caches are full and code is compiled before memory is judged. */
const WARM_UP = 80_000;

/** The mappings of the soak, of which some go and others come all the time. */
class Crowd {
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

  /** Lets a hundredth of them go, renews as many others, reads the news, and fills up. */
  churn(): void {
    const some = Math.ceil(this.#size / 100);
    for (let i = 0; i < some && this.#members.length >= this.#size; i++) {
      const [gone] = this.#members.splice(Math.floor(this.#random() * this.#members.length), 1);
      gone?.revoke().catch(reportError);
      const renewed = this.#members[Math.floor(this.#random() * this.#members.length)];
      if (renewed?.state.type === "running") renewed.renew(this.#lifetime());
    }
    while (this.#members.length < this.#size) this.#members.push(this.#request());
    for (const mapping of this.#members) while (mapping.pollAlert() !== undefined);
    while (this.#handle.pollError() !== undefined);
  }

  /** Waits until everything that is wanted is there. */
  async allRunning(limit: number): Promise<void> {
    const end = performance.now() + limit;
    while (this.#members.some(({ assigned }) => assigned === undefined)) {
      const states = this.#members.filter(({ assigned }) => assigned === undefined)
        .map(({ state }) => JSON.stringify(state));
      assert(performance.now() < end, `${states.length} are not: ${states[0]}`);
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

  /** Half of the mappings have somebody who waits for their news, the others are looked at now and then. */
  async #read(mapping: MapHandle): Promise<void> {
    for await (const alert of mapping) assert(alert.type !== undefined);
  }

  #lifetime(): number {
    return 20 + Math.floor(this.#random() * 100);
  }
}

/** What befalls the gateway. */
async function trouble(
  gateway: GatewayProcess,
  second: number,
  random: () => number,
): Promise<void> {
  if (second % 97 === 0) await gateway.tell("restart");
  else if (second % 61 === 0) await gateway.tell("readdress");
  else if (second % 151 === 0) await gateway.replace(Math.floor(random() * 1e9));
}

/** How far the heap went from what it was after two minutes, or after a tenth of the samples if that is later. */
export function driftOf(samples: readonly Sample[]): number {
  const settled = samples.filter(({ minute }) => minute >= 1.99);
  const [first] = settled;
  if (first === undefined) return 0;
  // A few samples each: one alone shows the moment, such as a recovery with a request of every mapping under way.
  const early = median(settled.slice(0, WINDOW).map(({ heap }) => heap));
  const late = median(settled.slice(-WINDOW).map(({ heap }) => heap));
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

/** A socket is closed a moment after it was told to. */
async function settled(socketsBefore: number | undefined): Promise<void> {
  for (let tries = 0; tries < 20 && await openSockets() !== socketsBefore; tries++) {
    await pause(100);
  }
  assertEquals(await openSockets(), socketsBefore);
}

async function note(
  faults: string[],
  claim: string,
  check: () => void | Promise<void>,
): Promise<void> {
  try {
    await check();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    faults.push(`Not so: ${claim}: ${reason}`);
  }
}

function pause(duration: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration));
}
