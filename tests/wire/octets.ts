/** Octets of hexadecimal text; blanks are for the reader. */
export function octets(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, "");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Groups of four octets, as {@linkcode octets} reads them. */
export function hex(bytes: Uint8Array): string {
  const digits = [...bytes].map((octet) => octet.toString(16).padStart(2, "0")).join("");
  return (digits.match(/.{1,8}/g) ?? []).join(" ");
}

/** A view of the octets of hexadecimal text. */
export function viewOfHex(text: string): DataView {
  const bytes = octets(text);
  return new DataView(bytes.buffer);
}

/** The same numbers every time for one seed (mulberry32): 32 bits each, unsigned. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Random octets. */
export function randomOctets(next: () => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => next() & 0xff);
}
