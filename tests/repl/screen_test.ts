import { assertEquals } from "@std/assert";
import { Screen } from "../../src/repl/screen.ts";
import { marksFor } from "../../src/repl/vscode.ts";

interface Made {
  readonly screen: Screen;
  readonly take: () => string;
  columns: number;
}

function makeScreen(live: boolean): Made {
  let written = "";
  const made: Made = {
    columns: 20,
    screen: new Screen({
      write: (text) => written += text,
      writeError: (text) => written += `!${text}`,
      columns: () => made.columns,
      widthOf: (text) => [...text].length,
      live,
      colours: false,
      marks: marksFor({ marks: false, progress: false }),
    }),
    take: () => {
      const taken = written;
      written = "";
      return taken;
    },
  };
  return made;
}

Deno.test("Screen replaces live lines, and prints above them", () => {
  const { screen, take } = makeScreen(true);
  screen.live(["one", "two"]);
  assertEquals(take(), "one\ntwo\n");
  screen.print("alert");
  assertEquals(take(), "\x1b[2A\r\x1b[Jalert\none\ntwo\n");
  screen.live(["three"]);
  assertEquals(take(), "\x1b[2A\r\x1b[Jthree\n");
  screen.live();
  assertEquals(take(), "\x1b[1A\r\x1b[J");
  screen.error("failure");
  assertEquals(take(), "!failure\n");
});

Deno.test("Screen cuts live lines to one row, and erases the rows that a narrower terminal has wrapped", () => {
  const made = makeScreen(true);
  made.screen.live(["x".repeat(30)]);
  assertEquals(made.take(), `${"x".repeat(18)}…\n`);
  made.columns = 10;
  made.screen.resized();
  assertEquals(made.take(), `\x1b[3A\r\x1b[J${"x".repeat(8)}…\n`);
});

Deno.test("Screen shows nothing live where lines cannot be replaced", () => {
  const { screen, take } = makeScreen(false);
  screen.live(["one"]);
  screen.print("alert");
  assertEquals(take(), "alert\n");
});

Deno.test("Screen erases the line being typed and draws it again", () => {
  const { screen, take } = makeScreen(true);
  const calls: string[] = [];
  screen.setInputLine({
    hide: () => calls.push(`hide${take()}`),
    show: () => calls.push(`show${take()}`),
    resized: () => calls.push("resized"),
  });
  screen.print("alert");
  assertEquals(calls, ["hide", "showalert\n"]);
  screen.setInputLine(undefined);
  screen.print("more");
  assertEquals(calls.length, 2);
});
