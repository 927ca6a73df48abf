import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { checkMessage } from "../../rpc/message_check.ts";
import { encodeFrame, FrameDecoder } from "../../rpc/framing.ts";
import { FramingError } from "../../rpc/header.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { mutate } from "./mutate.ts";
import type { Target } from "./target.ts";

/** Frames in chunks of random size, intact or damaged. */
export const framing: Target = {
  name: "framing",
  invariant:
    "Messages are decoded as sent from chunks of any size; a damaged stream gives messages or a FramingError, nothing else.",
  shortRounds: 60,
  inputsPerRound: 10,
  start: () => ({
    round: (seed) => {
      const random = seededRandom(seed);
      const sent = fc.sample(fc.jsonValue({ maxDepth: 2 }), { seed, numRuns: 5 });
      const stream = Uint8Array.from(sent.flatMap((message) => [...encodeFrame(message)]));
      const received = read(stream, random);
      assertEquals(received.map((text) => JSON.parse(text)), JSON.parse(JSON.stringify(sent)));
      try {
        read(mutate(stream, random), random);
      } catch (error) {
        assert(error instanceof FramingError, String(error));
      }
    },
  }),
};

function read(stream: Uint8Array, random: () => number): string[] {
  const decoder = new FrameDecoder();
  const texts: string[] = [];
  for (let at = 0; at < stream.length;) {
    const next = at + 1 + Math.floor(random() * 40);
    decoder.push(stream.subarray(at, next));
    at = next;
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
      checkMessage(frame, new Set());
      if (frame.ok) texts.push(frame.text);
    }
  }
  return texts;
}
