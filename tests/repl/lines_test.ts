import { assertEquals } from "@std/assert";
import { type Line, readLines, splitPastes, TypingLimit } from "../../src/repl/lines.ts";

async function linesOf(...chunks: string[]): Promise<Line[]> {
  async function* stream(): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield await Promise.resolve(new TextEncoder().encode(chunk));
  }
  return await Array.fromAsync(readLines(stream()));
}

Deno.test("readLines() numbers lines, with any line end and across chunks", async () => {
  assertEquals(await linesOf("si", "mulate\r\nlist\n", "\nex", "it"), [
    { number: 1, text: "simulate" },
    { number: 2, text: "list" },
    { number: 3, text: "" },
    { number: 4, text: "exit" },
  ]);
  assertEquals(await linesOf(), []);
});

Deno.test("readLines() drops a line that is too long and continues after it", async () => {
  const found = await linesOf(
    ..."x".repeat(100_000).match(/.{1000}/g) ?? [],
    "\nlist\n",
    "y".repeat(5_000),
  );
  assertEquals(found, [
    { number: 1, text: undefined },
    { number: 2, text: "list" },
    { number: 3, text: undefined },
  ]);
});

Deno.test("TypingLimit passes lines of usual length", () => {
  const limit = new TypingLimit(() => {
    throw new Error("not too long");
  });
  const keys = "map 6000\r\x1b[A\x03ü\r\n";
  assertEquals(limit.filter(keys), keys);
});

Deno.test("TypingLimit clears a line that is too long, reports it at its end, and passes the next", () => {
  let reports = 0;
  const limit = new TypingLimit(() => reports++);
  const passed = limit.filter("x".repeat(3_000)) + limit.filter("x".repeat(97_000));
  assertEquals([passed.length, passed.slice(-3)], [4_098, "x\x05\x15"]);
  assertEquals([limit.filter("yyy"), reports], ["", 0]);
  assertEquals([limit.filter("y\rlist\r"), reports], ["list\r", 1]);
});

Deno.test("splitPastes() separates pastes from keys", () => {
  const long = "map 6000/tcp --keep-alive --lifetime 60";
  assertEquals(splitPastes(`list\r${long}\r`), [
    { text: "list\r", isPaste: false },
    { text: long, isPaste: true },
    { text: "\r", isPaste: false },
  ]);
  assertEquals(splitPastes("map\t"), [{ text: "map\t", isPaste: false }]);
  assertEquals(splitPastes(`\x1b[A${long}`), [{ text: `\x1b[A${long}`, isPaste: false }]);
  assertEquals(splitPastes(""), []);
});
