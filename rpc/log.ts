/** The severity of a log line. */
export type LogLevel = "error" | "warn" | "info" | "debug";

/** Takes log lines. */
export type Log = (level: LogLevel, text: string) => void;

/** From the most severe to the least. */
export const LOG_LEVELS: readonly LogLevel[] = ["error", "warn", "info", "debug"];

/** A log that writes the lines of `most` and more severe levels. */
export function logTo(write: (line: string) => void, most: LogLevel): Log {
  return (level, text) => {
    if (LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(most)) write(`${level}: ${text}`);
  };
}
