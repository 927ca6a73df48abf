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

/** Two connections with nothing but memory between them, so that tests need no process and no framing. */
export interface ConnectionPair {
  readonly server: MessageConnection;
  readonly client: MessageConnection;
  /** The way from the server to the client: may be told to stand still. */
  readonly toClient: Pipe;
  /** The way from the client to the server. */
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

/** One way between two connections. */
export class Pipe {
  /** Where messages come out. */
  readonly reader: MessageReader;
  /** Where messages go in. */
  readonly writer: MessageWriter;
  /** Everything that came through. */
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

  /** Puts a message in as it is; resolves when it has left. */
  write(message: Message): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ message: JSON.parse(JSON.stringify(message)), left: resolve });
    this.#deliver();
    return promise;
  }

  /** Lets nothing out, as a reader does who has stopped reading. */
  hold(): void {
    this.#held = true;
  }

  /** Lets everything out again. */
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
