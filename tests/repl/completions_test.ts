/** `completions SHELL`: the scripts are made from the table of commands; that for bash is run in bash. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { completionScript } from "../../src/repl/completions.ts";
import { SHELLS } from "../../src/repl/read_values.ts";
import { COMMANDS, COMMON_OPTIONS } from "../../src/repl/table.ts";
import { run } from "./command_line.ts";

const CASES: [string, string[]][] = [
  ["pcp disc", ["discover", "disconnect"]],
  ["pcp map 6000 --keep", ["--keep-alive"]],
  ["pcp list --keep", []],
  ["pcp --server 192.168.1.1 rev", ["revoke"]],
  ["pcp --json trace o", ["on", "off"]],
  ["pcp external --protocols n", ["nat-pmp"]],
  ["pcp list --state deno.j", ["deno.json"]],
  ["pcp external --server ", []],
  ["pcp completions z", ["zsh"]],
];

for (const [line, expected] of CASES) {
  Deno.test({
    name: `bash completes "${line}"`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      const words = line.split(" ").map((word) => `'${word}'`).join(" ");
      const script = `${completionScript("bash", "pcp").join("\n")}
COMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _pcp
printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout, stderr } = await new Deno.Command("bash", { args: ["-c", script] }).output();
      assertEquals(new TextDecoder().decode(stderr), "");
      const offered = new TextDecoder().decode(stdout).split("\n").filter((each) => each !== "");
      assertEquals(offered, expected);
    },
  });
}

Deno.test("every script names every command and option", () => {
  for (const shell of SHELLS) {
    const text = completionScript(shell, "pcp").join("\n");
    for (const { name, options } of COMMANDS) {
      assertMatch(text, new RegExp(`\\b${name}\\b`), shell);
      for (const option of [...options, ...COMMON_OPTIONS]) {
        assertStringIncludes(text, shell === "fish" ? `-l ${option.name}` : `--${option.name}`);
      }
    }
  }
});

Deno.test("zsh and fish accept their scripts, where they are installed", async () => {
  for (const [shell, check] of [["zsh", "-n"], ["fish", "--no-execute"]] as const) {
    const file = await Deno.makeTempFile();
    await Deno.writeTextFile(file, completionScript(shell, "pcp").join("\n"));
    try {
      const { stderr } = await new Deno.Command(shell, { args: [check, file] }).output();
      assertEquals(new TextDecoder().decode(stderr), "");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    } finally {
      await Deno.remove(file);
    }
  }
});

Deno.test("completions prints the script for the program's name, and refuses other shells", async () => {
  const { code, out } = await run(["completions", "bash", "port"]);
  assertEquals(code, 0);
  assertMatch(out, /\ncomplete -F _port port\n$/);
  assertMatch((await run(["completions", "csh"])).err, /type bash, zsh or fish/);
  assertEquals((await run(["completions", "bash", "a;b"])).code, 2);
});
