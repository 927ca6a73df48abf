import { assertEquals } from "@std/assert";
import {
  clockTime,
  cut,
  duration,
  endpoint,
  pad,
  paint,
  plain,
  printable,
  printableLines,
  quote,
} from "../../src/repl/text.ts";

const width = (text: string): number =>
  [...text].reduce((sum, character) => sum + (character > "\u2e80" ? 2 : 1), 0);

Deno.test("printable() escapes every control character", () => {
  assertEquals(
    printable("a\x1b[2Jb\n\x07\x7f\x9b\u202e\u2028ü界"),
    "a\\x1b[2Jb\\x0a\\x07\\x7f\\x9b\\u202e\\u2028ü界",
  );
});

Deno.test("printableLines() keeps line ends and colours, nothing else", () => {
  assertEquals(printableLines("\x1b[31mred\x1b[0m\n\x1b]0;title\x07\x1b[2J"), [
    "\x1b[31mred\x1b[0m",
    "\\x1b]0;title\\x07\\x1b[2J",
  ]);
});

Deno.test("cut() and pad() count columns, not characters, and no colours", () => {
  assertEquals(cut("界界界", 5, width), "界界…");
  assertEquals(cut("界界", 4, width), "界界");
  assertEquals(cut("界界", 3, width), "界…");
  assertEquals(cut("abc", 0, width), "");
  assertEquals(cut("\x1b[31mabcdef\x1b[0m", 4, width), "\x1b[31mabc…\x1b[0m");
  assertEquals(pad("\x1b[31m界\x1b[0m", 4, width), "\x1b[31m界\x1b[0m  ");
  assertEquals(cut("anything", Infinity, width), "anything");
});

Deno.test("paint() colours text, or returns it unchanged", () => {
  assertEquals(paint(true).red("x"), "\x1b[31mx\x1b[0m");
  assertEquals(paint(false).red("x"), "x");
  assertEquals(plain(paint(true).bold(paint(true).green("x"))), "x");
});

Deno.test("duration(), endpoint(), quote() and clockTime() read well", () => {
  const spans = [0, 1, 59.6, 61, 3600, 3661, 90_000, 86_400 * 400];
  assertEquals(spans.map(duration), [
    "0 s",
    "1 s",
    "1 min",
    "1 min 1 s",
    "1 h",
    "1 h 1 min",
    "1 d 1 h",
    "400 d",
  ]);
  assertEquals(endpoint("203.0.113.5", 80), "203.0.113.5:80");
  assertEquals(endpoint("2001:db8::1", 80), "[2001:db8::1]:80");
  assertEquals(endpoint("2001:db8::1", 0), "2001:db8::1");
  assertEquals(quote("x".repeat(100)), `"${"x".repeat(60)}…"`);
  const now = new Date(2026, 0, 2, 23, 0, 0);
  assertEquals(clockTime(new Date(2026, 0, 2, 3, 4, 5), now), "03:04:05");
  assertEquals(clockTime(new Date(2026, 0, 3, 3, 4, 5), now), "2026-01-03 03:04:05");
});
