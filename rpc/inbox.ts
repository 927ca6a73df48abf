import { deferred } from "../src/deferred.ts";
import { type Frame, FrameDecoder } from "./framing.ts";
import { LIMITS } from "./limits.ts";
import type { SetTimer } from "./timer.ts";

/** A stream of octets to read, such as `Deno.stdin`. */
export interface ByteSource {
  /** Reads into the buffer; resolves with the number of octets, or with null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
}

/** Options of an {@linkcode Inbox}. */
export interface InboxOptions {
  /** The longest message in octets. */
  readonly maxMessage: number | undefined;
  readonly timer: SetTimer;
  /** Called once for each message whose rest does not come for some seconds. */
  readonly onLate: (missing: string) => void;
  /** Called if the stream ends in the middle of a message. */
  readonly onCut: (missing: string) => void;
}

/** Reads messages from a stream. It reads ahead by the length of one message, so that the end of the stream is seen early. */
export class Inbox {
  /** Resolves when the stream has ended or cannot be read. */
  readonly ended: Promise<void>;
  readonly #source: ByteSource;
  readonly #options: InboxOptions;
  readonly #decoder: FrameDecoder;
  readonly #most: number;
  readonly #end: () => void;
  #hasEnded = false;
  #error: unknown;
  #isReading = false;
  #wake = (): void => {};
  #stopTimer: (() => void) | undefined;

  constructor(source: ByteSource, options: InboxOptions) {
    const { maxMessage = LIMITS.message } = options;
    this.#source = source;
    this.#options = options;
    this.#decoder = new FrameDecoder(maxMessage);
    this.#most = maxMessage + CHUNK;
    ({ promise: this.ended, resolve: this.#end } = deferred<void>());
  }

  /** Whether the stream has ended; messages may be left. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * The next message; undefined at the end of the stream.
   *
   * @throws {FramingError} If the start of the next message cannot be found.
   * @throws {unknown} What the stream has failed with.
   */
  async next(): Promise<Frame | undefined> {
    for (;;) {
      const frame = this.#decoder.next();
      if (frame !== undefined) {
        this.#stopTimer?.();
        this.#stopTimer = undefined;
        return frame;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#hasEnded) break;
      const { promise, resolve } = deferred<void>();
      this.#wake = resolve;
      this.readAhead();
      this.#watch();
      await promise;
    }
    const { missing } = this.#decoder;
    if (missing !== undefined) this.#options.onCut(missing);
    return undefined;
  }

  /** Reads until the buffer is full, though no message is wanted yet. */
  readAhead(): void {
    if (!this.#hasEnded && !this.#isReading) void this.#read();
  }

  /** Reads until the end, or until the buffer is full. */
  async #read(): Promise<void> {
    const chunk = new Uint8Array(CHUNK);
    this.#isReading = true;
    try {
      while (this.#decoder.buffered < this.#most) {
        const length = await this.#source.read(chunk);
        if (length === null) {
          this.#finish();
          break;
        }
        this.#decoder.push(chunk.subarray(0, length));
        this.#wake();
      }
    } catch (error) {
      this.#error = error;
      this.#finish();
    }
    this.#isReading = false;
  }

  #finish(): void {
    this.#hasEnded = true;
    this.#stopTimer?.();
    this.#end();
    this.#wake();
  }

  /** Sets a timer while a part of a message is there: a wait for the rest is not silent. */
  #watch(): void {
    if (this.#decoder.isIdle) return;
    this.#stopTimer ??= this.#options.timer(() => {
      const { missing } = this.#decoder;
      if (missing !== undefined) this.#options.onLate(missing);
    }, LATE);
  }
}

const CHUNK = 65_536;

/** Milliseconds until a message that is not whole is reported. */
const LATE = 5_000;
