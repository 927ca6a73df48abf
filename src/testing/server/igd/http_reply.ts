import type { HttpQuirks } from "./options.ts";

/** A response, as pieces that are sent one after the other. */
export interface HttpReply {
  readonly status: number;
  readonly body: Uint8Array;
  /** Lines besides those of the frame. */
  readonly headers?: readonly string[];
}

/** The octets of a response. */
export function encodeReply(reply: HttpReply, quirks: HttpQuirks = {}): Uint8Array {
  const { status, body, headers = [] } = reply;
  const framing = quirks.framing ?? "length";
  const version = quirks.oldVersion ? "HTTP/1.0" : "HTTP/1.1";
  const shown = quirks.shortStatus
    ? String(status).slice(0, 1)
    : `${status} ${REASONS[status] ?? "Error"}`;
  const end = quirks.lineFeed ? "\n" : "\r\n";
  const head = [
    `${version} ${shown}`,
    ...[
      ...(framing === "length" ? [`Content-Length: ${body.length}`] : []),
      ...(framing === "chunked" ? ["Transfer-Encoding: chunked"] : []),
      'Content-Type: text/xml; charset="utf-8"',
      "Server: sim/1 UPnP/1.1 portcontrol-gateway/1",
      ...(quirks.keepOpen ? [] : ["Connection: close"]),
      ...headers,
    ].map((line) => quirks.noSpace ? line.replace(": ", ":") : line),
    "",
    "",
  ].join(end);
  const before = quirks.continues ? `HTTP/1.1 100 Continue${end}${end}` : "";
  return join([
    encode(before + head),
    ...(framing === "chunked" ? chunksOf(body, end) : [body]),
  ]);
}

/** Chunks of at most 100 octets, the first with an extension (RFC 9112 section 7.1). */
function chunksOf(body: Uint8Array, end: string): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += 100) {
    const chunk = body.subarray(at, at + 100);
    const extension = at === 0 ? ";first=1" : "";
    pieces.push(encode(`${chunk.length.toString(16)}${extension}${end}`), chunk, encode(end));
  }
  return [...pieces, encode(`0${end}${end}`)];
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  302: "Found",
  404: "Not Found",
  405: "Method Not Allowed",
  411: "Length Required",
  500: "Internal Server Error",
  501: "Cannot Do That",
};
