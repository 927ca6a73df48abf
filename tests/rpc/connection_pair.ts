import {
  createMessageConnection,
  type DataCallback,
  type Disposable,
  type Message,
  type MessageConnection,
  type MessageReader,
  type MessageWriter,
} from "vscode-jsonrpc";
import { EventEmitter } from "../../rpc/event_emitter.ts";
import { installRuntime } from "../../rpc/jsonrpc_runtime.ts";

/** Two connections joined in memory, so that tests need no process and no framing. */
export interface ConnectionPair {
  readonly server: MessageConnection;
  readonly client: MessageConnection;
  /** From the server to the client; can be held. */
  readonly toClient: Pipe;
  /** From the client to the server. */
  readonly toServer: Pipe;
}

/** Joins two connections; the client listens already. */
export function connectionPair(): ConnectionPair {
  installRuntime();
  const toClient = new Pipe();
  const toServer = new Pipe();
  const server = createMessageConnection(toServer.reader, toClient.writer);
  const client = createMessageConnection(toClient.reader, toServer.writer);
  client.listen();
  return { server, client, toClient, toServer };
}

/** One direction between two connections. */
export class Pipe {
  /** Where messages come out. */
  readonly reader: MessageReader;
  /** Where messages go in. */
  readonly writer: MessageWriter;
  /** Every message delivered. */
  readonly passed: Message[] = [];
  readonly #closed = new EventEmitter<void>();
  readonly #failed = new EventEmitter<Error>();
  #callback: DataCallback | undefined;
  #waiting: { message: Message; left: () => void }[] = [];
  #held = false;

  constructor() {
    this.reader = {
      onError: this.#failed.event,
      onClose: this.#closed.event,
      onPartialMessage: new EventEmitter<never>().event,
      listen: (callback): Disposable => {
        this.#callback = callback;
        this.#deliver();
        return { dispose: () => this.#callback = undefined };
      },
      dispose: () => {},
    };
    this.writer = {
      onError: new EventEmitter<never>().event,
      onClose: new EventEmitter<void>().event,
      write: (message) => this.write(message),
      end: () => {},
      dispose: () => {},
    };
  }

  /** Writes a message as it is; resolves when it has been delivered. */
  write(message: Message): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ message: JSON.parse(JSON.stringify(message)), left: resolve });
    this.#deliver();
    return promise;
  }

  /** Stops delivery, as a reader that has stopped reading does. */
  hold(): void {
    this.#held = true;
  }

  /** Resumes delivery. */
  release(): void {
    this.#held = false;
    this.#deliver();
  }

  /** The end of the stream. */
  close(): void {
    this.#closed.fire();
  }

  /** The stream has become unreadable. */
  fail(error: Error): void {
    this.#failed.fire(error);
  }

  #deliver(): void {
    if (this.#held || this.#callback === undefined) return;
    for (const { message, left } of this.#waiting.splice(0)) {
      this.passed.push(message);
      this.#callback(message);
      left();
    }
  }
}
