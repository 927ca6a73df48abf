import { type Deferred, deferred } from "../src/deferred.ts";
import { LIMITS } from "./limits.ts";

/** A stream of octets to write, such as `Deno.stdout`. */
export interface ByteSink {
  /** Writes some or all of the octets; resolves with their number. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Writes messages in order, queued ones in one write. */
export class Outbox {
  /** Resolves when writing has failed; nothing is written after that. */
  readonly broken: Promise<Error>;
  readonly #sink: ByteSink;
  readonly #break: (error: Error) => void;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #written = 0;
  #error: Error | undefined;
  #writing: Promise<void> | undefined;
  #roomWanted: Deferred<void> | undefined;

  constructor(sink: ByteSink) {
    this.#sink = sink;
    ({ promise: this.broken, resolve: this.#break } = deferred<Error>());
  }

  /**
   * Queues a message; resolves when it has been written.
   *
   * @throws {Error} If writing failed.
   */
  put(bytes: Uint8Array): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    const { promise, resolve, reject } = deferred<void>();
    this.#waiting.push({ bytes, resolve, reject });
    this.#bytes += bytes.length;
    this.#writing ??= this.#run();
    return promise;
  }

  /** Octets that wait. */
  get waiting(): number {
    return this.#bytes;
  }

  /** Octets that the sink has taken. */
  get written(): number {
    return this.#written;
  }

  /** Whether few enough octets wait, so that another request may be answered. */
  get hasRoom(): boolean {
    return this.#bytes <= LIMITS.unread;
  }

  /** Resolves when there is room. */
  room(): Promise<void> {
    if (this.hasRoom) return Promise.resolve();
    return (this.#roomWanted ??= deferred()).promise;
  }

  /** Whether no message waits. */
  get isEmpty(): boolean {
    return this.#writing === undefined;
  }

  /** Resolves when no message waits. */
  empty(): Promise<void> {
    return this.#writing ?? Promise.resolve();
  }

  async #run(): Promise<void> {
    // Messages of the same tick are written together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      try {
        await this.#writeAll(join(batch));
      } catch (error) {
        return this.#fail(error instanceof Error ? error : new Error(String(error)), batch);
      }
      for (const { bytes, resolve } of batch) {
        this.#bytes -= bytes.length;
        resolve();
      }
      this.#giveRoom();
    }
    this.#writing = undefined;
  }

  #take(): Waiting[] {
    let length = 0;
    const count = this.#waiting.findIndex(({ bytes }) => (length += bytes.length) > BATCH);
    return this.#waiting.splice(0, count < 0 ? this.#waiting.length : Math.max(count, 1));
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      const taken = await this.#sink.write(bytes.subarray(sent));
      sent += taken;
      this.#written += taken;
    }
  }

  #fail(error: Error, batch: readonly Waiting[]): void {
    this.#error = error;
    for (const { reject } of [...batch, ...this.#waiting.splice(0)]) reject(error);
    this.#bytes = 0;
    this.#writing = undefined;
    this.#giveRoom();
    this.#break(error);
  }

  #giveRoom(): void {
    if (!this.hasRoom) return;
    this.#roomWanted?.resolve();
    this.#roomWanted = undefined;
  }
}

interface Waiting {
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Octets of one write. */
const BATCH = 65_536;

function join(batch: readonly Waiting[]): Uint8Array {
  const [first] = batch;
  if (first !== undefined && batch.length === 1) return first.bytes;
  const joined = new Uint8Array(batch.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { bytes } of batch) {
    joined.set(bytes, at);
    at += bytes.length;
  }
  return joined;
}
