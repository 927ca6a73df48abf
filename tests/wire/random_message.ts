/** A message of any opcode with any options, whose reserved octets and padding are zero. */
export function randomMessage(next: () => number, isResponse: boolean): Uint8Array {
  const opcode = next() % 6;
  const fixed = [24, 60, 80, 32, 24, 24][opcode] ?? 24;
  const head = randomOctets(next, fixed);
  head.set([2, opcode | (isResponse ? 0x80 : 0)]);
  const zeros = [
    ...(opcode <= 2 ? [2] : []),
    ...(isResponse ? [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23] : opcode <= 2 ? [3] : []),
    ...(opcode === 1 || opcode === 2 ? [37, 38, 39] : []),
    ...(opcode === 2 ? [62, 63] : []),
  ];
  for (const at of zeros) head[at] = 0;
  const options = Array.from({ length: next() % 6 }, () => randomOption(next));
  return Uint8Array.from([...head, ...options.flat()]);
}

function randomOption(next: () => number): number[] {
  const codes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 100, 128, 129, 130, 192, 255];
  const code = codes[next() % codes.length] ?? 0;
  const usual = new Map([[1, 16], [2, 0], [3, 20], [128, 2], [129, 22], [130, 5], [192, 0]]);
  const length = (next() & 3) === 0 ? next() % 24 : usual.get(code) ?? 4 * (next() % 4);
  const data = [...randomOctets(next, length)];
  if (code === 3 && length === 20) data[0] = 0;
  if (code === 3 && length === 20) data[1] = next() % 129;
  if (code === 128) data.fill(0x61);
  if (code === 129 && length === 22) data.splice(0, 2, 0, 4 + next() % 5);
  if (code === 129 && length === 22) data.splice(14, 4, 0, 1, 0, next() % 33);
  if (code === 130 && length === 5) data[4] = next() & 1;
  return [code, 0, 0, length, ...data, ...new Array<number>((4 - (length & 3)) & 3).fill(0)];
}

/** Random octets from a source of random words. */
export function randomOctets(next: () => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, next);
}
