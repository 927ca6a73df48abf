import { assertEquals } from "@std/assert";
import { describeHttp } from "../../src/wire/describe_http.ts";
import { ADD, GET, utf8 } from "../helpers/igd_vectors.ts";

Deno.test("describeHttp() shows head and body in one line (U-14.4)", () => {
  assertEquals(
    describeHttp(utf8(GET)),
    "GET /rootDesc.xml HTTP/1.1 | Host: 192.168.1.1:5000 | Connection: close",
  );
  const [head = "", body = ""] = ADD.split("\r\n\r\n");
  assertEquals(describeHttp(utf8(ADD)), `${head.replaceAll("\r\n", " | ")} | ${body}`);
});

Deno.test("describeHttp() shows 4 KiB of a body and says how much it leaves out (U-14.4)", () => {
  const line = describeHttp(utf8(`HTTP/1.1 200 OK\n\n${"x".repeat(5_000)}`));
  assertEquals(line, `HTTP/1.1 200 OK | ${"x".repeat(4_096)} | and 904 octets more`);
  const long = describeHttp(utf8("A: b\n".repeat(100_000)));
  assertEquals(long.endsWith(` | and ${500_000 - 4_096} octets more`), true, long.slice(-40));
});

Deno.test("describeHttp() shows no control characters, and reads any octets (S-8)", () => {
  assertEquals(
    describeHttp(utf8("HTTP/1.1 200 \x1b[2J\u202e\r\n\r\na\r\nb")),
    "HTTP/1.1 200  [2J | a b",
  );
  assertEquals(describeHttp(new Uint8Array()), "");
  assertEquals(describeHttp(Uint8Array.of(0xff, 0x0a, 0x0a, 0xfe)), "\ufffd | \ufffd");
});
