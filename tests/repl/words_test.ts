import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/repl/usage_error.ts";
import { splitWords } from "../../src/repl/words.ts";

Deno.test("splitWords() splits at blanks and keeps what is quoted", () => {
  const cases: [string, string[]][] = [
    ["", []],
    ["  map   6000/tcp\t-k ", ["map", "6000/tcp", "-k"]],
    [`--exec 'notify-send "port 6000"'`, ["--exec", 'notify-send "port 6000"']],
    [`--exec "a 'b' \\"c\\" \\\\ \\d"`, ["--exec", `a 'b' "c" \\ \\d`]],
    [`a\\ b c\\'d`, ["a b", "c'd"]],
    [`--exec=sh' -c 'x`, ["--exec=sh -c x"]],
    [`'' ""`, ["", ""]],
    ["größe 界", ["größe", "界"]],
  ];
  for (const [line, words] of cases) assertEquals(splitWords(line), words, line);
});

Deno.test("splitWords() names the unclosed quote and what to type", () => {
  assertThrows(() => splitWords("map 'x"), UsageError, "type another ' at the end");
  assertThrows(() => splitWords('map "x'), UsageError, 'type another " at the end');
  assertThrows(() => splitWords("map x\\"), UsageError, "nothing follows the last backslash");
});
