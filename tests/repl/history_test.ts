import { assertEquals } from "@std/assert";
import { addToHistory, historyPath, historyText, readHistory } from "../../src/repl/history.ts";

Deno.test("historyPath() follows the convention of each system", () => {
  const path = (os: string, env: Record<string, string>) => historyPath(os, (name) => env[name]);
  assertEquals(path("linux", { XDG_STATE_HOME: "/s", HOME: "/h" }), "/s/pcp/history");
  assertEquals(path("linux", { XDG_STATE_HOME: "s", HOME: "/h" }), "/h/.local/state/pcp/history");
  assertEquals(path("linux", {}), undefined);
  assertEquals(path("darwin", { HOME: "/h" }), "/h/Library/Application Support/pcp/history");
  assertEquals(path("windows", { LOCALAPPDATA: "C:\\x" }), "C:\\x/pcp/history");
});

Deno.test("the history is bounded, without repeated, blank, secret, long or unprintable lines", () => {
  let lines: string[] = [];
  for (let index = 0; index < 1_200; index++) lines = addToHistory(lines, `show ${index}`);
  assertEquals([lines.length, lines[0], lines.at(-1)], [1_000, "show 200", "show 1199"]);
  assertEquals(addToHistory(["a", "b"], "a"), ["b", "a"]);
  for (const line of ["", "  ", " secret", "x".repeat(1_001), "a\x1bb"]) {
    assertEquals(addToHistory(["a"], line), ["a"]);
  }
});

Deno.test("readHistory() reads what historyText() writes, and skips what cannot have been typed", () => {
  assertEquals(readHistory(historyText(["list", "map 6000"])), ["list", "map 6000"]);
  assertEquals(readHistory("list\n\x00\x1b[2J\n\nexit"), ["list", "exit"]);
  assertEquals(readHistory(""), []);
});
