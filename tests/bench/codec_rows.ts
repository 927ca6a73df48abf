import type { CodecCost } from "./codec_program.ts";
import type { Effort, Family } from "./effort.ts";
import { runProgram } from "./programs.ts";
import { type Limit, type Row, row } from "./row.ts";

/** Octets to values and back, beside loops written by hand. */
export const codecRows: Family = { name: "codec", rows };

const WHAT: Readonly<Record<string, string>> = {
  "encode.map": "encode a MAP request into a buffer",
  "decode.map": "decode a MAP response",
  "encode.peer": "encode a PEER request into a buffer",
  "decode.peer": "decode a PEER response",
  "encode.options": "encode a MAP request with THIRD_PARTY and FILTER",
  "decode.options": "decode a MAP response with THIRD_PARTY and FILTER",
};

const LIMITS: Readonly<Record<string, Limit>> = {
  "encode.map": { of: "ratio", most: 2 },
  "decode.map": { of: "ratio", most: 2 },
};

async function rows({ runs }: Effort): Promise<Row[]> {
  const { printed } = await runProgram("tests/bench/codec_program.ts", {
    args: [String(runs)],
    flags: ["--v8-flags=--expose-gc,--min-semi-space-size=64,--max-semi-space-size=64"],
  });
  const costs = JSON.parse(printed) as Record<string, CodecCost>;
  return Object.entries(costs).flatMap(([kind, { library, hand }]) => {
    const limit = LIMITS[kind];
    return [
      row({
        id: `codec.${kind}`,
        what: WHAT[kind] ?? kind,
        unit: "ns",
        value: library.time,
        floor: hand.time,
        against: "written by hand",
        ...(limit === undefined ? {} : { limit }),
      }),
      row({
        id: `codec.${kind}.memory`,
        what: `${WHAT[kind]}: memory allocated`,
        unit: "B",
        value: Math.round(library.memory),
        details: { floor: Math.round(hand.memory) },
      }),
    ];
  });
}
