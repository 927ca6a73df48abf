/** A line that is not a valid command; nothing was done. The message says what to type instead. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A command that failed. */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
  /** What to do about it. */
  readonly advice: string | undefined;

  constructor(message: string, advice?: string) {
    super(message);
    this.advice = advice;
  }
}

/** The user pressed Ctrl-C, or the program is ending, while a command was waiting. */
export class CancelledError extends CommandError {
  override readonly name = "CancelledError";

  constructor() {
    super("Cancelled");
  }
}

/** Runs a library call; an argument that the library rejects becomes a {@linkcode UsageError}. */
export function checked<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw usageErrorOf(error);
  }
}

/** A `TypeError` or `RangeError` of the library as a {@linkcode UsageError}; other errors unchanged. */
export function usageErrorOf(error: unknown): unknown {
  return error instanceof TypeError || error instanceof RangeError
    ? new UsageError(error.message, { cause: error })
    : error;
}
