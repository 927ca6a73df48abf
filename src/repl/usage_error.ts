/** What was typed is no command: the message says what to type instead. Nothing was done. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A command could not be carried out. */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
  /** What to do about it. */
  readonly advice: string | undefined;

  constructor(message: string, advice?: string) {
    super(message);
    this.advice = advice;
  }
}

/** Somebody pressed Ctrl-C, or ended the program, while a command was waiting. */
export class CancelledError extends CommandError {
  override readonly name = "CancelledError";

  constructor() {
    super("Cancelled");
  }
}

/** Runs what the library checks; what it finds wrong is the user's mistake. */
export function checked<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw usageErrorOf(error);
  }
}

/** The library's word for a caller's mistake is the prompt's word for the user's. */
export function usageErrorOf(error: unknown): unknown {
  return error instanceof TypeError || error instanceof RangeError
    ? new UsageError(error.message, { cause: error })
    : error;
}
