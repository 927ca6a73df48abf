import { UsageError } from "./usage_error.ts";

/**
 * Splits a line into words as a shell does: blanks separate words, `'…'` quotes everything, `"…"` quotes blanks, `\`
 * quotes the next character. Nothing is expanded.
 *
 * @throws {UsageError} If a quote is not closed, or nothing follows the last backslash.
 */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let index = 0; index < line.length; index++) {
    const character = line.charAt(index);
    if (quote !== "" && character === quote) {
      quote = "";
    } else if (quote === "'") {
      word = (word ?? "") + character;
    } else if (character === "\\" && (quote === "" || ESCAPABLE.test(line.charAt(index + 1)))) {
      if (++index === line.length) {
        throw new UsageError(
          "Cannot read the line: nothing follows the last backslash, type \\\\ for a backslash",
        );
      }
      word = (word ?? "") + line.charAt(index);
    } else if (quote === "" && (character === "'" || character === '"')) {
      quote = character;
      word ??= "";
    } else if (quote === "" && BLANK.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (quote !== "") {
    throw new UsageError(
      `Cannot read the line: a quote is not closed, type another ${quote} at the end, or \\${quote} for the character itself`,
    );
  }
  if (word !== undefined) words.push(word);
  return words;
}

const BLANK = /\s/;

/** The characters that a backslash quotes inside double quotes. */
const ESCAPABLE = /["\\]/;
