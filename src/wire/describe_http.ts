/**
 * Describes an HTTP message in one line: its lines with bars between them, its body up to 4 KiB, and how many octets it has
 * besides. Control, invisible and direction-changing characters become blanks.
 */
export function describeHttp(bytes: Uint8Array): string {
  const headLength = lengthOfHead(bytes);
  const head = bytes.subarray(0, Math.min(headLength, MOST_HEAD));
  const body = bytes.subarray(headLength, headLength + MOST_BODY);
  const lines = decode(head).trim().split("\n");
  const shown = body.length === 0 ? lines : [...lines, decode(body)];
  const left = bytes.length - head.length - body.length;
  const end = left === 0 ? [] : [`and ${left} octets more`];
  return [...shown.map((line) => line.replace(UNSAFE, " ").trim()), ...end].join(" | ");
}

/** Octets up to and with the first empty line. */
function lengthOfHead(bytes: Uint8Array): number {
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(LINE_FEED, start);
    if (end < 0) return bytes.length;
    const isEmpty = end === start || (end === start + 1 && bytes[start] === CARRIAGE_RETURN);
    start = end + 1;
    if (isEmpty) return start;
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Octets that are shown; the messages of all measured devices have less than one tenth. */
const MOST_HEAD = 4_096;
const MOST_BODY = 4_096;

/** Controls, formats, surrogates, private use, unassigned, line and paragraph separators. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]+/gu;
