/** Reads numbers and texts that routers send. */

/** Decodes UTF-8 and replaces what is not; a byte order mark is left out. */
export function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Encodes a text as UTF-8. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/**
 * Reads a decimal number with an optional sign and white space around it.
 *
 * @returns `undefined` for a text that is missing or not a number, and for a number out of range.
 */
export function readNumber(text: string | undefined, min: number, max: number): number | undefined {
  const trimmed = text?.trim() ?? "";
  if (!/^[+-]?\d+$/.test(trimmed)) return undefined;
  const value = Number(trimmed);
  return value >= min && value <= max ? value + 0 : undefined; // + 0: no negative zero
}

/**
 * A text of a router as it may be shown to people, in a terminal or a log: one line without control, invisible and
 * direction-changing characters, at most 200 characters (our decision, because a line of a log holds no more).
 */
export function printable(text: string | undefined): string {
  const characters = [...(text ?? "").slice(0, 4 * MOST_CHARACTERS).replace(UNSAFE, " ").trim()];
  return characters.slice(0, MOST_CHARACTERS).join("");
}

/** The unique part of a UDN or USN in lower case: what stands between `uuid:` and `::`. */
export function readUuid(text: string | undefined): string {
  const [first = ""] = printable(text).toLowerCase().split("::");
  return first.startsWith("uuid:") ? first.slice("uuid:".length) : first;
}

const MOST_CHARACTERS = 200;

/** Controls, formats, surrogates, private use, unassigned, line and paragraph separators. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]+/gu;
