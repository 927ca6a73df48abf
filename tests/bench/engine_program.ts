/**
 * Prints what the engine's steps cost with 10 to 100,000 mappings: the renewal of one of them, which is a step that sends
 * and a step that takes the answer, and to read `deadline`. No socket, no clock.
 */

// deno-lint-ignore-file no-console -- a program
import { Engine } from "../../src/engine/engine.ts";
import type { Output } from "../../src/engine/events.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { median } from "./median.ts";

/** What one size costs, in nanoseconds. */
export interface EngineCost {
  readonly count: number;
  readonly step: number;
  readonly deadline: number;
}

const clientAddress = IpAddress.parse("192.168.1.10");
const server = { address: IpAddress.parse("192.168.1.1"), port: 5351 };
const LIFETIME = 7_200;

/** An engine whose mappings are alive, and its time. */
class Running {
  readonly count: number;
  readonly #engine: Engine;
  #now = 0;
  #seed = 1;

  constructor(count: number) {
    this.count = count;
    this.#engine = new Engine({
      server,
      clientAddress,
      random: () => this.#word() / 2 ** 32,
      randomWord: () => this.#word(),
    });
    for (let id = 1; id <= count; id++) {
      // So that renewals are spread over their time as evenly with few mappings as with many.
      this.#now += LIFETIME * 100 / count;
      this.#answer(this.#engine.step(this.#now, {
        type: "request",
        id,
        lifetimes: Infinity,
        spec: {
          opcode: "map",
          protocol: id > 60_000 ? 6 : 17,
          internalPort: 1 + id % 60_000,
          lifetime: LIFETIME,
          externalPort: 0,
          externalAddress: IpAddress.ANY_IPV4,
          options: [],
        },
      }));
    }
  }

  /** Renews one mapping after the other; returns nanoseconds for each, the making of the answer not counted. */
  renew(cycles: number): number {
    let time = 0;
    for (let done = 0; done < cycles;) {
      this.#now = this.#engine.deadline ?? NaN;
      const begin = performance.now();
      const outputs = this.#engine.step(this.#now, { type: "timeout" });
      time += performance.now() - begin;
      const [answers, spent] = this.#answer(outputs);
      done += answers;
      time += spent;
    }
    return time / cycles * 1e6;
  }

  /** Nanoseconds to read the deadline. */
  read(times: number): number {
    let sum = 0;
    const begin = performance.now();
    for (let count = 0; count < times; count++) sum += this.#engine.deadline ?? 0;
    const time = performance.now() - begin;
    if (!Number.isFinite(sum)) throw new Error("Cannot read the deadline: there is none");
    return time / times * 1e6;
  }

  /** Grants what was asked for; returns how much that was, and the time that the engine took for it. */
  #answer(outputs: readonly Output[]): [answers: number, time: number] {
    let answers = 0;
    let time = 0;
    for (const output of outputs) {
      if (output.type !== "send") continue;
      const bytes = output.bytes.slice();
      const view = new DataView(bytes.buffer);
      view.setUint8(1, 0x81);
      view.setUint32(8, Math.floor(this.#now / 1_000));
      view.setBigUint64(12, 0n);
      view.setUint32(20, 0);
      view.setUint16(42, view.getUint16(40));
      view.setUint32(56, 0x141e_2801);
      const begin = performance.now();
      this.#engine.step(this.#now, { type: "datagram", bytes, source: server, multicast: false });
      time += performance.now() - begin;
      answers++;
    }
    return [answers, time];
  }

  #word(): number {
    this.#seed = Math.imul(this.#seed, 1_664_525) + 1_013_904_223 | 0;
    return this.#seed >>> 0;
  }
}

const [runs = 5, ...counts] = Deno.args.map(Number);
const engines = counts.map((count) => new Running(count));
const steps = engines.map((): number[] => []);
const deadlines = engines.map((): number[] => []);
for (let run = -1; run < runs; run++) {
  for (const [index, engine] of engines.entries()) {
    const [step, deadline] = [engine.renew(5_000), engine.read(200_000)];
    if (run < 0) continue; // compiled by now
    steps[index]?.push(step);
    deadlines[index]?.push(deadline);
  }
}
const costs: EngineCost[] = engines.map(({ count }, index) => ({
  count,
  step: median(steps[index] ?? []),
  deadline: median(deadlines[index] ?? []),
}));
console.log(JSON.stringify(costs));
