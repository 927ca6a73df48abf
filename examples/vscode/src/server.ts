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
import { downloadFailure, type ServerCommand } from "./server_command.ts";

/** The server could not be started, or has ended by itself. */
export class ServerGoneError extends Error {
  override readonly name = "ServerGoneError";
  /** Whether Deno was not found. */
  readonly needsDeno: boolean;

  constructor(reason: string, needsDeno = false) {
    super(reason);
    this.needsDeno = needsDeno;
  }
}

/** Callbacks of a server. */
export interface ServerEvents {
  /** A line of its stderr: a datagram or its log. */
  readonly onLine: (line: string) => void;
  /** It has ended after its start; its mappings will expire. */
  readonly onGone: (error: ServerGoneError) => void;
}

/** A running server process, connected by its stdin and stdout. */
export class Server {
  readonly #process: ChildProcess;
  readonly #connection: MessageConnection;
  readonly #gone: Promise<ServerGoneError>;
  #isWanted = true;

  /**
   * Starts the server and sends `initialize`.
   *
   * @throws {ServerGoneError} If that fails.
   */
  static async start(command: ServerCommand, events: ServerEvents): Promise<Server> {
    const server = new Server(command, events);
    // The server ends with the process of this id, even if that is killed.
    const params = { clientInfo: { name: "portcontrol for VS Code" }, processId: process.pid };
    const answered = server.request("initialize", params).then(
      () => undefined,
      // If the process has ended, its exit is the reason, rather than the missing response.
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

  private constructor(command: ServerCommand, { onLine }: ServerEvents) {
    const { program, args, needsDeno } = command;
    // Not in the folder of the workspace, whose deno.json would apply to the server.
    const child = spawn(program, args, { cwd: homedir(), stdio: ["pipe", "pipe", "pipe"] });
    this.#process = child;
    let lastLine = "";
    createInterface(child.stderr).on("line", (line) => {
      onLine(line);
      // Deno may end with a backtrace of its own code.
      const isNoise = /trace:|^Stack backtrace|^\s*\d+: |^\s*$/.test(line);
      if (!isNoise) lastLine = line.trim();
    });
    this.#gone = new Promise((resolve) => {
      child.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") return resolve(new ServerGoneError(error.message));
        const reason = needsDeno
          ? `Deno, which runs the server, is not installed, or not found as "${program}"`
          : `there is no program "${program}"`;
        resolve(new ServerGoneError(reason, needsDeno));
      });
      // "close" comes after the last line of stderr, "exit" may come before it.
      child.on("close", (code, signal) => {
        const how = signal === null ? `it ended with exit code ${code}` : `it ended by ${signal}`;
        const why = lastLine === "" ? how : `${how}: ${lastLine}`;
        resolve(new ServerGoneError(downloadFailure(command, lastLine) ?? why));
      });
    });
    this.#connection = createMessageConnection(
      new StreamMessageReader(child.stdout),
      new StreamMessageWriter(child.stdin),
    );
    // Errors of the streams are only logged: the end of the process follows.
    this.#connection.onError(([error]) => onLine(`connection: ${error.message}`));
    child.stdin.on("error", (error) => onLine(`stdin: ${error.message}`));
    // Rejects the pending requests.
    this.#gone.then(() => this.#connection.dispose());
    this.#connection.listen();
  }

  /** Sends a request; the token cancels it. */
  async request<M extends keyof Requests>(
    method: M,
    params: Requests[M][0],
    token?: CancellationToken,
  ): Promise<Requests[M][1]> {
    // An undefined token would count as a second param, and make the params positional.
    const given = [params, token].filter((each) => each !== undefined);
    return await this.#connection.sendRequest<Requests[M][1]>(method, ...given);
  }

  /** Listens for a notification. */
  on<M extends keyof Notifications>(method: M, hear: (params: Notifications[M]) => void): void {
    this.#connection.onNotification(method, hear);
  }

  /** Stops the server, which deletes every mapping first. Never rejects. */
  async stop(): Promise<void> {
    this.#isWanted = false;
    const ended = this.#gone.then(() => {});
    const polite = this.request("shutdown", undefined)
      .then(() => this.#connection.sendNotification("exit"))
      .catch(() => {}); // it has ended already
    await Promise.race([Promise.all([polite, ended]), sleep(STOP_TIMEOUT)]);
    this.#process.stdin?.end();
    await Promise.race([ended, sleep(1_000)]);
    this.#process.kill("SIGKILL");
  }
}

/** Milliseconds; a server that is not in Deno's cache is downloaded first. */
const START_TIMEOUT = 60_000;
/** Milliseconds; VS Code waits five seconds for an extension to end. */
const STOP_TIMEOUT = 3_500;

async function failure(reason: string, after: number): Promise<ServerGoneError> {
  await sleep(after);
  return new ServerGoneError(reason);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
