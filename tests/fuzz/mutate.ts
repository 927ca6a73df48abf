/** Mutates octets: bit flips, overwriting, truncation, insertion, deletion, repetition. */
export function mutate(bytes: Uint8Array, random: () => number): Uint8Array<ArrayBuffer> {
  let result = Uint8Array.from(bytes);
  for (let changes = 1 + Math.floor(random() * 4); changes > 0; changes--) {
    result = change(result, random);
  }
  return result;
}

/** Random octets; the logarithm of their number is uniform. */
export function randomOctets(random: () => number, most = 1_200): Uint8Array<ArrayBuffer> {
  const length = Math.floor(most ** random());
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

function change(bytes: Uint8Array<ArrayBuffer>, random: () => number): Uint8Array<ArrayBuffer> {
  const at = Math.floor(random() * bytes.length);
  switch (Math.floor(random() * 6)) {
    case 0:
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      return bytes;
    case 1:
      if (at < bytes.length) {
        bytes[at] = INTERESTING[Math.floor(random() * INTERESTING.length)] ?? 0;
      }
      return bytes;
    case 2:
      return bytes.slice(0, at);
    case 3:
      return Uint8Array.from([
        ...bytes.slice(0, at),
        ...randomOctets(random, 16),
        ...bytes.slice(at),
      ]);
    case 4:
      return Uint8Array.from([...bytes.slice(0, at), ...bytes.slice(at + 4)]);
    default:
      return bytes.length > 600 ? bytes : Uint8Array.from([...bytes, ...bytes.slice(at)]);
  }
}

const INTERESTING: readonly number[] = [0, 1, 2, 3, 0x7f, 0x80, 0x81, 0x82, 0xff];
