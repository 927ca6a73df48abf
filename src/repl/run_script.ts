import { readLines } from "./lines.ts";
import { parseLine, tooLong } from "./parse.ts";
import { promptLabel } from "./prompt.ts";
import type { Screen } from "./screen.ts";
import type { ExitCode, Session } from "./session.ts";
import { abortable } from "./wait.ts";

/** What a script runs with. */
export interface ScriptParts {
  readonly session: Session;
  readonly screen: Screen;
  readonly octets: AsyncIterable<Uint8Array>;
  /** Whether it goes on after a command that failed. */
  readonly keepGoing: boolean;
  /** Called before each line, with what stands in front of it. */
  readonly ask: (label: string) => void;
  /** Whether somebody types it, at a terminal that cannot do more: then errors need no line numbers. */
  readonly isTyped: boolean;
  /** The signal that cancels the next command. */
  readonly nextSignal: () => AbortSignal;
  /** Ends the wait for further lines. */
  readonly leaving: AbortSignal;
}

/**
 * Carries out line after line.
 *
 * @returns 1 if a command failed.
 */
export async function runScript(parts: ScriptParts): Promise<ExitCode> {
  const { session, screen, leaving } = parts;
  let status: ExitCode = 0;
  const lines = readLines(parts.octets);
  while (!session.leaves && !leaving.aborted) {
    const { connection } = session;
    parts.ask(promptLabel(connection?.name, connection?.handle.mappings.length ?? 0, screen));
    const next = await abortable(lines.next(), leaving).catch((error: unknown) => {
      if (!leaving.aborted) throw error;
      return undefined;
    });
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
