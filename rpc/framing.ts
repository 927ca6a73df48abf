/**
 * The framing of the LSP base protocol: headers in ASCII, an empty line, then as many octets of JSON in UTF-8 as
 * `Content-Length` says.
 */
import { FramingError, type Header, lengthOfBlanks, quote, readHeader } from "./header.ts";
import { ENOUGH_FOR_ID, idAtStart } from "./id_at_start.ts";
import { printableJson } from "../src/printable.ts";
import { LIMITS } from "./limits.ts";

/** One message: its text, or why it could not be read. The next message is read all the same. */
export type Frame =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string }
  | TooLong;

/** A message that is longer than `most`. It was not kept, but for its id, if that comes before its params. */
export interface TooLong {
  readonly ok: false;
  readonly length: number;
  readonly most: number;
  readonly id: string | number | null;
}

/** A message with its headers. It is printable, as its reader may be a terminal. */
export function encodeFrame(message: unknown): Uint8Array<ArrayBuffer> {
  const body = encoder.encode(printableJson(message));
  const header = encoder.encode(`Content-Length: ${body.length}\r\n\r\n`);
  const frame = new Uint8Array(header.length + body.length);
  frame.set(header);
  frame.set(body, header.length);
  return frame;
}

/** Cuts a stream of octets, in chunks of any size, into messages. */
export class FrameDecoder {
  readonly #maxMessage: number;
  #buffer: Uint8Array = new Uint8Array(INITIAL_CAPACITY);
  #start = 0;
  #end = 0;
  #header: Header | undefined;
  /** Octets of a message that is too long, which have not come yet. */
  #skipping = 0;
  /** The length of the message before. */
  #lengthBefore: number | undefined;

  /** @param maxMessage The longest message in octets. */
  constructor(maxMessage: number = LIMITS.message) {
    this.#maxMessage = maxMessage;
  }

  /** Whether no part of a message has been read. */
  get isIdle(): boolean {
    return this.buffered === 0 && this.#header === undefined && this.#skipping === 0;
  }

  /** Octets that wait to be decoded. */
  get buffered(): number {
    return this.#end - this.#start;
  }

  /** What the rest of the message under way is, for a complaint; undefined between two messages. */
  get missing(): string | undefined {
    if (this.#skipping > 0) return restOf(this.#skipping, this.#skipping);
    if (this.#header !== undefined) {
      return restOf(this.#header.length - this.buffered, this.#header.length);
    }
    if (this.isIdle) return undefined;
    const text = new TextDecoder("latin1").decode(this.#buffer.subarray(this.#start, this.#end));
    return `the end of the headers, which is an empty line, after ${quote(text)}`;
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
    this.#skip();
    if (this.#skipping > 0) return undefined;
    this.#header ??= this.#readHeader();
    if (this.#header === undefined) return undefined;
    const { length, charset } = this.#header;
    const isTooLong = length > this.#maxMessage;
    if (this.buffered < (isTooLong ? Math.min(length, ENOUGH_FOR_ID) : length)) return undefined;
    this.#header = undefined;
    this.#lengthBefore = length;
    const body = this.#buffer.subarray(this.#start, Math.min(this.#start + length, this.#end));
    if (isTooLong) {
      const id = idAtStart(body.subarray(0, ENOUGH_FOR_ID));
      this.#skipping = length;
      this.#skip();
      return { ok: false, length, most: this.#maxMessage, id };
    }
    this.#start += length;
    return decodeBody(body, charset);
  }

  #skip(): void {
    const skipped = Math.min(this.#skipping, this.buffered);
    this.#skipping -= skipped;
    this.#start += skipped;
  }

  #readHeader(): Header | undefined {
    this.#start += lengthOfBlanks(this.#buffer.subarray(this.#start, this.#end));
    try {
      const header = readHeader(this.#buffer.subarray(this.#start, this.#end));
      this.#start += header?.size ?? 0;
      return header;
    } catch (error) {
      if (!(error instanceof FramingError) || this.#lengthBefore === undefined) throw error;
      error.message +=
        `; the message before it had ${this.#lengthBefore} octets by its Content-Length, which must count octets, not characters`;
      throw error;
    }
  }

  #makeRoom(length: number): void {
    const used = this.buffered;
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

const encoder = new TextEncoder();
const INITIAL_CAPACITY = 65_536;
const BLANK = 32;
const KEPT_CAPACITY = 1_048_576;

function restOf(missing: number, length: number): string {
  return `${missing} more octets of a message of ${length}; Content-Length must count octets`;
}

function decodeBody(body: Uint8Array, charset: string): Frame {
  // Early LSP clients sent "utf8".
  if (charset !== "utf-8" && charset !== "utf8") {
    return { ok: false, reason: `the charset must be "utf-8", got ${quote(charset)}` };
  }
  const [first = BLANK, second = BLANK] = body;
  if (body.length % 2 === 0 && (first === 0 || second === 0 || first >= 0xfe && second >= 0xfe)) {
    return { ok: false, reason: "it is in UTF-16 and must be in UTF-8" };
  }
  try {
    return { ok: true, text: new TextDecoder("utf-8", { fatal: true }).decode(body) };
  } catch (error) {
    if (error instanceof TypeError) return { ok: false, reason: "it is not valid UTF-8" };
    throw error;
  }
}
