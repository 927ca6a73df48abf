/**
 * Prints nanoseconds and octets of memory for each message, of the library and of loops written by hand that read and write
 * the same fields. Needs `--v8-flags` as `codec_rows.ts` gives
 * them.
 */

// deno-lint-ignore-file no-console -- a program
import { encodeRequestInto, encodeResponse, type RequestInit } from "../../src/wire/message.ts";
import { ResponseReader } from "../../src/wire/response_reader.ts";
import { IpAddress } from "../../src/wire/address.ts";
import { Nonce } from "../../src/wire/nonce.ts";
import type { Option } from "../../src/wire/option.ts";
import { hand, type HandMessage } from "./codec_by_hand.ts";
import { median } from "./median.ts";

/** What one message costs. */
export interface CodecCost {
  readonly library: Cost;
  readonly hand: Cost;
}

/** Nanoseconds and octets for one call. */
export interface Cost {
  readonly time: number;
  readonly memory: number;
}

/** How many different messages take turns, so that no call can be foreseen. */
const DIFFERENT = 64;

const address = IpAddress.parse("192.0.2.7");
const clientAddress = IpAddress.parse("192.168.1.10");
const options: Option[] = [
  { type: "thirdParty", address: IpAddress.parse("192.168.1.11") },
  { type: "filter", prefixLength: 120, remotePort: 443, remoteAddress: address },
];

const KINDS = {
  map: { type: "map" },
  peer: { type: "peer", remotePort: 443, remoteAddress: address },
  options: { type: "map", options },
} as const;

function request(kind: keyof typeof KINDS, index: number): RequestInit {
  return {
    ...KINDS[kind],
    lifetime: 7_200 + index,
    clientAddress,
    nonce: new Nonce(index, 0x1234_5678, ~index),
    protocol: 17,
    internalPort: 1_024 + index,
    externalPort: 2_048 + index,
    externalAddress: address,
  };
}

function handMessage(kind: keyof typeof KINDS, index: number): HandMessage {
  return {
    kind,
    lifetime: 7_200 + index,
    client: clientAddress.w3,
    nonce0: index,
    nonce1: 0x1234_5678,
    nonce2: ~index,
    protocol: 17,
    internalPort: 1_024 + index,
    externalPort: 2_048 + index,
    external: address.w3,
    remotePort: 443,
    remote: address.w3,
    thirdParty: clientAddress.w3 + 1,
  };
}

function encoding(kind: keyof typeof KINDS): Contest {
  const requests = Array.from({ length: DIFFERENT }, (_, index) => request(kind, index));
  const messages = Array.from({ length: DIFFERENT }, (_, index) => handMessage(kind, index));
  const buffer = new Uint8Array(128);
  const view = new DataView(buffer.buffer);
  return {
    library: (rounds) => {
      let sum = 0;
      for (let round = 0; round < rounds; round++) {
        for (const each of requests) sum += encodeRequestInto(each, buffer) + view.getUint8(41);
      }
      return sum;
    },
    hand: (rounds) => {
      let sum = 0;
      for (let round = 0; round < rounds; round++) {
        for (const each of messages) sum += hand.encode(each, view) + view.getUint8(41);
      }
      return sum;
    },
  };
}

function decoding(kind: keyof typeof KINDS): Contest {
  const responses = Array.from({ length: DIFFERENT }, (_, index) => {
    return encodeResponse({ ...request(kind, index), result: 0, epoch: 1_000 + index });
  });
  // All in one buffer, as a transport receives them.
  const length = responses[0]?.length ?? 0;
  const buffer = new Uint8Array(responses.length * length);
  const parts = responses.map((bytes, index) => {
    buffer.set(bytes, index * length);
    return buffer.subarray(index * length, (index + 1) * length);
  });
  const views = parts.map((bytes) => new DataView(buffer.buffer, bytes.byteOffset, length));
  const reader = new ResponseReader();
  const into = handMessage(kind, 0);
  const { type } = KINDS[kind];
  return {
    library: (rounds) => {
      let sum = 0;
      for (let round = 0; round < rounds; round++) {
        for (const bytes of parts) {
          const decoded = reader.read(bytes);
          if (decoded.ok && decoded.value.type === type) sum += decoded.value.lifetime;
        }
      }
      return sum;
    },
    hand: (rounds) => {
      let sum = 0;
      for (let round = 0; round < rounds; round++) {
        for (const view of views) if (hand.decode(view, into)) sum += into.lifetime;
      }
      return sum;
    },
  };
}

/** Each returns a sum over what it wrote or read, so that nothing can be left out. */
interface Contest {
  readonly library: (rounds: number) => number;
  readonly hand: (rounds: number) => number;
}

function cost(contest: Contest, runs: number): CodecCost {
  const { library, hand } = contest;
  const sums = [library, hand].map((run) => run(3_000)); // compiled by now
  if (!sums.every((sum) => sum > 0)) {
    throw new Error("Cannot believe the figures: nothing was done");
  }
  const times = { library: [] as number[], hand: [] as number[] };
  for (let run = 0; run < runs * 5; run++) {
    times.library.push(time(library));
    times.hand.push(time(hand));
  }
  return {
    library: { time: median(times.library), memory: memory(library) },
    hand: { time: median(times.hand), memory: memory(hand) },
  };
}

function time(run: (rounds: number) => number): number {
  const rounds = 1_000;
  const begin = performance.now();
  run(rounds);
  return (performance.now() - begin) / (rounds * DIFFERENT) * 1e6;
}

/** What is allocated; nothing is collected meanwhile, the young generation has room for all of it. */
function memory(run: (rounds: number) => number): number {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("Cannot measure memory: run with --v8-flags=--expose-gc");
  const rounds = 200;
  gc();
  const before = Deno.memoryUsage();
  run(rounds);
  const after = Deno.memoryUsage();
  return (after.heapUsed + after.external - before.heapUsed - before.external) /
    (rounds * DIFFERENT);
}

const runs = Number(Deno.args[0] ?? 5);
const costs: Record<string, CodecCost> = {};
for (const kind of ["map", "peer", "options"] as const) {
  costs[`encode.${kind}`] = cost(encoding(kind), runs);
  costs[`decode.${kind}`] = cost(decoding(kind), runs);
}
console.log(JSON.stringify(costs));
