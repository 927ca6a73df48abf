import { DiscoveryError, PcpError } from "../../mod.ts";
import { adviceFor, type Asked } from "./advice.ts";
import { type Paint, printable, printableJson, printableLines, wrap } from "./text.ts";
import { CommandError, UsageError } from "./usage_error.ts";

/** How errors are printed. */
export interface ReportOptions {
  readonly json: boolean;
  readonly paint: Paint;
  /** The colour of the message; red if missing. */
  readonly colour?: "red" | "yellow";
  /** Columns of the terminal; no limit if missing. */
  readonly columns?: number;
  readonly inspect: (value: unknown) => string;
  /** Printed in front of the message: the line of a script. */
  readonly where: string;
  /** What the command asked for, from which the advice is chosen. */
  readonly asked?: Asked | undefined;
}

/** An error as its message and, in a second line, what to do about it; or as one JSON object. */
export function errorLines(
  error: unknown,
  { json, paint, colour = "red", columns = Infinity, inspect, where, asked }: ReportOptions,
): string[] {
  const advice = error instanceof CommandError ? error.advice : adviceFor(error, asked);
  const text = messageOf(error);
  if (json) return [printableJson({ error: { ...fieldsOf(error), message: text, advice } })];
  if (!(error instanceof Error)) return printableLines(`${where}Uncaught ${inspect(error)}`);
  const isOurs = error instanceof PcpError || error instanceof CommandError ||
    error instanceof UsageError;
  const name = isOurs || error.message.startsWith(error.name) ? "" : `${error.name}: `;
  const fit = (line: string): string[] => wrap(line.split(" "), " ", columns);
  const message = fit(printable(`${where}${name}${text}`)).map(paint[colour]);
  return advice === undefined ? message : [...message, ...fit(advice)];
}

/** The message for people at a command line, without what concerns programs in TypeScript. */
function messageOf(error: unknown): string {
  if (error instanceof DiscoveryError) return error.summary;
  return error instanceof Error ? error.message : String(error);
}

function fieldsOf(error: unknown): object {
  if (error instanceof PcpError) return error.toJSON();
  return { name: error instanceof Error ? error.name : "Error" };
}
