/** The four 32-bit words of an address. */
export type Words = readonly [number, number, number, number];

/** The words of an address in text without a scope; `undefined` if the text is not an address. */
export function parseWords(text: string): Words | undefined {
  if (text.includes(":")) return parseIpv6(text);
  const word = parseIpv4(text);
  return word === undefined ? undefined : [0, 0, 0xffff, word];
}

/** The dotted quad of one word. */
export function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/** The text of RFC 5952 section 4: lower case, no leading zeros, `::` for the first longest run of two or more zeros. */
export function formatIpv6(w0: number, w1: number, w2: number, w3: number): string {
  const groups = [w0, w1, w2, w3].flatMap((word) => [word >>> 16, word & 0xffff]);
  let start = 0;
  let longest = 1;
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (to < 8 && groups[to] === 0) to++;
    if (to - from > longest) {
      start = from;
      longest = to - from;
    }
  }
  if (longest === 1) return hexGroups(groups);
  return `${hexGroups(groups.slice(0, start))}::${hexGroups(groups.slice(start + longest))}`;
}

function hexGroups(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(":");
}

/**
 * Four numbers up to 255 without leading zeros, which some parsers read as octal. No regular expression: its compilation
 * takes half a millisecond, and every program parses an address before its first request.
 */
function parseIpv4(text: string): number | undefined {
  if (text.length > LONGEST_IPV4) return undefined;
  const quad = text.split(".");
  if (quad.length !== 4) return undefined;
  let word = 0;
  for (const digits of quad) {
    const octet = Number(digits);
    // Number() accepts more than digits, such as " 1" and "0x1".
    if (!(octet >= 0 && octet <= 255) || String(octet) !== digits) return undefined;
    word = (word << 8) | octet;
  }
  return word;
}

/** The three forms of RFC 4291 section 2.2. */
function parseIpv6(text: string): Words | undefined {
  if (text.length > LONGEST_IPV6) return undefined;
  const [front = "", back, rest] = text.split("::");
  if (rest !== undefined) return undefined;
  const head = parseGroups(front, back === undefined);
  const tail = back === undefined ? [] : parseGroups(back, true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  // "::" stands for at least one group, and without it there must be all eight.
  if (back === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const word = (at: number): number =>
    groups.slice(at, at + 2).reduce((high, low) => (high << 16) | low, 0);
  return [word(0), word(2), word(4), word(6)];
}

/** Groups between colons; the last one may be a dotted quad at the end of the address. */
function parseGroups(text: string, atEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(parseInt(part, 16));
      continue;
    }
    const quad = atEnd && index === parts.length - 1 ? parseIpv4(part) : undefined;
    if (quad === undefined) return undefined;
    groups.push(quad >>> 16, quad & 0xffff);
  }
  return groups;
}

/** A full dotted quad. */
const LONGEST_IPV4 = 15;

/** Six full groups and a full dotted quad. */
const LONGEST_IPV6 = 45;
