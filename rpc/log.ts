import { printable } from "../src/printable.ts";
import { stackOf } from "./spare_descriptor.ts";

/** The severity of a log line. */
export type LogLevel = "error" | "warn" | "info" | "debug";

/** Takes log lines. */
export type Log = (level: LogLevel, text: string) => void;

/** From the most severe to the least. */
export const LOG_LEVELS: readonly LogLevel[] = ["error", "warn", "info", "debug"];

/**
 * A log that writes the lines of `most` and more severe levels. Each text becomes one line, without the control characters
 * that a peer may have put into it.
 */
export function logTo(write: (line: string) => void, most: LogLevel): Log {
  return (level, text) => {
    if (LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(most)) write(`${level}: ${logLine(text)}`);
  };
}

/** Text of any origin as one line of a log. */
export function logLine(text: string): string {
  return printable(text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`);
}

/** An error with the lines of its stack, for a log: the message is of any origin, the lines are code of this program. */
export function defectLines(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  const frames = stackOf(error).split("\n").filter((line) => /^\s+at /.test(line));
  return [`${error.name}: ${error.message}`, ...frames];
}

/** Characters of a line. */
const LONGEST = 4_096;
