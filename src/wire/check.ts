/**
 * Returns the value of an unsigned field.
 *
 * @throws {TypeError} If the value is not a number.
 * @throws {RangeError} If it is not an integer from 0 to `max`.
 */
export function checkUnsigned(value: number, max: number, name: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  const message =
    `Cannot encode a message: ${name} must be an integer from 0 to ${max}, got "${value}"`;
  throw typeof value === "number" ? new RangeError(message) : new TypeError(message);
}

/** The error for a buffer in which `needed` octets do not fit from `offset` on. */
export function noRoom(size: number, offset: number, needed: number, name: string): RangeError {
  return new RangeError(
    `Cannot encode ${name}: it needs "${needed}" octets from octet "${offset}" on, the buffer has "${size}"`,
  );
}
