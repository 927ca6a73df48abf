import { assertEquals } from "@std/assert";
import { escapeMark, marksFor, terminalCapabilities } from "../../src/repl/vscode.ts";

function capabilities(env: Record<string, string>, isTerminal = true): string {
  const found = terminalCapabilities(isTerminal, (name) => env[name]);
  return Object.entries(found).filter(([, can]) => can).map(([name]) => name).join(" ");
}

Deno.test("terminalCapabilities() turns off what the terminal or the user does not support", () => {
  assertEquals(capabilities({ TERM: "xterm-256color" }), "cursor decoration");
  assertEquals(
    capabilities({ TERM: "xterm-256color", TERM_PROGRAM: "vscode" }),
    "cursor decoration marks progress",
  );
  assertEquals(capabilities({ WT_SESSION: "1" }), "cursor decoration progress");
  assertEquals(capabilities({ TERM_PROGRAM: "iTerm.app" }), "cursor decoration");
  assertEquals(capabilities({ TERM_PROGRAM: "vscode", NO_COLOR: "1" }), "cursor");
  assertEquals(
    capabilities({ TERM_PROGRAM: "vscode", NO_COLOR: "" }),
    "cursor decoration marks progress",
  );
  assertEquals(capabilities({ TERM_PROGRAM: "vscode", TERM: "dumb" }), "");
  assertEquals(capabilities({ TERM_PROGRAM: "vscode" }, false), "");
});

Deno.test("marksFor() writes the sequences of OSC 633 and OSC 9;4", () => {
  const marks = marksFor({ marks: true, progress: true });
  assertEquals(marks.promptStart + marks.promptEnd, "\x1b]633;A\x07\x1b]633;B\x07");
  assertEquals(marks.lineLeft, "\x1b]633;C\x07");
  assertEquals(marks.executing("a;b"), "\x1b]633;E;a\\x3bb\x07\x1b]633;C\x07");
  assertEquals(marks.finished(2), "\x1b]633;D;2\x07");
  assertEquals(marks.finished(), "\x1b]633;D\x07");
  assertEquals(marks.folder("C:\\x;y"), "\x1b]633;P;Cwd=C:\\\\x\\x3by\x07");
  assertEquals(marks.busy + marks.idle, "\x1b]9;4;3;0\x07\x1b]9;4;0;0\x07");
});

Deno.test("marksFor() writes nothing where it is off", () => {
  const marks = marksFor({ marks: false, progress: false });
  const all = marks.promptStart + marks.promptEnd + marks.lineLeft + marks.executing("x") +
    marks.finished(0) +
    marks.folder("/") + marks.busy + marks.idle;
  assertEquals(all, "");
});

Deno.test("escapeMark() escapes every character that would end or extend the sequence", () => {
  assertEquals(escapeMark("a;b\\c\nd\x07e\x1bf\x9cg ü"), "a\\x3bb\\\\c\\x0ad\\x07e\\x1bf\\x9cg ü");
});
