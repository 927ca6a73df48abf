/** Follows a body in chunks while it arrives (RFC 9112 section 7.1). */
export class ChunkedBody {
  /** Whether the last chunk, that of size 0, has arrived. */
  done = false;
  /** What makes the body invalid: `chunk` is a size that cannot be read, `tooLong` more octets than allowed. */
  fault: "chunk" | "tooLong" | undefined = undefined;

  readonly #longest: number;
  readonly #chunks: (readonly [start: number, end: number])[] = [];
  #length = 0;
  /** The offset of the next chunk's line. */
  #at: number;

  /**
   * Begins at the offset after the head.
   *
   * @param longest The most octets of the body.
   */
  constructor(start: number, longest: number) {
    this.#at = start;
    this.#longest = longest;
  }

  /** Takes everything that has arrived so far. */
  update(bytes: Uint8Array): void {
    while (!this.done && this.fault === undefined && this.#readChunk(bytes));
  }

  /** The octets of all chunks. */
  join(bytes: Uint8Array): Uint8Array {
    const body = new Uint8Array(this.#length);
    let offset = 0;
    for (const [start, end] of this.#chunks) {
      body.set(bytes.subarray(start, end), offset);
      offset += end - start;
    }
    return body;
  }

  /** Reads one chunk. Returns false if there is none, or more octets are needed. */
  #readChunk(bytes: Uint8Array): boolean {
    const line = bytes.subarray(this.#at, this.#at + LONGEST_LINE);
    const lineEnd = line.indexOf(LF);
    if (lineEnd < 0) return line.length === LONGEST_LINE && this.#fail("chunk");
    const size = readSize(line.subarray(0, lineEnd));
    if (size === undefined) return this.#fail("chunk");
    if (this.#length + size > this.#longest) return this.#fail("tooLong");
    // Trailers may follow the last chunk; none is needed.
    this.done = size === 0;
    if (this.done) return false;
    const start = this.#at + lineEnd + 1;
    const next = afterLineEnd(bytes, start + size);
    if (next === undefined) return false;
    if (next < 0) return this.#fail("chunk");
    this.#chunks.push([start, start + size]);
    this.#length += size;
    this.#at = next;
    return true;
  }

  #fail(reason: "chunk" | "tooLong"): false {
    this.fault = reason;
    return false;
  }
}

/** The number of hexadecimal digits before an extension; undefined if there is none. */
function readSize(line: Uint8Array): number | undefined {
  const [digits = ""] = new TextDecoder().decode(line).split(";");
  return /^[0-9a-f]{1,16}$/i.test(digits.trim()) ? parseInt(digits, 16) : undefined;
}

/** The offset after the line end at an offset; -1 if something else stands there, undefined if it has not arrived. */
function afterLineEnd(bytes: Uint8Array, at: number): number | undefined {
  if (bytes[at] === LF) return at + 1;
  if (bytes.length < at + 2) return bytes[at] === undefined || bytes[at] === CR ? undefined : -1;
  return bytes[at] === CR && bytes[at + 1] === LF ? at + 2 : -1;
}

/** Our decision, because a size and its extension are short. */
const LONGEST_LINE = 256;

const CR = 0x0d;

const LF = 0x0a;
