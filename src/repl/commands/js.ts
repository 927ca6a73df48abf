/** `js`: JavaScript with the library in reach. */

import { abortable } from "../../abortable.ts";
import type { CommandNamed, ExitCode } from "../command.ts";
import type { CommandContext } from "../command_context.ts";
import { printableJson, printableLines } from "../text.ts";
import { CancelledError } from "../usage_error.ts";

/** `js`: evaluates the code and prints its value. Starts a client if the code names it. */
export async function evaluateCode(
  { code }: CommandNamed<"js">,
  context: CommandContext,
): Promise<ExitCode> {
  const { parts: { library, inspect, screen }, state, options, signal } = context;
  if (/\b(handle|mappings|gateway)\b/.test(code)) await context.connect();
  const { handle, gateway } = state.client ?? {};
  const scope = { ...library, handle, mappings: handle?.mappings ?? [], gateway };
  const value = await abortable(evaluate(code, scope), signal).catch((error: unknown) => {
    throw signal.aborted ? new CancelledError() : error;
  });
  if (options.json === true) screen.print(printableJson(value));
  else if (value !== undefined) screen.print(...printableLines(inspect(value)));
  return 0;
}

/**
 * Evaluates an expression or, if the code is none, runs it as statements; `await` works in both. A variable assigned without
 * a declaration is global, so the next evaluation can use it.
 *
 * @param scope Variables that the code can use.
 * @returns The value of the expression, or what the statements return.
 * @throws {SyntaxError} If the code cannot be parsed, and what the code throws.
 */
async function evaluate(code: string, scope: Readonly<Record<string, unknown>>): Promise<unknown> {
  const names = Object.keys(scope);
  let run: (...values: readonly unknown[]) => Promise<unknown>;
  try {
    run = new AsyncFunction(...names, `return (${code}\n);`);
  } catch {
    run = new AsyncFunction(...names, code);
  }
  return await run(...Object.values(scope));
}

const AsyncFunction = (async () => {}).constructor as new (
  ...text: string[]
) => (...values: readonly unknown[]) => Promise<unknown>;
