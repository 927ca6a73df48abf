import type { ExitCode } from "./command.ts";
import { readLines } from "./lines.ts";
import { parseLine, tooLong } from "./parse.ts";
import type { CommandLoop } from "./session.ts";
import { unlessAborted } from "./wait.ts";

/** What only a script has. */
export interface ScriptLoop extends CommandLoop {
  readonly octets: AsyncIterable<Uint8Array>;
  /** Whether the script continues after a command that failed. */
  readonly keepGoing: boolean;
  /** Whether the lines are typed at a dumb terminal, which needs a prompt, and no line numbers in errors. */
  readonly isTyped: boolean;
}

/**
 * Runs one line after the other.
 *
 * @returns 1 if a command failed.
 */
export async function runScript(
  { session, screen, octets, keepGoing, isTyped, nextSignal, exitSignal }: ScriptLoop,
): Promise<ExitCode> {
  let status: ExitCode = 0;
  const lines = readLines(octets);
  while (!session.exitRequested && !exitSignal.aborted) {
    if (isTyped) screen.write(session.prompt);
    const next = await unlessAborted(lines.next(), exitSignal);
    if (next === undefined || next.done === true) break;
    const { number, text } = next.value;
    const code = await session.execute(
      () => {
        if (text === undefined) throw tooLong();
        return parseLine(number === 1 ? text.replace(/^\ufeff/, "") : text);
      },
      nextSignal(),
      isTyped ? "" : `line ${number}: `,
    );
    if (code === 0) continue;
    status = 1;
    if (!keepGoing) break;
  }
  return status;
}
