/**
 * The framing of the LSP base protocol: headers in ASCII, each ended by CRLF, an empty line, then as many octets of
 * JSON in UTF-8 as `Content-Length` says.
 */

/** The start of the next message cannot be found: the stream cannot be read any further. */
export class FramingError extends Error {
  /** The class's name. */
  override readonly name = "FramingError";
}

/** One message: its text, or why it could not be decoded. The next message is read all the same. */
export type Frame =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string };

/** The longest message accepted, in octets: 64 MiB. */
export const MAX_CONTENT_LENGTH: number = 64 * 1024 * 1024;

/** The longest headers accepted, in octets. */
export const MAX_HEADER_LENGTH = 16_384;

/** A message with its headers. */
export function encodeFrame(message: unknown): Uint8Array<ArrayBuffer> {
  const body = encoder.encode(JSON.stringify(message));
  const header = encoder.encode(`Content-Length: ${body.length}\r\n\r\n`);
  const frame = new Uint8Array(header.length + body.length);
  frame.set(header);
  frame.set(body, header.length);
  return frame;
}

/** Cuts a stream of octets, in chunks of any size, into messages. */
export class FrameDecoder {
  #buffer: Uint8Array = new Uint8Array(INITIAL_CAPACITY);
  #start = 0;
  #end = 0;
  #content: Content | undefined;

  /** Whether no part of a message has been read. */
  get isIdle(): boolean {
    return this.#start === this.#end && this.#content === undefined;
  }

  /** Adds the next octets of the stream. */
  push(chunk: Uint8Array): void {
    this.#makeRoom(chunk.length);
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /**
   * The next message, or undefined until more octets have come.
   *
   * @throws {FramingError} If the headers do not give the length of the message.
   */
  next(): Frame | undefined {
    this.#content ??= this.#readHeaders();
    const content = this.#content;
    if (content === undefined || this.#end - this.#start < content.length) return undefined;
    const body = this.#buffer.subarray(this.#start, this.#start + content.length);
    this.#start += content.length;
    this.#content = undefined;
    return decodeBody(body, content.charset);
  }

  #readHeaders(): Content | undefined {
    const available = this.#buffer.subarray(this.#start, this.#end);
    const length = endOfHeaders(available);
    if (length === undefined) {
      if (hasBareLineFeed(available)) {
        throw new FramingError(
          "Cannot read a message: each header must end with CR and LF, got LF",
        );
      }
      if (available.length > MAX_HEADER_LENGTH) {
        throw new FramingError(
          `Cannot read a message: its headers must end within ${MAX_HEADER_LENGTH} octets`,
        );
      }
      return undefined;
    }
    this.#start += length;
    return parseHeaders(available.subarray(0, length));
  }

  #makeRoom(length: number): void {
    const used = this.#end - this.#start;
    const needed = used + length;
    const oversized = this.#buffer.length > KEPT_CAPACITY && needed <= INITIAL_CAPACITY;
    if (this.#end + length <= this.#buffer.length && !oversized) return;
    const capacity = needed <= INITIAL_CAPACITY ? INITIAL_CAPACITY : needed * 2;
    const buffer = capacity > this.#buffer.length || oversized
      ? new Uint8Array(capacity)
      : this.#buffer;
    buffer.set(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = used;
  }
}

interface Content {
  readonly length: number;
  readonly charset: string;
}

const encoder = new TextEncoder();
const INITIAL_CAPACITY = 65_536;
const KEPT_CAPACITY = 1_048_576;
const CR = 13;
const LF = 10;

/** Length of the headers with the empty line that ends them. */
function endOfHeaders(bytes: Uint8Array): number | undefined {
  for (let at = bytes.indexOf(CR); at >= 0; at = bytes.indexOf(CR, at + 1)) {
    if (bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF) return at + 4;
  }
  return undefined;
}

/** Without this check, headers that end with LF alone would never end. */
function hasBareLineFeed(bytes: Uint8Array): boolean {
  return bytes.some((octet, at) => octet === LF && bytes[at - 1] !== CR);
}

function parseHeaders(bytes: Uint8Array): Content {
  let length: number | undefined;
  let charset = "utf-8";
  for (const line of new TextDecoder("latin1").decode(bytes).split("\r\n")) {
    if (line === "") continue;
    const colon = line.indexOf(":");
    if (colon < 1) {
      throw new FramingError(
        `Cannot read a message: a header must be "Name: value", got ${quote(line)}`,
      );
    }
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === "content-length") length = parseLength(value, length);
    else if (name === "content-type") charset = charsetOf(value);
  }
  if (length !== undefined) return { length, charset };
  throw new FramingError("Cannot read a message: it has no Content-Length");
}

function parseLength(value: string, before: number | undefined): number {
  const length = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
  if (length <= MAX_CONTENT_LENGTH && (before === undefined || before === length)) return length;
  throw new FramingError(
    `Cannot read a message: Content-Length must be one number of octets up to ${MAX_CONTENT_LENGTH}, got ${
      quote(value)
    }`,
  );
}

function charsetOf(contentType: string): string {
  return /;\s*charset="?([^";\s]+)/i.exec(contentType)?.[1]?.toLowerCase() ?? "utf-8";
}

function decodeBody(body: Uint8Array, charset: string): Frame {
  // Early LSP clients sent "utf8".
  if (charset !== "utf-8" && charset !== "utf8") {
    return { ok: false, reason: `the charset must be "utf-8", got ${quote(charset)}` };
  }
  try {
    return { ok: true, text: new TextDecoder("utf-8", { fatal: true }).decode(body) };
  } catch (error) {
    if (error instanceof TypeError) return { ok: false, reason: "it is not valid UTF-8" };
    throw error;
  }
}

/** Received text, quoted and shortened. */
function quote(text: string): string {
  return JSON.stringify(text.length <= 60 ? text : `${text.slice(0, 60)}…`);
}
