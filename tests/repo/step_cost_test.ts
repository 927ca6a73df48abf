/** What a step of the engine costs must not follow the number of mappings. */

import { assert } from "@std/assert";
import { Engine, type Input, type Output } from "../../src/engine/mod.ts";
import { seededRandom, seededWords } from "../../src/testing/random.ts";
import { client4, mapSpec, server4 } from "../helpers/specs.ts";

const LIMIT = 3;
/** Other programs take their part of the processor's cache, which 100,000 mappings need more than 100 do. */
const SLACK = 3;

Deno.test("a step at 100,000 mappings takes at most 3 times as long as one at 100", () => {
  const [few, many] = [engineWith(100), engineWith(100_000)];
  let [timeOfFew, timeOfMany] = [Infinity, Infinity];
  // Other programs only ever add to a time, so the least of several runs comes closest to the cost.
  for (let run = 0; run < 20 && (run < 5 || timeOfMany > LIMIT * timeOfFew); run++) {
    timeOfFew = Math.min(timeOfFew, few(1_000));
    timeOfMany = Math.min(timeOfMany, many(1_000));
  }
  const ratio = timeOfMany / timeOfFew;
  assert(ratio <= LIMIT * SLACK, `${ratio.toFixed(1)} times`);
});

/** An engine whose mappings are granted; the function renews some of them and gives the milliseconds that its steps took. */
function engineWith(count: number): (renewals: number) => number {
  const engine = new Engine({
    server: server4,
    clientAddress: client4,
    random: seededRandom(1),
    randomWord: seededWords(1),
  });
  let now = 0;
  let spent = 0;
  const step = (input: Input): readonly Output[] => {
    const begin = performance.now();
    const outputs = engine.step(now, input);
    spent += performance.now() - begin;
    return outputs;
  };
  /** Grants what the outputs request, and gives the number of grants. */
  const grant = (outputs: readonly Output[]): number => {
    const requests = outputs.filter((output) => output.type === "send");
    for (const { bytes } of requests) {
      step({ type: "datagram", bytes: granted(bytes, now), source: server4, multicast: false });
    }
    return requests.length;
  };
  for (let id = 1; id <= count; id++) {
    // Renewals are spread as evenly over time with few mappings as with many.
    now += 720_000 / count;
    const spec = mapSpec({ protocol: id > 60_000 ? 6 : 17, internalPort: 1 + id % 60_000 });
    grant(step({ type: "request", id, spec, lifetimes: Infinity }));
  }
  return (renewals) => {
    spent = 0;
    for (let done = 0; done < renewals;) {
      now = engine.deadline ?? NaN;
      done += grant(step({ type: "timeout" }));
    }
    return spent;
  };
}

/** The response that grants a MAP request as it is (RFC 6887 section 11.1), written in place: no codec slows the engine. */
function granted(request: Uint8Array, now: number): Uint8Array {
  const bytes = request.slice();
  const view = new DataView(bytes.buffer);
  view.setUint8(1, 0x81);
  view.setUint32(8, Math.floor(now / 1_000));
  view.setBigUint64(12, 0n);
  view.setUint32(20, 0);
  view.setUint16(42, view.getUint16(40));
  view.setUint32(56, 0xcb00_7105);
  return bytes;
}
