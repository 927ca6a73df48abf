/**
 * Text of others on its way to a terminal or a log. A gateway or a JSON-RPC peer must not be able to move the cursor, to
 * reverse the order of what is read, or to begin a line of its own.
 */

/** Escapes control characters, line separators, and the characters that change the direction of text: `\x1b`, `\u202e`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** A value as JSON that is printable: the escapes are those of JSON, so that a reader gets the same value. */
export function printableJson(value: unknown): string {
  return (JSON.stringify(value) ?? "null").replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * Control characters (U+0000-001F, U+007F-009F, among them the line end U+0085), the separators U+2028 and U+2029, and the
 * directional marks, embeddings, overrides and isolates of Unicode's bidirectional algorithm (UAX #9, section 2).
 */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
