/** The headers of a message. They are read as leniently as is safe: text modes, pipes and shells change line ends. */

/** The start of the next message cannot be found: the stream cannot be read any further. */
export class FramingError extends Error {
  /** The class's name. */
  override readonly name = "FramingError";

  /** @param fault What is wrong, after the words "Cannot read a message". */
  constructor(fault: string) {
    super(`Cannot read a message: ${fault}`);
  }
}

/** What the headers of a message say. */
export interface Header {
  /** Octets of the message. */
  readonly length: number;
  readonly charset: string;
  /** Octets of the headers, with the empty line that ends them. */
  readonly size: number;
}

/** The longest headers accepted, in octets. */
export const MAX_HEADER_LENGTH = 16_384;

/** A whole message, for complaints. Its line ends are written out. */
export const EXAMPLE =
  'Content-Length: 46\\r\\n\\r\\n{"jsonrpc":"2.0","id":1,"method":"initialize"}';

/** Octets before the headers that mean nothing: empty lines, blanks, and the mark that some programs begin UTF-8 with. */
export function lengthOfBlanks(octets: Uint8Array): number {
  let at = 0;
  for (;;) {
    if (isBlank(octets[at])) at++;
    else if (startsWith(octets.subarray(at), BYTE_ORDER_MARK)) at += BYTE_ORDER_MARK.length;
    else return at;
  }
}

/**
 * Reads the headers at the start of `octets`; undefined until the empty line that ends them is there. A line ends with CR LF,
 * or with LF, CR, or CR CR LF, which text modes make of it.
 *
 * @throws {FramingError} If they cannot become valid headers.
 */
export function readHeader(octets: Uint8Array): Header | undefined {
  complainAboutStart(octets);
  let length: number | undefined;
  let charset = "utf-8";
  for (let at = 0;;) {
    const end = endOfLine(octets, at);
    const line = decode(octets.subarray(at, end?.at)).trim();
    if (JSON_IN_HEADERS.test(line)) {
      throw new FramingError(
        `an empty line must come between the headers and the JSON, got ${
          quote(line)
        }; as in ${EXAMPLE}`,
      );
    }
    if (end === undefined) {
      if (octets.length <= MAX_HEADER_LENGTH) return undefined;
      throw new FramingError(`its headers must end within ${MAX_HEADER_LENGTH} octets`);
    }
    at = end.next;
    if (line === "") {
      if (length !== undefined) return { length, charset, size: at };
      throw new FramingError(`it has no Content-Length; each message begins as in ${EXAMPLE}`);
    }
    const [, name, value = ""] = /^([^\s:]+)\s*:(.*)$/.exec(line) ?? [];
    if (name === undefined) {
      throw new FramingError(
        `a header must be "Name: value", got ${quote(line)}; each message begins as in ${EXAMPLE}`,
      );
    }
    if (/^content-length$/i.test(name)) length = parseLength(value.trim(), length);
    else if (/^content-type$/i.test(name)) charset = charsetOf(value);
  }
}

/** Faults that the first octets show, though the end of the line may never come. */
function complainAboutStart(octets: Uint8Array): void {
  const [first = BLANK, second = BLANK] = octets;
  const mark = first << 8 | second;
  if (first === 0 || second === 0 || mark === 0xfffe || mark === 0xfeff) {
    throw new FramingError(
      "it is in UTF-16, as Windows PowerShell writes text to a pipe; it must be in UTF-8, the headers in ASCII",
    );
  }
  if (JSON_STARTS.includes(first)) {
    throw new FramingError(
      `it has no Content-Length; this server reads Content-Length framing, not lines of JSON, got ${
        quote(decode(octets.subarray(0, LONGEST_QUOTE + 1)))
      }; write as in ${EXAMPLE}`,
    );
  }
}

/** Where a line ends, and the next one begins; undefined if that cannot be known yet. */
function endOfLine(octets: Uint8Array, from: number): { at: number; next: number } | undefined {
  let at = from;
  while (at < octets.length && octets[at] !== CR && octets[at] !== LF) at++;
  let next = at;
  while (octets[next] === CR) next++;
  if (next === octets.length) return undefined;
  // CRs without an LF end a line each.
  return { at, next: octets[next] === LF ? next + 1 : at + 1 };
}

function parseLength(value: string, before: number | undefined): number {
  const length = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
  if (length <= MOST && (before === undefined || before === length)) return length;
  throw new FramingError(
    `Content-Length must be one number of octets up to ${MOST}, got ${quote(value)}`,
  );
}

function charsetOf(contentType: string): string {
  return /;\s*charset="?([^";\s]+)/i.exec(contentType)?.[1]?.toLowerCase() ?? "utf-8";
}

/** Octets. A longer message is none: the header itself must be wrong. */
const MOST = 1024 ** 3;
const CR = 13;
const LF = 10;
const BLANK = 32;
const BYTE_ORDER_MARK = Uint8Array.of(0xef, 0xbb, 0xbf);
/** A line that the JSON begins in, because an empty line is missing. */
const JSON_IN_HEADERS = /^([{[]|content-length\s*:\s*\d+\s*[{[])/i;
/** Of an object, an array or a text. */
const JSON_STARTS: readonly number[] = [...'{["'].map((character) => character.charCodeAt(0));

function isBlank(octet: number | undefined): boolean {
  return octet === CR || octet === LF || octet === BLANK || octet === 9;
}

function startsWith(octets: Uint8Array, start: Uint8Array): boolean {
  return start.every((octet, at) => octets[at] === octet);
}

function decode(octets: Uint8Array): string {
  return latin1.decode(octets);
}

const latin1 = new TextDecoder("latin1");

/** Received text, quoted and shortened. */
export function quote(text: string): string {
  return JSON.stringify(
    text.length <= LONGEST_QUOTE ? text : `${text.slice(0, LONGEST_QUOTE)}…`,
  );
}

const LONGEST_QUOTE = 60;
