import { assertEquals } from "@std/assert";
import { helpLines } from "../../src/repl/help.ts";
import { parseLine } from "../../src/repl/parse.ts";
import { COMMANDS, COMMON_OPTIONS, START_OPTIONS } from "../../src/repl/table.ts";

Deno.test("the help for all commands fits one screen and names every command and option", () => {
  const lines = helpLines(undefined);
  assertEquals(lines.length <= 32, true, `${lines.length} lines`);
  assertEquals(lines.filter((line) => line.length > 80), []);
  const text = lines.join("\n");
  for (const { name } of COMMANDS) assertEquals(text.includes(`\n  ${name}`), true, name);
  for (const { name } of [...COMMON_OPTIONS, ...START_OPTIONS]) {
    assertEquals(text.includes(`--${name}`), true, name);
  }
});

Deno.test("the help for one command has its arguments, options and examples", () => {
  for (const { name, options, examples } of COMMANDS) {
    const text = helpLines(name).join("\n");
    for (const option of options) assertEquals(text.includes(option.help), true, option.name);
    for (const example of examples) assertEquals(text.includes(example), true, example);
  }
});

Deno.test("the help for every command has two examples at least, each a command that can be typed", () => {
  for (const { name, examples } of COMMANDS) {
    assertEquals(examples.length >= 2, true, name);
    for (const example of examples) parseLine(example);
  }
});
