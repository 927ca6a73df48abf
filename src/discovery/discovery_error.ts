/**
 * Why discovery failed. `noDefaultRoute`: the computer has no gateway. `noLocalAddress`: it has no address that faces the
 * server. `programMissing`, `programFailed`: the program that shows the routes. `permissionDenied`: Deno's permissions.
 */
export type DiscoveryReason =
  | "noDefaultRoute"
  | "noLocalAddress"
  | "programMissing"
  | "programFailed"
  | "permissionDenied";

/** The gateway, or the address that faces it, could not be found. The message says what to pass instead. */
export class DiscoveryError extends Error {
  /** `DiscoveryError`. */
  override readonly name: string = "DiscoveryError";
  /** Why discovery failed. */
  readonly reason: DiscoveryReason;
  /** What was found out, without the advice of the message. */
  readonly detail: string;

  /**
   * Makes the error of an attempt.
   *
   * @param attempt What was attempted, as in `find the default gateway`.
   * @param reason Why it failed.
   * @param detail What was found out.
   * @param options The cause, if there is one, and whether addresses can be passed instead: they can, unless told.
   */
  constructor(
    attempt: string,
    reason: DiscoveryReason,
    detail: string,
    options: ErrorOptions & { readonly avoidable?: boolean } = {},
  ) {
    const { avoidable = true, ...rest } = options;
    super(`Cannot ${attempt}: ${detail}${avoidable ? ADVICE : ""}`, rest);
    this.reason = reason;
    this.detail = detail;
  }
}

const ADVICE = '; pass the addresses, as in Client.start("192.168.1.2", "192.168.1.1")';

/** Why the system could not be asked; becomes a {@link DiscoveryError} once it is clear what that prevents. */
export class SystemError extends Error {
  override readonly name: string = "SystemError";

  constructor(readonly reason: DiscoveryReason, message: string, options?: ErrorOptions) {
    super(message, options);
  }

  /** The error that the caller of discovery sees. */
  preventing(attempt: string, avoidable = true): DiscoveryError {
    return new DiscoveryError(attempt, this.reason, this.message, { cause: this, avoidable });
  }
}
