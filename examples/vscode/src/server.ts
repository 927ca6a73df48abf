import { type ChildProcess, spawn } from "node:child_process";
import { homedir } from "node:os";
import process from "node:process";
import { createInterface } from "node:readline";
import {
  type CancellationToken,
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import type { Notifications, Requests } from "./api.ts";
import type { ServerCommand } from "./server_command.ts";

/** The server could not be started, or has ended although nobody asked it to. */
export class ServerGoneError extends Error {
  override readonly name = "ServerGoneError";
  /** Whether that is because there is no Deno. */
  readonly needsDeno: boolean;

  constructor(reason: string, needsDeno = false) {
    super(reason);
    this.needsDeno = needsDeno;
  }
}

/** What the owner of a server hears from it. */
export interface ServerEvents {
  /** A line of its stderr: a datagram, or a word of its log. */
  readonly onLine: (line: string) => void;
  /** It ended after it had been started. Every mapping it held will be gone. */
  readonly onGone: (error: ServerGoneError) => void;
}

/** A running server process, spoken with on its stdin and stdout. */
export class Server {
  readonly #process: ChildProcess;
  readonly #connection: MessageConnection;
  readonly #gone: Promise<ServerGoneError>;
  #isWanted = true;

  /** Starts the server and shakes hands; throws a {@linkcode ServerGoneError} with the reason if that fails. */
  static async start(command: ServerCommand, events: ServerEvents): Promise<Server> {
    const server = new Server(command, events);
    // The server ends when the process of this id does, even if that is killed.
    const params = { clientInfo: { name: "portcontrol for VS Code" }, processId: process.pid };
    const answered = server.request("initialize", params).then(
      () => undefined,
      // If it has died, the reason is how it ended, and not that a request got no answer.
      (error: Error) => Promise.race([server.#gone, failure(error.message, 500)]),
    );
    const late = failure(`it did not answer within ${START_TIMEOUT / 1000} s`, START_TIMEOUT);
    const failed = await Promise.race([answered, server.#gone, late]);
    if (failed !== undefined) {
      server.#process.kill("SIGKILL");
      throw failed;
    }
    server.#gone.then((error) => {
      if (server.#isWanted) events.onGone(error);
    });
    return server;
  }

  private constructor({ program, args, needsDeno }: ServerCommand, { onLine }: ServerEvents) {
    // Not in the folder of the workspace, whose deno.json is none of the server's business.
    const child = spawn(program, args, { cwd: homedir(), stdio: ["pipe", "pipe", "pipe"] });
    this.#process = child;
    let lastWords = "";
    createInterface(child.stderr).on("line", (line) => {
      onLine(line);
      // Deno may end with where in Deno it was, which helps nobody.
      const isNoise = /trace:|^Stack backtrace|^\s*\d+: |^\s*$/.test(line);
      if (!isNoise) lastWords = `: ${line.trim()}`;
    });
    this.#gone = new Promise((resolve) => {
      child.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") return resolve(new ServerGoneError(error.message));
        const reason = needsDeno
          ? `Deno, which runs the server, is not installed, or not found as "${program}"`
          : `there is no program "${program}"`;
        resolve(new ServerGoneError(reason, needsDeno));
      });
      // Not "exit": by "close" the last words on stderr were read.
      child.on("close", (code, signal) => {
        const how = signal === null ? `it ended with exit code ${code}` : `it ended by ${signal}`;
        resolve(new ServerGoneError(how + lastWords));
      });
    });
    this.#connection = createMessageConnection(
      new StreamMessageReader(child.stdout),
      new StreamMessageWriter(child.stdin),
    );
    // What cannot be written or read any more is told by the end of the process.
    this.#connection.onError(([error]) => onLine(`connection: ${error.message}`));
    child.stdin.on("error", (error) => onLine(`stdin: ${error.message}`));
    // Requests that still wait are answered with an error.
    this.#gone.then(() => this.#connection.dispose());
    this.#connection.listen();
  }

  /** Sends a request; the token cancels it. */
  async request<M extends keyof Requests>(
    method: M,
    params: Requests[M][0],
    token?: CancellationToken,
  ): Promise<Requests[M][1]> {
    // An undefined one would count as a second param, and make them positional.
    const given = [params, token].filter((each) => each !== undefined);
    return await this.#connection.sendRequest<Requests[M][1]>(method, ...given);
  }

  /** Listens for a notification. */
  on<M extends keyof Notifications>(method: M, hear: (params: Notifications[M]) => void): void {
    this.#connection.onNotification(method, hear);
  }

  /** Ends the server: it deletes every mapping first. Never rejects. */
  async stop(): Promise<void> {
    this.#isWanted = false;
    const ended = this.#gone.then(() => {});
    const polite = this.request("shutdown", undefined)
      .then(() => this.#connection.sendNotification("exit"))
      .catch(() => {}); // It is gone already, and that is all that is wanted.
    await Promise.race([Promise.all([polite, ended]), sleep(STOP_TIMEOUT)]);
    this.#process.stdin?.end();
    await Promise.race([ended, sleep(1_000)]);
    this.#process.kill("SIGKILL");
  }
}

/** A server that is not in the cache yet is downloaded first. */
const START_TIMEOUT = 60_000;
/** VS Code gives an extension five seconds to end. */
const STOP_TIMEOUT = 3_500;

async function failure(reason: string, after: number): Promise<ServerGoneError> {
  await sleep(after);
  return new ServerGoneError(reason);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
