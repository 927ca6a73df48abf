import { LONGEST_LINE } from "./parse.ts";

/** A line of a script; its text is undefined if it was longer than {@linkcode LONGEST_LINE}. */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string | undefined;
}

/** Splits a stream of octets into lines; never holds more than the longest line and one chunk. */
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

/** Limits the length of the line being typed: a longer one is cleared, and its rest up to the line's end is discarded. */
export class TypingLimit {
  readonly #onTooLong: () => void;
  #length = 0;
  #discarding = false;

  constructor(onTooLong: () => void) {
    this.#onTooLong = onTooLong;
  }

  /** The part of the text that goes to the line editor. */
  filter(text: string): string {
    let passed = "";
    for (const part of text.split(ENDS)) {
      const isEnd = ENDS.test(part);
      if (this.#discarding) {
        if (!isEnd) continue;
        this.#discarding = false;
        this.#length = 0;
        this.#onTooLong();
        continue;
      }
      const room = LONGEST_LINE - this.#length;
      this.#length = isEnd ? 0 : this.#length + part.length;
      this.#discarding = this.#length > LONGEST_LINE;
      passed += this.#discarding ? part.slice(0, room) + CLEAR_LINE : part;
    }
    return passed;
  }
}

/** Splits input into keys and pastes: longer text than can be typed at once. */
export function splitPastes(text: string): { readonly text: string; readonly isPaste: boolean }[] {
  return text.split(PASTES)
    .map((piece, index) => ({ text: piece, isPaste: index % 2 === 1 }))
    .filter((piece) => piece.text !== "");
}

/** Enter ends a line, and Ctrl-C discards it. */
const ENDS = new RegExp(`([\r\n${String.fromCharCode(3)}])`);

/** The editor's keys that clear the line: to its end, delete to its start. */
const CLEAR_LINE = "\x05\x15";

/** At the start of a line 32 characters or more in one read, none of them a key of the editor. */
const PASTES = /((?<![^\r\n])\P{Cc}{32,})/u;
