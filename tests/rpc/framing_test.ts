import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  encodeFrame,
  type Frame,
  FrameDecoder,
  FramingError,
  MAX_CONTENT_LENGTH,
  MAX_HEADER_LENGTH,
} from "../../rpc/framing.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("encodeFrame() writes Content-Length in octets, CRLF CRLF, then JSON in UTF-8", () => {
  const frame = encodeFrame({ a: "é€😀" });
  assertEquals(
    [...frame],
    [...bytes('Content-Length: 17\r\n\r\n{"a":"é€😀"}')],
  );
});

Deno.test("FrameDecoder reads a message that comes in one chunk", () => {
  assertEquals(decode("Content-Length: 2\r\n\r\n{}"), [{ ok: true, text: "{}" }]);
});

Deno.test("FrameDecoder reads header names in any case, with and without spaces", () => {
  for (
    const header of [
      "content-length: 2",
      "CONTENT-LENGTH:2",
      "Content-length:    2",
      "cOnTeNt-LeNgTh: 2  ",
      "Content-Length:\t2",
    ]
  ) {
    assertEquals(decode(`${header}\r\n\r\n{}`), [{ ok: true, text: "{}" }], header);
  }
});

Deno.test("FrameDecoder lets headers through that it does not know, before and after", () => {
  const text = "X-First: a: b\r\nContent-Length: 2\r\nX-Last:\r\n\r\n{}";
  assertEquals(decode(text), [{ ok: true, text: "{}" }]);
});

Deno.test("FrameDecoder takes both spellings of UTF-8 in Content-Type, quoted or not", () => {
  for (const charset of ["utf-8", "utf8", '"UTF-8"', "UTF8; x=y"]) {
    const type = `Content-Type: application/vscode-jsonrpc; charset=${charset}`;
    assertEquals(decode(`${type}\r\nContent-Length: 2\r\n\r\n{}`), [{ ok: true, text: "{}" }]);
  }
});

Deno.test("FrameDecoder reports a message in another charset, or not in UTF-8, and goes on", () => {
  const type = "Content-Type: application/json; charset=utf-16";
  const decoder = new FrameDecoder();
  decoder.push(bytes(`${type}\r\nContent-Length: 2\r\n\r\n{}`));
  decoder.push(Uint8Array.of(...bytes("Content-Length: 3\r\n\r\n"), 0xff, 0xfe, 0x7b));
  decoder.push(bytes("Content-Length: 2\r\n\r\n[]"));
  assertEquals(decoder.next(), { ok: false, reason: 'the charset must be "utf-8", got "utf-16"' });
  assertEquals(decoder.next(), { ok: false, reason: "it is not valid UTF-8" });
  assertEquals(decoder.next(), { ok: true, text: "[]" });
});

Deno.test("FrameDecoder counts octets, not characters", () => {
  const body = '{"a":"é€😀"}';
  assertEquals(bytes(body).length, 17);
  assertEquals(
    decode(`Content-Length: 17\r\n\r\n${body}Content-Length: 2\r\n\r\n{}`),
    [{ ok: true, text: body }, { ok: true, text: "{}" }],
  );
});

Deno.test("FrameDecoder reads several messages of one chunk, an empty one included", () => {
  const text = "Content-Length: 2\r\n\r\n{}Content-Length: 0\r\n\r\nContent-Length: 1\r\n\r\n3";
  assertEquals(decode(text), [
    { ok: true, text: "{}" },
    { ok: true, text: "" },
    { ok: true, text: "3" },
  ]);
});

Deno.test("FrameDecoder reads the same whatever the chunks, down to one octet each", () => {
  const stream = new Uint8Array([
    ...encodeFrame({ a: "é€😀" }),
    ...bytes("X: y\r\ncontent-length: 4\r\n\r\nnull"),
    ...encodeFrame([1, 2, 3]),
  ]);
  const whole = decodeBytes([stream]);
  assertEquals(whole.length, 3);
  assertEquals(decodeBytes([...stream].map((octet) => Uint8Array.of(octet))), whole);
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 20 }), (cuts) => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
      const chunks = at.slice(1).map((end, index) => stream.subarray(at[index], end));
      assertEquals(decodeBytes(chunks), whole);
    }),
    { numRuns: 200 },
  );
});

Deno.test("what encodeFrame() writes, FrameDecoder reads", () => {
  fc.assert(
    fc.property(fc.array(fc.json(), { minLength: 1, maxLength: 5 }), (texts) => {
      const values = texts.map((text) => JSON.parse(text));
      const decoded = decodeBytes(values.map((value) => encodeFrame(value)));
      assertEquals(
        decoded.map((frame) => frame.ok ? JSON.parse(frame.text) : frame),
        JSON.parse(JSON.stringify(values)),
      );
    }),
    { numRuns: 200 },
  );
});

Deno.test("FrameDecoder reads a message of many megabytes", () => {
  const text = "x".repeat(10_000_000);
  const frame = encodeFrame(text);
  const decoder = new FrameDecoder();
  for (let at = 0; at < frame.length; at += 65_536) {
    assertEquals(decoder.next(), undefined);
    decoder.push(frame.subarray(at, at + 65_536));
  }
  assertEquals(decoder.next(), { ok: true, text: JSON.stringify(text) });
  assertEquals(decoder.isIdle, true);
  decoder.push(bytes("Content-Length: 2\r\n\r\n{}"));
  assertEquals(decoder.next(), { ok: true, text: "{}" });
});

Deno.test("FrameDecoder refuses headers without a valid length", () => {
  const missing = "Cannot read a message: it has no Content-Length";
  const one =
    `Cannot read a message: Content-Length must be one number of octets up to ${MAX_CONTENT_LENGTH}, got `;
  const faulty: [string, string][] = [
    ["\r\n\r\n", missing],
    ["Content-Type: application/json\r\n\r\n{}", missing],
    ["Content-Length: -1\r\n\r\n", `${one}"-1"`],
    ["Content-Length: 1e3\r\n\r\n", `${one}"1e3"`],
    ["Content-Length: 0x10\r\n\r\n", `${one}"0x10"`],
    ["Content-Length: 2.0\r\n\r\n", `${one}"2.0"`],
    ["Content-Length:\r\n\r\n", `${one}""`],
    ["Content-Length: 67108865\r\n\r\n", `${one}"67108865"`],
    ["Content-Length: 999999999999999999999\r\n\r\n", `${one}"999999999999999999999"`],
    ["Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", `${one}"3"`],
    [
      "Content-Length: 2\n\n{}",
      "Cannot read a message: each header must end with CR and LF, got LF",
    ],
    ['{"jsonrpc":"2.0"}\r\n\r\n', "Cannot read a message: it has no Content-Length"],
    ["no header\r\n\r\n", 'Cannot read a message: a header must be "Name: value", got "no header"'],
  ];
  for (const [text, message] of faulty) {
    const error = assertThrows(() => decode(text), FramingError);
    assertInstanceOf(error, FramingError);
    assertEquals(error.message, message, JSON.stringify(text));
  }
});

Deno.test("FrameDecoder refuses headers that do not end within 16 KiB", () => {
  const decoder = new FrameDecoder();
  decoder.push(bytes("x".repeat(MAX_HEADER_LENGTH)));
  assertEquals(decoder.next(), undefined);
  decoder.push(bytes("x"));
  assertThrows(
    () => decoder.next(),
    FramingError,
    `Cannot read a message: its headers must end within ${MAX_HEADER_LENGTH} octets`,
  );
});

Deno.test("FrameDecoder knows whether it is between two messages", () => {
  const decoder = new FrameDecoder();
  assertEquals(decoder.isIdle, true);
  for (const [text, idle] of [["C", false], ["ontent-Length: 0\r\n\r\n", true]] as const) {
    decoder.push(bytes(text));
    decoder.next();
    assertEquals(decoder.isIdle, idle);
  }
  decoder.push(bytes("Content-Length: 5\r\n\r\n"));
  decoder.next();
  assertEquals(decoder.isIdle, false);
});

function decode(text: string): Frame[] {
  return decodeBytes([bytes(text)]);
}

function decodeBytes(chunks: readonly Uint8Array[]): Frame[] {
  const decoder = new FrameDecoder();
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
      frames.push(frame);
    }
  }
  return frames;
}
