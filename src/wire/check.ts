// Who writes a field checks it here. What throws stands by itself, so that a check is a few instructions, which the compiler
// puts in place at each field.

/** An unsigned field that fills whole bits: what it is called, and all of its bits set. */
export interface Field {
  /** As an error calls it. */
  readonly name: string;
  /** The greatest value: a power of two less one, at most 2^32 - 1. */
  readonly max: number;
}

/**
 * Refuses what does not fit a field.
 *
 * @throws {TypeError} If the value is no number.
 * @throws {RangeError} If it is no integer from 0 to the greatest value of the field.
 */
export function checkField(value: number, field: Field): void {
  if (((value & field.max) >>> 0) !== value) refuseField(value, field);
}

/**
 * Refuses what is beyond a limit other than that of its bits.
 *
 * @throws {TypeError} If the value is no number.
 * @throws {RangeError} If it is no integer from 0 to `max`.
 */
export function checkUnsigned(value: number, max: number, name: string): number {
  // Every field is at most 32 bits wide, so this one comparison settles the usual case.
  if ((value >>> 0) === value && value <= max) return value;
  throw unfit(value, max, name);
}

function refuseField(value: number, { max, name }: Field): never {
  throw unfit(value, max, name);
}

function unfit(value: number, max: number, name: string): Error {
  const message =
    `Cannot encode a message: ${name} must be an integer from 0 to ${max}, got "${value}"`;
  return typeof value === "number" ? new RangeError(message) : new TypeError(message);
}

/** What to throw for a buffer in which `needed` octets do not fit from `offset` on. */
export function noRoom(size: number, offset: number, needed: number, name: string): RangeError {
  return new RangeError(
    `Cannot encode ${name}: it needs "${needed}" octets from octet "${offset}" on, the buffer has "${size}"`,
  );
}
