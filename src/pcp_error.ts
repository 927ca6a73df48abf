/**
 * The base class of the errors of this library. Distinguish them by class (or `name`) and fields, not by text. Invalid
 * arguments throw `TypeError` and `RangeError` instead.
 */
export class PcpError extends Error {
  /** The class's name. */
  override readonly name: string = "PcpError";

  /** The error as plain JSON: name, message, and the fields of its class. */
  toJSON(): { name: string; message: string; [field: string]: unknown } {
    const { cause: _cause, ...fields } = this as { cause?: unknown };
    return { ...fields, name: this.name, message: this.message };
  }
}
