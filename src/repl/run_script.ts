import type { ExitCode } from "./command.ts";
import { readLines } from "./lines.ts";
import { parseLine, tooLong } from "./parse.ts";
import { promptLabel } from "./prompt.ts";
import type { Screen } from "./screen.ts";
import type { CommandSession } from "./session.ts";
import { unlessAborted } from "./wait.ts";

/** What a script runs with. */
export interface ScriptParts {
  readonly session: CommandSession;
  readonly screen: Screen;
  readonly octets: AsyncIterable<Uint8Array>;
  /** Whether the script continues after a command that failed. */
  readonly keepGoing: boolean;
  /** Called with the prompt before each line is read. */
  readonly ask: (label: string) => void;
  /** Whether the lines are typed at a dumb terminal: errors then need no line numbers. */
  readonly isTyped: boolean;
  /** A new signal that cancels the next command. */
  readonly nextSignal: () => AbortSignal;
  /** Ends the wait for further lines. */
  readonly exitSignal: AbortSignal;
}

/**
 * Runs one line after the other.
 *
 * @returns 1 if a command failed.
 */
export async function runScript(parts: ScriptParts): Promise<ExitCode> {
  const { session, exitSignal } = parts;
  let status: ExitCode = 0;
  const lines = readLines(parts.octets);
  while (!session.exitRequested && !exitSignal.aborted) {
    parts.ask(promptLabel(session.client, parts.screen));
    const next = await unlessAborted(lines.next(), exitSignal);
    if (next === undefined || next.done === true) break;
    const { number, text } = next.value;
    const code = await session.execute(
      () => {
        if (text === undefined) throw tooLong();
        return parseLine(number === 1 ? text.replace(/^\ufeff/, "") : text);
      },
      parts.nextSignal(),
      parts.isTyped ? "" : `line ${number}: `,
    );
    if (code === 0) continue;
    status = 1;
    if (!parts.keepGoing) break;
  }
  return status;
}
