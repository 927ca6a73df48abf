import type {
  DataCallback,
  Disposable,
  Message,
  MessageReader,
  MessageWriter,
} from "vscode-jsonrpc";
import { EventEmitter } from "./event_emitter.ts";
import { encodeFrame, FrameDecoder } from "./framing.ts";
import type { Log } from "./log.ts";
import { checkMessage, type IncomingMessage } from "./message_check.ts";
import { type ByteSink, Outbox } from "./outbox.ts";

/** A stream of octets to read, such as `Deno.stdin`. */
export interface ByteSource {
  /** Reads into the buffer; resolves with the number of octets, or with null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
}

/**
 * JSON-RPC messages over two streams of octets, for a connection of `vscode-jsonrpc` and before there is one. It answers
 * invalid messages itself, and stops reading while too many responses wait to be written.
 */
export class Channel {
  /** The half that a connection reads from. */
  readonly reader: MessageReader;
  /** The half that a connection writes to. */
  readonly writer: MessageWriter;
  readonly #source: ByteSource;
  readonly #log: Log;
  readonly #outbox: Outbox;
  readonly #decoder = new FrameDecoder();
  readonly #chunk = new Uint8Array(CHUNK);
  /** Ids of requests without a response. */
  readonly #inFlight = new Set<string>();
  readonly #readFailed = new EventEmitter<Error>();
  readonly #readClosed = new EventEmitter<void>();
  #unread: IncomingMessage[] = [];

  constructor(source: ByteSource, sink: ByteSink, log: Log) {
    this.#source = source;
    this.#log = log;
    this.#outbox = new Outbox(sink);
    this.reader = {
      onError: this.#readFailed.event,
      onClose: this.#readClosed.event,
      onPartialMessage: new EventEmitter<never>().event,
      listen: (callback) => this.#listen(callback),
      dispose: () => {},
    };
    const writeClosed = new EventEmitter<void>();
    this.#outbox.broken.then((error) => {
      // A closed output ends the connection, as the end of the input does.
      log("info", `Cannot write any more: ${error.message}`);
      writeClosed.fire();
    });
    this.writer = {
      onError: new EventEmitter<never>().event,
      onClose: writeClosed.event,
      write: (message) => this.write(message),
      end: () => {},
      dispose: () => {},
    };
  }

  /**
   * The next request or notification; undefined at the end of the stream.
   *
   * @throws {FramingError} If the start of the next message cannot be found.
   */
  async next(): Promise<IncomingMessage | undefined> {
    const unread = this.#unread.shift();
    if (unread !== undefined) return unread;
    for (;;) {
      const message = this.#decode();
      if (message !== undefined) return message;
      await this.#outbox.room();
      const length = await this.#source.read(this.#chunk);
      if (length === null) break;
      this.#decoder.push(this.#chunk.subarray(0, length));
    }
    if (!this.#decoder.isIdle) this.#log("warn", "The input ended in the middle of a message");
    return undefined;
  }

  /** Puts a message back for the connection. */
  unread(message: IncomingMessage): void {
    this.#unread.push(message);
  }

  /** Sends a message; resolves when it has been written. */
  async write(
    message: Message & { readonly id?: unknown; readonly method?: unknown },
  ): Promise<void> {
    if (message.method === undefined) this.#inFlight.delete(String(message.id));
    await this.#outbox.put(encodeFrame(message));
  }

  /** Resolves when every message has been written, or writing has failed. */
  flush(): Promise<void> {
    return this.#outbox.empty();
  }

  #listen(callback: DataCallback): Disposable {
    let listening = true;
    const run = async (): Promise<void> => {
      try {
        for (;;) {
          const message = await this.next();
          if (!listening) return;
          if (message === undefined) return this.#readClosed.fire();
          callback(message);
        }
      } catch (error) {
        this.#readFailed.fire(error instanceof Error ? error : new Error(String(error)));
      }
    };
    run().catch(reportError);
    return { dispose: () => listening = false };
  }

  /** The next valid message of the octets that were read. */
  #decode(): IncomingMessage | undefined {
    for (let frame = this.#decoder.next(); frame !== undefined; frame = this.#decoder.next()) {
      const check = checkMessage(frame, this.#inFlight);
      if (check.type === "message") {
        const { id } = check.message;
        if (id !== undefined) this.#inFlight.add(String(id));
        return check.message;
      }
      if (check.type === "dropped") {
        this.#log("warn", check.reason);
        continue;
      }
      const { id, code, text } = check;
      this.#log("warn", text);
      this.#outbox.put(encodeFrame({ jsonrpc: "2.0", id, error: { code, message: text } }))
        .catch(() => this.#log("debug", "Cannot answer, the connection is gone"));
    }
    return undefined;
  }
}

const CHUNK = 65_536;
