/** How much the server tells of itself. */
export type LogLevel = "error" | "warn" | "info" | "debug";

/** Takes what the server tells of itself. */
export type Log = (level: LogLevel, text: string) => void;

/** From least to most. */
export const LOG_LEVELS: readonly LogLevel[] = ["error", "warn", "info", "debug"];

/** A log that writes lines of at most that level. */
export function logTo(write: (line: string) => void, most: LogLevel): Log {
  return (level, text) => {
    if (LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(most)) write(`${level}: ${text}`);
  };
}
