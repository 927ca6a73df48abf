import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { printable, printableJson } from "../src/printable.ts";

Deno.test("printable() escapes control, line separating and directional characters, and nothing else", () => {
  const ranges: [number, number][] = [
    [0x00, 0x1f],
    [0x7f, 0x9f], // U+0085 is a line end
    [0x061c, 0x061c],
    [0x200e, 0x200f],
    [0x2028, 0x202e],
    [0x2066, 0x2069],
  ];
  const escaped = new Set<number>();
  for (let code = 0; code < 0x1_0000; code++) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const character = String.fromCodePoint(code);
    const text = printable(character);
    if (text === character) continue;
    escaped.add(code);
    const digits = code < 0x100
      ? `x${code.toString(16).padStart(2, "0")}`
      : `u${code.toString(16).padStart(4, "0")}`;
    assertEquals(text, `\\${digits}`);
  }
  const expected = ranges.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, at) => first + at)
  );
  assertEquals([...escaped], expected);
  assertEquals(printable("a\u202eb\u0085c é界😀"), "a\\u202eb\\x85c é界😀");
});

Deno.test("printableJson() is printable, and reads back as the same value", () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom("\x1b", "\x7f", "\x9b", "\u0085", "\u2028", "\u202e", "\u2066", "\u200f"),
      fc.string({ minLength: 1, maxLength: 1, unit: "grapheme" }),
    ),
  });
  fc.assert(
    fc.property(fc.jsonValue(), text, (value, nasty) => {
      const json = printableJson({ [nasty]: [nasty, value] });
      assertEquals(JSON.parse(json), JSON.parse(JSON.stringify({ [nasty]: [nasty, value] })));
      assertEquals(printable(json), json);
    }),
  );
});
