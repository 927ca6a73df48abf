import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { encodeFrame, type Frame, FrameDecoder } from "../../rpc/framing.ts";
import { EXAMPLE, FramingError, MAX_HEADER_LENGTH } from "../../rpc/header.ts";

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

Deno.test("encodeFrame() escapes what steers a terminal, and the reader gets the same value", () => {
  const nasty = "\x1b[2J\x7f\x9b\u0085\u2028\u202e\u2066\u200f\u061c";
  const text = new TextDecoder().decode(encodeFrame({ [nasty]: nasty }));
  const body = text.slice(text.indexOf("{"));
  assertEquals(/[^ -~]/.test(body), false);
  assertEquals(JSON.parse(body), { [nasty]: nasty });
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
  const decoder = new FrameDecoder(20_000_000);
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
  const missing = "it has no Content-Length; each message begins as in " + EXAMPLE;
  const one = "Content-Length must be one number of octets up to 1073741824, got ";
  const faulty: [string, string][] = [
    ["Content-Type: application/json\r\n\r\n{}", missing],
    ["Content-Length: -1\r\n\r\n", `${one}"-1"`],
    ["Content-Length: 1e3\r\n\r\n", `${one}"1e3"`],
    ["Content-Length: 0x10\r\n\r\n", `${one}"0x10"`],
    ["Content-Length: 2.0\r\n\r\n", `${one}"2.0"`],
    ["Content-Length:\r\n\r\n", `${one}""`],
    ["Content-Length: 1073741825\r\n\r\n", `${one}"1073741825"`],
    ["Content-Length: 999999999999999999999\r\n\r\n", `${one}"999999999999999999999"`],
    ["Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", `${one}"3"`],
    [
      "no header\r\n\r\n",
      `a header must be "Name: value", got "no header"; each message begins as in ${EXAMPLE}`,
    ],
    [
      "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
      `a header must be "Name: value", got "POST / HTTP/1.1"; each message begins as in ${EXAMPLE}`,
    ],
  ];
  for (const [text, fault] of faulty) {
    const error = assertThrows(() => decode(text), FramingError);
    assertInstanceOf(error, FramingError);
    assertEquals(error.message, `Cannot read a message: ${fault}`, JSON.stringify(text));
  }
});

Deno.test("lines of JSON are refused at once, with an example of the framing that reads back (R-3)", () => {
  for (
    const text of ['{"jsonrpc":"2.0","id":1,"method":"initialize"}\n', '[{"jsonrpc"', '\n"a"', "{"]
  ) {
    const { message } = assertThrows(() => decode(text), FramingError);
    assertStringIncludes(
      message,
      "it has no Content-Length; this server reads Content-Length framing, not lines of JSON, got ",
    );
    assertStringIncludes(message, JSON.stringify(text.trim()).slice(0, 12));
    const example = message.slice(message.indexOf("Content-Length: "));
    const [frame] = decode(example.replaceAll("\\r", "\r").replaceAll("\\n", "\n"));
    assertEquals(frame?.ok === true && JSON.parse(frame.text).method, "initialize");
  }
});

Deno.test("headers with the line ends of text modes and other systems are read (R-4)", () => {
  const first = '{"id":"é"}';
  for (const end of ["\n", "\r", "\r\r\n", "\r\n"]) {
    const message = (body: string): string =>
      `content-length : ${bytes(body).length}  ${end}X-Y: z${end}${end}${body}`;
    const stream = `${message(first)}${message("[1]")}${message("{}")}`;
    const expected = [first, "[1]", "{}"].map((text): Frame => ({ ok: true, text }));
    assertEquals(decode(stream), expected, JSON.stringify(end));
    assertEquals(decodeBytes([...bytes(stream)].map((octet) => Uint8Array.of(octet))), expected);
  }
});

Deno.test("blank lines and byte order marks before a header, and blanks in the empty line, are skipped (R-4)", () => {
  const mark = "\ufeff";
  for (
    const before of ["\r\n", "\n\n", mark, `${mark}\r\n`, `\n${mark}`, " \t", `${mark}${mark}`]
  ) {
    const stream = `${before}Content-Length: 2\r\n \r\n{}`;
    const expected: Frame[] = [{ ok: true, text: "{}" }, { ok: true, text: "{}" }];
    assertEquals(decode(stream + stream), expected, JSON.stringify(before));
    const octets = [...bytes(stream + stream)].map((octet) => Uint8Array.of(octet));
    assertEquals(decodeBytes(octets), expected, JSON.stringify(before));
  }
  const decoder = new FrameDecoder();
  decoder.push(bytes("Content-Length: 2\r\n\r\n{}\r\n"));
  assertEquals([decoder.next()?.ok, decoder.next(), decoder.isIdle], [true, undefined, true]);
});

Deno.test("text in UTF-16 is refused by its name, with and without a byte order mark (R-4)", () => {
  const text = 'Content-Length: 2\r\n\r\n{"a":1}';
  for (const isLittle of [true, false]) {
    for (const start of ["\ufeff", "", "\r\n"]) {
      const octets = new Uint8Array(2 * (start + text).length);
      const view = new DataView(octets.buffer);
      [...start + text].forEach((character, at) =>
        view.setUint16(2 * at, character.charCodeAt(0), isLittle)
      );
      const { message } = assertThrows(() => decodeBytes([octets]), FramingError);
      assertStringIncludes(message, "it is in UTF-16, as Windows PowerShell writes text to a pipe");
    }
  }
  const body = Uint8Array.of(0x7b, 0, 0x7d, 0);
  assertEquals(decodeBytes([bytes("Content-Length: 4\r\n\r\n"), body]), [
    { ok: false, reason: "it is in UTF-16 and must be in UTF-8" },
  ]);
});

Deno.test("JSON without the empty line before it is refused at once (R-4)", () => {
  for (const text of ['Content-Length: 2\r\n{"', 'Content-Length: 46{"json', "X: y\n["]) {
    const { message } = assertThrows(() => decode(text), FramingError);
    assertStringIncludes(message, "an empty line must come between the headers and the JSON, got ");
  }
});

Deno.test("a Content-Length that does not count octets is named with the header that is missing (R-4)", () => {
  const body = '{"id":"é€"}'; // 11 characters in 14 octets
  const stream = `Content-Length: 11\r\n\r\n${body}Content-Length: 2\r\n\r\n{}`;
  const { message } = assertThrows(() => decode(stream), FramingError);
  assertStringIncludes(
    message,
    "the message before it had 11 octets by its Content-Length, which must count octets, not characters",
  );
});

Deno.test("missing says what the rest of a message is", () => {
  const decoder = new FrameDecoder();
  const after = (text: string): string | undefined => {
    decoder.push(bytes(text));
    decoder.next();
    return decoder.missing;
  };
  assertEquals(after(""), undefined);
  assertEquals(
    after("Content-Length: 4\r\n"),
    'the end of the headers, which is an empty line, after "Content-Length: 4\\r\\n"',
  );
  assertEquals(
    after("\r\n{}"),
    "2 more octets of a message of 4; Content-Length must count octets",
  );
  assertEquals(after("  "), undefined);
});

Deno.test("a message that is too long is refused with its id, and skipped", () => {
  const long = (start: string): Uint8Array => encodeText(`{${start},"x":"${"x".repeat(9_000)}"}`);
  const cases: [string, string | number | null][] = [
    ['"jsonrpc":"2.0","id":7,"method":"a"', 7],
    ['"id" : "a\\"b"', 'a"b'],
    ['"method":"id","id":-1.5e3', -1500],
    ['"jsonrpc":"2.0","params":{"id":8},"id":7', null],
    ['"params":[],"id":7', null],
    ['"id":{}', null],
    ['"id":null', null],
    [`"method":"${"m".repeat(2_000)}","id":7`, null],
  ];
  for (const [start, id] of cases) {
    const message = long(start);
    const length = message.length - message.indexOf(0x7b); // from the brace on
    const stream = Uint8Array.of(...message, ...encodeFrame({}));
    const expected: Frame[] = [{ ok: false, length, most: 8_192, id }, { ok: true, text: "{}" }];
    for (const size of [1, 100, 5_000, 100_000]) {
      const decoder = new FrameDecoder(8_192);
      const frames: Frame[] = [];
      let most = 0;
      for (let at = 0; at < stream.length; at += size) {
        decoder.push(stream.subarray(at, at + size));
        for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
          frames.push(frame);
        }
        most = Math.max(most, decoder.buffered);
      }
      assertEquals(frames, expected, `${start} in chunks of ${size}`);
      assert(most < 1_100, `${most} octets were kept`);
    }
  }
  assertEquals(decodeBytes([encodeText("x".repeat(4 * 1024 * 1024))]).map(({ ok }) => ok), [true]);
  assertEquals(decodeBytes([encodeText("x".repeat(4 * 1024 * 1024 + 1))]).map(({ ok }) => ok), [
    false,
  ]);
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

function encodeText(text: string): Uint8Array {
  const body = bytes(text);
  const header = bytes(`Content-Length: ${body.length}\r\n\r\n`);
  const frame = new Uint8Array(header.length + body.length);
  frame.set(header);
  frame.set(body, header.length);
  return frame;
}
