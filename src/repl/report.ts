import { PcpError } from "../../mod.ts";
import { adviceFor } from "./advice.ts";
import { type Paint, printable, printableJson, printableLines } from "./text.ts";
import { CommandError, UsageError } from "./usage_error.ts";

/** How errors are printed. */
export interface ReportOptions {
  readonly json: boolean;
  readonly paint: Paint;
  readonly inspect: (value: unknown) => string;
  /** Printed in front of the message: the line of a script. */
  readonly where: string;
}

/** An error as its message and, in a second line, what to do about it; or as one JSON object. */
export function errorLines(
  error: unknown,
  { json, paint, inspect, where }: ReportOptions,
): string[] {
  const advice = error instanceof CommandError ? error.advice : adviceFor(error);
  if (json) return [printableJson({ error: { ...fieldsOf(error), advice } })];
  if (!(error instanceof Error)) return printableLines(`${where}Uncaught ${inspect(error)}`);
  const isOurs = error instanceof PcpError || error instanceof CommandError ||
    error instanceof UsageError;
  const name = isOurs || error.message.startsWith(error.name) ? "" : `${error.name}: `;
  const message = paint.red(printable(`${where}${name}${error.message}`));
  return advice === undefined ? [message] : [message, advice];
}

function fieldsOf(error: unknown): object {
  if (error instanceof PcpError) return error.toJSON();
  if (error instanceof Error) return { name: error.name, message: error.message };
  return { name: "Error", message: String(error) };
}
