import { PcpError } from "../pcp_error.ts";

/**
 * Why discovery failed. `noDefaultRoute`: this computer has no gateway. `noLocalAddress`: it has no address that faces the
 * server. `hostUnknown`: the name of the server has no address. `programMissing`, `programFailed`, `programStopped`: the program
 * that lists the routes is missing, failed, or was killed because it ran too long or printed too much. `permissionDenied`: a
 * permission of Deno is missing.
 */
export type DiscoveryReason =
  | "noDefaultRoute"
  | "noLocalAddress"
  | "hostUnknown"
  | "programMissing"
  | "programFailed"
  | "programStopped"
  | "permissionDenied";

/** The gateway, or the address that faces it, was not found. The message includes the call with given addresses. */
export class DiscoveryError extends PcpError {
  /** `DiscoveryError`. */
  override readonly name: string = "DiscoveryError";
  /** Why discovery failed. */
  readonly reason: DiscoveryReason;
  /** The cause in words: the message without the attempt and the advice. */
  readonly detail: string;
  readonly #attempt: string;

  /**
   * Creates the error of an attempt.
   *
   * @param attempt What was attempted, such as `find the default gateway`.
   * @param reason Why it failed.
   * @param detail The cause in words.
   * @param options The cause, if any, and whether given addresses avoid the failure (the default).
   */
  constructor(
    attempt: string,
    reason: DiscoveryReason,
    detail: string,
    options: ErrorOptions & { readonly avoidable?: boolean } = {},
  ) {
    const { avoidable = true, ...rest } = options;
    super(`Cannot ${attempt}: ${detail}${avoidable ? ADVICE : ""}`, rest);
    this.#attempt = attempt;
    this.reason = reason;
    this.detail = detail;
  }

  /** The message without its advice, which is for programs in TypeScript. */
  get summary(): string {
    return `Cannot ${this.#attempt}: ${this.detail}`;
  }
}

const ADVICE = '; pass the addresses, as in Client.start("192.168.1.2", "192.168.1.1")';

/** A failed query of the system; becomes a {@link DiscoveryError} when it is known which attempt it prevents. */
export class SystemError extends Error {
  override readonly name: string = "SystemError";

  constructor(readonly reason: DiscoveryReason, message: string, options?: ErrorOptions) {
    super(message, options);
  }

  /**
   * The failure of a system function.
   *
   * @param cause The error that the function threw.
   * @param flags The permissions of Deno that the attempt needs.
   */
  static from(cause: unknown, attempt: string, flags: string): SystemError {
    const { name, code, message } = cause as { name?: string; code?: string; message?: string };
    if (
      name === "NotCapable" || name === "PermissionDenied" || code === "EACCES" || code === "EPERM"
    ) {
      const detail = `the permission to ${attempt} is missing (under Deno: ${flags})`;
      return new SystemError("permissionDenied", detail, { cause });
    }
    if (name === "NotFound" || code === "ENOENT") {
      const detail = `cannot ${attempt}: there is no such program`;
      return new SystemError("programMissing", detail, { cause });
    }
    return new SystemError("programFailed", `cannot ${attempt}: ${message}`, { cause });
  }

  /** The error for the caller of discovery. */
  preventing(attempt: string, avoidable = true): DiscoveryError {
    return new DiscoveryError(attempt, this.reason, this.message, { cause: this, avoidable });
  }
}
