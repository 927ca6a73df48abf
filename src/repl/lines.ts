import { LONGEST_LINE } from "./parse.ts";

/** A line that came in; without text it was too long to be one. */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string | undefined;
}

/** Cuts a stream of octets into lines, holding no more of it than one line may have. */
export async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder();
  let number = 0;
  let rest = "";
  let isTooLong = false;
  for await (const chunk of stream) {
    const pieces = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = pieces.pop() ?? "";
    for (const piece of pieces) {
      yield line(++number, piece, isTooLong);
      isTooLong = false;
    }
    if (rest.length > LONGEST_LINE) {
      isTooLong = true;
      rest = "";
    }
  }
  rest += decoder.decode();
  if (rest !== "" || isTooLong) yield line(++number, rest, isTooLong);
}

function line(number: number, text: string, isTooLong: boolean): Line {
  const whole = text.endsWith("\r") ? text.slice(0, -1) : text;
  return { number, text: isTooLong || whole.length > LONGEST_LINE ? undefined : whole };
}

/**
 * Keeps a line that somebody pastes from growing without bound: what is too much of one line is swallowed up to its end,
 * and the line as far as it had got is wiped out.
 */
export class TypingLimit {
  readonly #onTooLong: () => void;
  #length = 0;
  #swallowing = false;

  constructor(onTooLong: () => void) {
    this.#onTooLong = onTooLong;
  }

  /** What of the text is to be passed on to the line editor. */
  filter(text: string): string {
    let passed = "";
    for (const part of text.split(ENDS)) {
      const isEnd = ENDS.test(part);
      if (this.#swallowing) {
        if (!isEnd) continue;
        this.#swallowing = false;
        this.#length = 0;
        this.#onTooLong();
        continue;
      }
      const room = LONGEST_LINE - this.#length;
      this.#length = isEnd ? 0 : this.#length + part.length;
      this.#swallowing = this.#length > LONGEST_LINE;
      passed += this.#swallowing ? part.slice(0, room) + WIPE : part;
    }
    return passed;
  }
}

/** Takes input apart: what is put into the line as a whole, because nobody types that fast, and keys. */
export function piecesOf(text: string): { readonly text: string; readonly isPaste: boolean }[] {
  return text.split(PASTES)
    .map((piece, index) => ({ text: piece, isPaste: index % 2 === 1 }))
    .filter((piece) => piece.text !== "");
}

/** What ends a line, or throws it away: Enter and Ctrl-C. */
const ENDS = new RegExp(`([\r\n${String.fromCharCode(3)}])`);

/** The editor's keys to the end of the line, and to delete from there to its beginning. */
const WIPE = "\x05\x15";

/** From the beginning of a line on, more characters at once than anybody types, and no key of the editor among them. */
const PASTES = /((?<![^\r\n])\P{Cc}{32,})/u;
