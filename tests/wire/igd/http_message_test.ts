import { assert, assertEquals, assertThrows } from "@std/assert";
import { IpAddress } from "../../../src/wire/address.ts";
import {
  decodeHttpResponse,
  encodeGet,
  encodePost,
  HttpFrame,
  type HttpResponse,
  LONGEST_SOAP,
} from "../../../src/wire/igd/http_message.ts";
import {
  ADD,
  ADDED,
  ADDED_ANY,
  ADDED_BODY,
  ADDRESS,
  CONFLICT,
  CONFLICT_BODY,
  GET,
  IP1,
  utf8,
} from "../../helpers/igd_vectors.ts";

const address = IpAddress.parse("192.168.1.1");
const DESCRIPTION_TARGET = { address, port: 5000, path: "/rootDesc.xml" };

Deno.test("encodeGet() writes the request for a description (V-5, U-4.1)", () => {
  const bytes = encodeGet(DESCRIPTION_TARGET);
  assertEquals(bytes.length, 73);
  assertEquals(bytes, utf8(GET));
});

Deno.test("requests name port 80 not, IPv6 in brackets and without zone (U-4.1)", () => {
  const hosts = [
    ["192.168.1.1", 80, "192.168.1.1"],
    ["2001:db8:77::1", 5000, "[2001:db8:77::1]:5000"],
    ["fe80::1%eth0", 80, "[fe80::1]"],
  ] as const;
  for (const [text, port, host] of hosts) {
    const bytes = encodeGet({ ...DESCRIPTION_TARGET, address: IpAddress.parse(text), port });
    assertEquals(bytes, utf8(GET.replace("192.168.1.1:5000", host)));
  }
  for (const port of [1, 65_535]) assert(encodeGet({ ...DESCRIPTION_TARGET, port }).length > 60);
});

Deno.test("encodePost() counts the octets of the body, not its characters", () => {
  const text = new TextDecoder().decode(encodePost(DESCRIPTION_TARGET, "t#a", "ü"));
  assertEquals(text.split("\r\n").slice(2), [
    "Content-Length: 2",
    'Content-Type: text/xml; charset="utf-8"',
    'SOAPAction: "t#a"',
    "Connection: close",
    "",
    "ü",
  ]);
  const body = ADD.slice(ADD.indexOf("<?xml"));
  const target = { address, port: 5000, path: "/ctl/IPConn" };
  assertEquals(encodePost(target, `${IP1}#AddPortMapping`, body), utf8(ADD));
});

Deno.test("requests refuse ports and paths that would change the request (S-7, U-3.3)", () => {
  for (const path of ["", "a", "/a b", "/a\r\nHost: b", "/ü"]) {
    assertThrows(() => encodeGet({ ...DESCRIPTION_TARGET, path }), RangeError, "path");
  }
  for (const port of [0, 65_536, 1.5]) {
    assertThrows(() => encodeGet({ ...DESCRIPTION_TARGET, port }), RangeError, `got "${port}"`);
  }
});

Deno.test("responses are framed by length, chunks or close (V-11, V-12, V-13, U-4.3)", () => {
  const added = decode(ADDED);
  assertEquals([added.status, added.statusClass, text(added)], [200, 2, ADDED_BODY]);
  assertEquals(
    text(decode(ADDED_ANY)),
    '<s:Envelope xmlns:s="x"><s:Body><u:AddAnyPortMappingResponse xmlns:u="y">' +
      "<NewReservedPort>49731</NewReservedPort></u:AddAnyPortMappingResponse></s:Body></s:Envelope>",
  );
  assertEquals(text(decode(ADDRESS)), ADDRESS.slice(ADDRESS.indexOf("<")));
  assertEquals([decode(CONFLICT).status, text(decode(CONFLICT))], [500, CONFLICT_BODY]);
});

Deno.test("a cut status, LF without CR and no space are read (M-10, U-4.4)", () => {
  const response = decode("HTTP/1.1 2\nCONTENT-LENGTH:3\n\nabc");
  assertEquals([response.status, response.statusClass, text(response)], [2, 2, "abc"]);
  assertEquals(decode("HTTP/1.0 200\r\n\r\n").status, 200);
  assertEquals(decode("http/1.1  404Gone\r\n\r\n").status, 404);
});

Deno.test("responses of class 1 are skipped, at most four (M-11, U-15.10)", () => {
  const ok = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
  assertEquals(text(decode(`HTTP/1.1 100 Continue\r\n\r\n${ok}`)), "x");
  assertEquals(text(decode("HTTP/1.1 100 \r\n\r\n".repeat(4) + ok)), "x");
  assertEquals(reason("HTTP/1.1 100 \r\n\r\n".repeat(5) + ok), "informational");
});

Deno.test("a body that ends before its length is cut (M-12)", () => {
  const response = decode("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcde");
  assertEquals([response.cut, text(response)], [true, "abcde"]);
  assertEquals(decode("HTTP/1.1 200 OK\r\n\r\nabcde").cut, false);
});

Deno.test("octets after the frame are ignored (M-13, U-4.3)", () => {
  const response = decode("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef");
  assertEquals([response.cut, text(response)], [false, "abc"]);
  assertEquals(text(decode(`${ADDED_ANY}HTTP/1.1 404`)), text(decode(ADDED_ANY)));
});

Deno.test("a length that is not a number leaves the frame to the close; a huge one fails (M-14)", () => {
  const withLength = (length: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\nabc`;
  for (const length of ["abc", "-1", "3, 3", ""]) {
    assertEquals([length, text(decode(withLength(length)))], [length, "abc"]);
  }
  assertEquals(reason(withLength("99999999999")), "tooLong");
});

Deno.test("chunks need a valid size and the last chunk (M-28, U-15.10)", () => {
  const chunked = (body: string) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;
  assertEquals(text(decode(chunked("1\r\na\r\n0\r\n\r\n"))), "a");
  assertEquals(text(decode(chunked("01 \na\n0\n"))), "a");
  assertEquals(text(decode(chunked("0\r\nTrailer: x\r\n\r\n"))), "");
  const invalid = [
    "zz\r\na\r\n0\r\n\r\n",
    "-1\r\na\r\n0\r\n\r\n",
    `${"1".repeat(17)}\r\na`,
    "1\r\na\r\n",
    "1\r\na",
    "1\r\nab\r\n0\r\n",
    "1\r\na\rb0\r\n",
    "1",
    "",
    `1;${"x".repeat(255)}\r\na\r\n0\r\n`,
    `1;${"x".repeat(255)}`,
  ];
  for (const body of invalid) assertEquals([body, reason(chunked(body))], [body, "chunk"]);
  const whole = `${chunked("8000\r\n")}${"a".repeat(0x8000)}\r\n8000\r\n${
    "b".repeat(0x8000)
  }\r\n0\r\n`;
  assertEquals(decode(whole).body.length, LONGEST_SOAP);
  assertEquals(reason(chunked("fffffff\r\n")), "tooLong");
  assertEquals(reason(chunked("8000\r\n".padEnd(0x8006, "a") + "\r\n8001\r\n")), "tooLong");
});

Deno.test("heads have at most 16 KiB and 100 headers, bodies the given octets (U-15.3, U-15.4, Q-28)", () => {
  const padded = (length: number) => `HTTP/1.1 200 OK\r\n${"a:b".padEnd(length - 21)}\r\n\r\n`;
  assertEquals(padded(16_384).length, 16_384);
  assertEquals(decode(padded(16_384)).status, 200);
  assertEquals(reason(padded(16_385)), "head");
  assertEquals(reason("HTTP/1.1 200 OK\r\n".padEnd(16_385)), "head");
  const headers = (count: number) => `HTTP/1.1 200 OK\r\n${"a:b\r\n".repeat(count)}\r\n`;
  assertEquals(decode(headers(100)).status, 200);
  assertEquals(reason(headers(101)), "head");
  const body = (length: number) => utf8(`HTTP/1.1 200 OK\r\n\r\n${"x".repeat(length)}`);
  assertEquals(decodeHttpResponse(body(10), 10).ok, true);
  assertEquals(decodeHttpResponse(body(11), 10), { ok: false, reason: "tooLong" });
});

Deno.test("decodeHttpResponse() gives the reason of a refusal", () => {
  const refusals = [
    ["", "empty"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 1\r\n", "head"],
    ["HTTP/1.1 200 OK", "head"],
    ["\r\n\r\n", "statusLine"],
    ["<html>\n\n", "statusLine"],
    ["HTTP/1.1 abc\n\n", "statusLine"],
    ["HTTP/1.1 600 X\n\n", "statusLine"],
    ["SIP/2.0 200 OK\n\n", "statusLine"],
  ] as const;
  for (const [octets, expected] of refusals) {
    assertEquals([octets, reason(octets)], [octets, expected]);
  }
});

Deno.test("HttpFrame finds the same end however the octets arrive (U-4.3)", () => {
  const continued = `HTTP/1.1 100 Continue\n\n${ADDED}`;
  const ends = [
    [ADDED, ADDED.length],
    [`${ADDED}\0\0`, ADDED.length],
    [continued, continued.length],
    [CONFLICT, CONFLICT.length],
    [ADDED_ANY, ADDED_ANY.length - 2], // the line of the last chunk
    ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38],
    ["HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\na\n0\n", 50],
  ] as const;
  for (const [whole, end] of ends) {
    assertEquals([whole, firstComplete(whole)], [whole, end]);
    const decoded = decodeHttpResponse(utf8(whole), LONGEST_SOAP);
    assertEquals(decodeHttpResponse(utf8(whole.slice(0, end)), LONGEST_SOAP), decoded);
  }
});

Deno.test("HttpFrame ends the reading of an invalid response at once (U-15.3, U-15.10)", () => {
  const ends = [
    ["SIP/2.0 200 OK\n\nabc", 16],
    ["HTTP/1.1 200 OK\nContent-Length: 99999999\n\nabc", 42],
    ["HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nzz\nabc", 47],
    ["x".repeat(20_000), 16_385],
  ] as const;
  for (const [whole, end] of ends) assertEquals([whole, firstComplete(whole)], [whole, end]);
  assertEquals(firstComplete(`HTTP/1.1 200 OK\n\n${"x".repeat(70_000)}`), 17 + LONGEST_SOAP + 1);
});

Deno.test("HttpFrame waits for the close where nothing else ends the response (U-4.3)", () => {
  for (const whole of ["", "HTTP/1.1 200 OK\n", ADDRESS]) {
    assertEquals([whole, firstComplete(whole)], [whole, undefined]);
  }
});

Deno.test("HttpFrame takes time in proportion to the octets, not to their square (S-3)", () => {
  const bytes = utf8(
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${"1\r\na\r\n".repeat(40_000)}`,
  );
  const frame = new HttpFrame(LONGEST_SOAP);
  const start = performance.now();
  for (let length = 0; length < bytes.length; length++) frame.update(bytes.subarray(0, length));
  assert(performance.now() - start < 5_000);
});

/** The number of octets that complete a response which arrives octet by octet. */
function firstComplete(whole: string): number | undefined {
  const bytes = utf8(whole);
  const frame = new HttpFrame(LONGEST_SOAP);
  for (let length = 0; length <= bytes.length; length++) {
    if (frame.update(bytes.subarray(0, length))) return length;
  }
  return undefined;
}

function decode(octets: string): HttpResponse {
  const decoded = decodeHttpResponse(utf8(octets), LONGEST_SOAP);
  assert(decoded.ok, `${octets}: ${decoded.ok ? "" : decoded.reason}`);
  return decoded.value;
}

function reason(octets: string): string {
  const decoded = decodeHttpResponse(utf8(octets), LONGEST_SOAP);
  return decoded.ok ? "none" : decoded.reason;
}

function text({ body }: HttpResponse): string {
  return new TextDecoder().decode(body);
}
