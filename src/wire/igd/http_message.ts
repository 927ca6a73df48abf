import type { IpAddress } from "../address.ts";
import { type Decoded, decoded, refused } from "../errors.ts";
import { ChunkedBody } from "./chunked_body.ts";
import { endOfHead, type Head, readHead, writeHead } from "./header_lines.ts";
import { encodeUtf8 } from "./text.ts";

/** Where a request goes. */
export interface HttpTarget {
  /** The address of the connection. */
  readonly address: IpAddress;
  /** The TCP port, 1 to 65535. */
  readonly port: number;
  /** The path with the query, printable ASCII that begins with `/`. */
  readonly path: string;
}

/** The response to a request. */
export interface HttpResponse {
  /** The status as sent: three digits, or fewer from routers that cut the status line (`HTTP/1.1 2`). */
  readonly status: number;
  /** The first digit of the status, 2 to 5. */
  readonly statusClass: number;
  /** Headers by name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** The body without its framing. */
  readonly body: Uint8Array;
  /** Whether the connection was closed before as many octets came as Content-Length says. */
  readonly cut: boolean;
}

/**
 * The rule that a response breaks:
 *
 * - `empty`: the connection was closed without any octet.
 * - `head`: the head does not end, is longer than 16 KiB or has more than 100 headers.
 * - `statusLine`: it does not begin with `HTTP/` and a status of class 1 to 5.
 * - `informational`: more than 4 responses of class 1 before the one that counts.
 * - `chunk`: a chunk has no valid size, or the last chunk is missing.
 * - `tooLong`: the body is longer than allowed.
 */
export type HttpReason = "empty" | "head" | "statusLine" | "informational" | "chunk" | "tooLong";

/** The most octets of a description's body; our decision, because the longest measured one has 8 KiB. */
export const LONGEST_DESCRIPTION = 262_144;

/** The most octets of an action's response; our decision, because the longest measured one has 2 KiB. */
export const LONGEST_SOAP = 65_536;

/** The most octets of a head; our decision, because no measured one is longer than 1 KiB. */
export const LONGEST_HEAD = 16_384;

/**
 * Encodes the request for a description.
 *
 * @throws {RangeError} If the port or path is invalid.
 */
export function encodeGet(target: HttpTarget): Uint8Array<ArrayBuffer> {
  return encodeUtf8(writeHead([...requestStart("GET", target), "Connection: close"]));
}

/**
 * Encodes a request of SOAP: head and body in one piece, because a router of TP-Link refuses a body that arrives later
 * than its head. Order and spelling of the headers are those that routers have been tried with most.
 *
 * @param action Service type and action, `urn:…:WANIPConnection:1#AddPortMapping`.
 * @throws {RangeError} If the port or path is invalid.
 */
export function encodePost(
  target: HttpTarget,
  action: string,
  body: string,
): Uint8Array<ArrayBuffer> {
  const head = writeHead([
    ...requestStart("POST", target),
    `Content-Length: ${encodeUtf8(body).length}`,
    'Content-Type: text/xml; charset="utf-8"',
    `SOAPAction: "${action}"`,
    "Connection: close",
  ]);
  return encodeUtf8(head + body);
}

/**
 * Decodes everything that was read from a connection, up to the end of the response or of the connection. Octets after
 * the response are ignored. Never throws.
 *
 * @param longest The most octets of the body.
 */
export function decodeHttpResponse(
  bytes: Uint8Array,
  longest: number,
): Decoded<HttpResponse, HttpReason> {
  const frame = new HttpFrame(longest);
  frame.update(bytes);
  return frame.response(bytes);
}

/** Follows a response while it arrives, to find its end. */
export class HttpFrame {
  readonly #longest: number;
  /** The offset of the status line. */
  #start = 0;
  /** The offset up to which the head has been searched; then that of the body. */
  #at = 0;
  #informational = 0;
  #head: Head | undefined = undefined;
  #status = 0;
  #chunked: ChunkedBody | undefined = undefined;
  /** The end of a body whose length is known. */
  #end: number | undefined = undefined;
  #fault: HttpReason | undefined = undefined;

  /**
   * Begins with no octet.
   *
   * @param longest The most octets of the body.
   */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /**
   * Takes everything that has arrived so far: each time the same octets and those that follow.
   *
   * @returns Whether the response is complete or invalid, so that no further octet matters.
   */
  update(bytes: Uint8Array): boolean {
    while (this.#head === undefined && this.#fault === undefined && this.#readHead(bytes));
    if (this.#head === undefined || this.#fault !== undefined) return this.#fault !== undefined;
    if (this.#chunked !== undefined) {
      this.#chunked.update(bytes);
      this.#fault = this.#chunked.fault;
      return this.#chunked.done || this.#fault !== undefined;
    }
    if ((this.#end ?? bytes.length) - this.#at > this.#longest) this.#fail("tooLong");
    return this.#fault !== undefined || (this.#end !== undefined && bytes.length >= this.#end);
  }

  /** The response, when no more octets will arrive. `bytes` are those of the last {@linkcode HttpFrame.update}. */
  response(bytes: Uint8Array): Decoded<HttpResponse, HttpReason> {
    if (bytes.length === 0) return refused("empty");
    if (this.#fault !== undefined) return refused(this.#fault);
    if (this.#head === undefined) return refused("head");
    if (this.#chunked?.done === false) return refused("chunk");
    return decoded({
      status: this.#status,
      statusClass: classOf(this.#status),
      headers: this.#head.headers,
      body: this.#chunked?.join(bytes) ?? bytes.slice(this.#at, this.#end),
      cut: this.#end !== undefined && bytes.length < this.#end,
    });
  }

  /** Reads one head. Returns whether another one follows. */
  #readHead(bytes: Uint8Array): boolean {
    const end = endOfHead(bytes, this.#at);
    if ((end < 0 ? bytes.length : end) - this.#start > LONGEST_HEAD) return this.#fail("head");
    if (end < 0) {
      // The empty line may have arrived in part.
      this.#at = Math.max(this.#at, bytes.length - 2);
      return false;
    }
    const head = readHead(bytes.subarray(this.#start, end));
    this.#at = end;
    if (head.lines > MOST_HEADERS) return this.#fail("head");
    const status = readStatus(head.start);
    if (status === undefined) return this.#fail("statusLine");
    if (classOf(status) > 1) return this.#beginBody(head, status);
    this.#start = end;
    this.#informational++;
    return this.#informational <= MOST_INFORMATIONAL || this.#fail("informational");
  }

  /** Chunks come before Content-Length (RFC 9112 section 6.3); a length that is not a number is ignored. */
  #beginBody(head: Head, status: number): false {
    this.#head = head;
    this.#status = status;
    const length = head.headers.get("content-length") ?? "";
    if (/\bchunked$/i.test(head.headers.get("transfer-encoding") ?? "")) {
      this.#chunked = new ChunkedBody(this.#at, this.#longest);
    } else if (/^\d+$/.test(length)) {
      this.#end = this.#at + Number(length);
    }
    return false;
  }

  #fail(reason: HttpReason): false {
    this.#fault = reason;
    return false;
  }
}

function requestStart(method: "GET" | "POST", { address, port, path }: HttpTarget): string[] {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new RangeError(
      `Cannot encode a request: the port must be an integer from 1 to 65535, got "${port}"`,
    );
  }
  if (!/^\/[!-~]*$/.test(path)) {
    throw new RangeError(
      `Cannot encode a request: the path must be printable ASCII and begin with "/", got "${path}"`,
    );
  }
  const text = address.withScope(undefined).toString();
  const host = address.family === "IPv4" ? text : `[${text}]`;
  return [`${method} ${path} HTTP/1.1`, `Host: ${host}${port === 80 ? "" : `:${port}`}`];
}

/** The status of a status line: the digits, one to three, that follow the version. */
function readStatus(line: string): number | undefined {
  const [version = "", status = ""] = line.split(" ").filter((part) => part !== "");
  const [digits] = /^[1-5]\d{0,2}/.exec(status) ?? [];
  return digits === undefined || !/^http\//i.test(version) ? undefined : Number(digits);
}

/** The first digit of a status. */
function classOf(status: number): number {
  return Number(String(status)[0]);
}

/** Our decisions, because measured routers send at most 12 headers and one response of class 1. */
const MOST_HEADERS = 100;
const MOST_INFORMATIONAL = 4;
