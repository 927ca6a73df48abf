import { decodeUtf8 } from "./text.ts";

/** The start line and the headers of an SSDP or HTTP message. */
export interface Head {
  /** The first line, without white space around it. */
  readonly start: string;
  /** Values by name in lower case; of two headers with one name the first counts. */
  readonly headers: ReadonlyMap<string, string>;
  /** Number of lines that follow the first, those without a colon included. */
  readonly lines: number;
}

/**
 * Reads the lines of a head. A line ends with LF, with or without CR before it, because some routers leave out the CR.
 * An empty line ends the head. A line without a colon, or that begins with white space, is skipped.
 */
export function readHead(bytes: Uint8Array): Head {
  const [start = "", ...lines] = decodeUtf8(bytes).split("\n");
  const headers = new Map<string, string>();
  let count = 0;
  for (const line of lines) {
    if (line === "" || line === "\r") break;
    count++;
    const colon = line.indexOf(":");
    if (colon <= 0 || line.startsWith(" ") || line.startsWith("\t")) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  return { start: start.trim(), headers, lines: count };
}

/** Joins lines as they are sent: each ends with CR LF, and an empty line ends the head. */
export function writeHead(lines: readonly string[]): string {
  return [...lines, "", ""].join("\r\n");
}

/**
 * The offset after the empty line that ends a head, or -1 if there is none.
 *
 * @param from Where to begin; an offset that an earlier search of the same octets has passed, less 3.
 */
export function endOfHead(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return -1;
}

const CR = 0x0d;

const LF = 0x0a;
