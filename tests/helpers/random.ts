/** A repeatable source of chance in [0, 1): the same seed gives the same numbers. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** 32 repeatable bits a call. */
export function seededWords(seed: number): () => number {
  const random = seededRandom(seed ^ 0x5bd1e995);
  return () => Math.floor(random() * 2 ** 32);
}

/** Gives the numbers one after the other, then the last one for ever. */
export function scripted(...numbers: readonly number[]): () => number {
  let next = 0;
  return () => numbers[Math.min(next++, numbers.length - 1)] ?? 0;
}
