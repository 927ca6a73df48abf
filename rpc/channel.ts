import type {
  DataCallback,
  Disposable,
  Message,
  MessageReader,
  MessageWriter,
} from "vscode-jsonrpc";
import { deferred } from "../src/deferred.ts";
import { printable } from "../src/printable.ts";
import { reportError } from "../src/report_error.ts";
import { ErrorCode } from "./error_codes.ts";
import { EventEmitter } from "./event_emitter.ts";
import { encodeFrame, type Frame } from "./framing.ts";
import { FramingError } from "./header.ts";
import { type ByteSource, Inbox } from "./inbox.ts";
import type { Log } from "./log.ts";
import { checkMessage, type IncomingMessage, type RefusedMessage } from "./message_check.ts";
import { type ByteSink, Outbox } from "./outbox.ts";
import { type SetTimer, setTimer } from "./timer.ts";

/** Options of a {@linkcode Channel}. */
export interface ChannelOptions {
  /** The longest message in octets. */
  readonly maxMessage?: number;
  /** The timers, for tests. */
  readonly timer?: SetTimer;
}

/**
 * JSON-RPC messages over two streams of octets, for a connection of `vscode-jsonrpc` and before there is one. It answers
 * invalid messages itself, and passes no message on while too many octets of responses wait to be written. The input is
 * read ahead, so that its end is seen then, too.
 */
export class Channel {
  /** The half that a connection reads from. */
  readonly reader: MessageReader;
  /** The half that a connection writes to. */
  readonly writer: MessageWriter;
  readonly #log: Log;
  readonly #timer: SetTimer;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  /** Ids of requests without a response. */
  readonly #inFlight = new Set<string>();
  readonly #readFailed = new EventEmitter<Error>();
  readonly #readClosed = new EventEmitter<void>();
  #unread: IncomingMessage[] = [];

  constructor(source: ByteSource, sink: ByteSink, log: Log, options: ChannelOptions = {}) {
    this.#log = log;
    this.#timer = options.timer ?? setTimer;
    this.#inbox = new Inbox(source, {
      maxMessage: options.maxMessage,
      timer: this.#timer,
      onLate: (missing) => log("warn", `Still waiting for ${missing}`),
      onCut: (missing) =>
        log("warn", `The input ended in the middle of a message: there must be ${missing}`),
    });
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
      write: async (message: OutgoingMessage) => {
        const written = this.write(message);
        // The connection keeps all of a request until its response is written: thousands may wait in a few megabytes.
        if (message.method === undefined) written.catch(() => {});
        else await written;
      },
      end: () => {},
      dispose: () => {},
    };
  }

  /**
   * The next request or notification; undefined at the end of the stream.
   *
   * @throws {FramingError} If the start of the next message cannot be found; the peer has got the complaint.
   */
  async next(): Promise<IncomingMessage | undefined> {
    const unread = this.#unread.shift();
    if (unread !== undefined) return unread;
    for (;;) {
      if (!this.#outbox.hasRoom && !await this.#room()) return undefined;
      const frame = await this.#nextFrame();
      if (frame === undefined) return undefined;
      const check = checkMessage(frame, this.#inFlight);
      if (check.type === "message") {
        const { id } = check.message;
        if (id !== undefined) this.#inFlight.add(String(id));
        return check.message;
      }
      this.#log("warn", check.type === "refused" ? check.text : check.reason);
      if (check.type === "refused") this.#answer(check);
    }
  }

  /** Puts a message back for the connection. */
  unread(message: IncomingMessage): void {
    this.#unread.push(message);
  }

  /** Sends a message; resolves when it has been written. */
  async write(message: OutgoingMessage): Promise<void> {
    if (message.method === undefined) this.#inFlight.delete(String(message.id));
    await this.#outbox.put(encodeFrame(message));
  }

  /** Resolves when every message has been written, writing has failed, or the output is not read any more. */
  async flush(): Promise<void> {
    while (!this.#outbox.isEmpty && await this.#progress(this.#outbox.empty()));
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
          await this.#answered(message);
        }
      } catch (error) {
        this.#readFailed.fire(error instanceof Error ? error : new Error(String(error)));
      }
    };
    run().catch(reportError);
    return { dispose: () => listening = false };
  }

  /**
   * Resolves when a request has its response, if that takes no time. So the octets of a response count before the next
   * request is passed on: a thousand requests of one write cannot make a thousand large responses.
   */
  async #answered({ id }: IncomingMessage): Promise<void> {
    if (id === undefined) return;
    const key = String(id);
    for (let turn = 0; turn < TURNS && this.#inFlight.has(key); turn++) await undefined;
  }

  async #nextFrame(): Promise<Frame | undefined> {
    try {
      return await this.#inbox.next();
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      this.#answer({ code: ErrorCode.ParseError, text: error.message, id: null });
      throw error;
    }
  }

  /** Waits for room in the output; false if the input has ended and the output is not read any more. */
  async #room(): Promise<boolean> {
    while (!this.#outbox.hasRoom) {
      if (!this.#inbox.hasEnded) {
        this.#inbox.readAhead();
        await Promise.race([this.#outbox.room(), this.#inbox.ended]);
        continue;
      }
      if (await this.#progress(this.#outbox.room())) continue;
      const { waiting } = this.#outbox;
      this.#log("warn", `The input has ended, and ${waiting} octets of the output are not read`);
      return false;
    }
    return true;
  }

  /** Waits for `enough` for a while; whether that has happened, or the output has been read on. */
  async #progress(enough: Promise<void>): Promise<boolean> {
    const { written } = this.#outbox;
    const { promise: late, resolve } = deferred<false>();
    const stop = this.#timer(() => resolve(false), STALLED);
    const isEnough = await Promise.race([enough.then(() => true), late]);
    stop();
    return isEnough || this.#outbox.written > written;
  }

  #answer({ id, code, text, data }: Omit<RefusedMessage, "type">): void {
    const error = { code, message: printable(text), ...(data === undefined ? {} : { data }) };
    this.#outbox.put(encodeFrame({ jsonrpc: "2.0", id, error }))
      .catch(() => this.#log("debug", "Cannot answer, the connection is gone"));
  }
}

type OutgoingMessage = Message & { readonly id?: unknown; readonly method?: unknown };

/** Microtasks until every response is there that needs no timer and no other event; some 20 suffice. */
const TURNS = 64;

/** Milliseconds without an octet read, after which an output counts as not read any more. */
const STALLED = 1_000;
