/**
 * Refuses what does not fit an unsigned field.
 *
 * @throws {TypeError} If the value is no number.
 * @throws {RangeError} If it is no integer from 0 to `max`.
 */
export function checkUnsigned(value: number, max: number, name: string): number {
  // Every field is at most 32 bits wide, so this one comparison settles the usual case.
  if ((value >>> 0) === value && value <= max) return value;
  const message =
    `Cannot encode a message: ${name} must be an integer from 0 to ${max}, got "${value}"`;
  throw typeof value === "number" ? new RangeError(message) : new TypeError(message);
}

/**
 * Refuses a buffer in which `needed` octets do not fit from `offset` on.
 *
 * @throws {RangeError} If they do not fit.
 */
export function checkRoom(size: number, offset: number, needed: number, name: string): void {
  if (offset >= 0 && offset + needed <= size) return;
  throw new RangeError(
    `Cannot encode ${name}: it needs "${needed}" octets from octet "${offset}" on, the buffer has "${size}"`,
  );
}
