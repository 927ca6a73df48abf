/**
 * A seeded generator (mulberry32) for tests and simulations: the same seed always gives the same numbers. They are
 * predictable, so never use it where a number must be unguessable.
 *
 * @param seed Any number; only its low 32 bits count.
 * @returns A function that returns numbers from 0 (included) to 1 (excluded), as `Math.random` does.
 *
 * @example
 * ```ts
 * import { seededRandom } from "@portcontrol/pcp/testing";
 *
 * const first = seededRandom(7)();
 * const again = seededRandom(7)();
 * if (first !== again) throw new Error("A seed must give the same numbers");
 * ```
 */
export function seededRandom(seed: number): () => number {
  const words = seededWords(seed);
  return () => (words() >>> 0) / 0x1_0000_0000;
}

/**
 * As {@linkcode seededRandom}, but each call gives 32 random bits.
 *
 * @param seed Any number; only its low 32 bits count.
 * @returns A function that returns signed 32-bit integers.
 */
export function seededWords(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) | 0;
  };
}
