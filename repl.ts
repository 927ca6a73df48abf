/**
 * The prompt and the command line: `deno run -A repl.ts` opens the prompt, `deno run -A repl.ts map 6000/tcp` runs one
 * command, and piped input is a script. `deno run -A repl.ts --help` lists the commands.
 *
 * @example
 * ```ts
 * import { main } from "@portcontrol/pcp/repl";
 *
 * const exitCode = await main(["map", "6000/tcp", "--simulate", "--json"]);
 * console.assert(exitCode === 0);
 * ```
 *
 * @module
 */
import { type CommandLine, parseWords } from "./src/repl/parse.ts";
import { errorLines } from "./src/repl/report.ts";
import { Shell, tryWrite } from "./src/repl/shell.ts";
import { paint } from "./src/repl/text.ts";
import { terminalCapabilities } from "./src/repl/vscode.ts";
import { runtime } from "./src/runtime/running.ts";

/**
 * Runs the command line, or the prompt, on this process's terminal.
 *
 * @param args The arguments after the program's name.
 * @returns The exit code of the process: 0 done, 1 failed, 2 usage error; 128 and the number of the signal that ended the command
 * if a program of `--exec` did not end by itself.
 */
export async function main(args: readonly string[]): Promise<number> {
  const terminal = terminalCapabilities(runtime.stdout.isTerminal, runtime.env);
  let commandLine: CommandLine;
  try {
    commandLine = parseWords(args);
  } catch (error) {
    const lines = errorLines(error, {
      json: false,
      paint: paint(terminal.decoration && runtime.stderr.isTerminal),
      inspect: runtime.inspect,
      where: "",
    });
    tryWrite(runtime.stderr, lines.map((line) => `${line}\n`).join(""));
    return 2;
  }
  const shell = new Shell(commandLine, terminal);
  try {
    return await shell.run();
  } finally {
    shell.restore();
  }
}

if (runtime.isMain(import.meta)) runtime.exit(await main(runtime.args));
