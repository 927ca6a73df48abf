import type { MapHandle } from "../../mod.ts";
import { adviceForNoAnswer } from "./advice.ts";
import type { CommonOptions } from "./command.ts";
import { type BackgroundOutput, ReplClient } from "./repl_client.ts";
import type { SessionParts } from "./session_parts.ts";
import { printableJson } from "./text.ts";
import { CommandError, usageErrorOf } from "./usage_error.ts";
import { TimeoutError, waitFor, type WaitOptions } from "./wait.ts";

/** What one command leaves to the next. */
export class SessionState {
  readonly output: BackgroundOutput;
  /** Set by `exit`. */
  exitRequested = false;
  /** Whether the mappings stay open when the session ends. */
  keepsMappings = false;
  #client: ReplClient | undefined;

  constructor(output: BackgroundOutput) {
    this.output = output;
  }

  /** The current client; one that `js` has shut down counts as disconnected. */
  get client(): ReplClient | undefined {
    if (this.#client?.handle.isShutDown === true) {
      this.#client.gateway?.close();
      this.#client = undefined;
    }
    return this.#client;
  }

  set client(client: ReplClient | undefined) {
    this.#client = client;
  }
}

/** What one command works with. */
export class CommandContext {
  readonly parts: SessionParts;
  readonly state: SessionState;
  /** The command's options, completed by the defaults of the session. */
  readonly options: CommonOptions;
  /** Aborted when the user cancels the command. */
  readonly signal: AbortSignal;
  readonly #ownOptions: CommonOptions;
  readonly #multicast: boolean;

  /**
   * @param ownOptions The command's options, without the defaults.
   * @param multicast Whether the client runs long enough to profit from multicast ANNOUNCE responses.
   */
  constructor(
    parts: SessionParts,
    state: SessionState,
    ownOptions: CommonOptions,
    multicast: boolean,
    signal: AbortSignal,
  ) {
    this.parts = parts;
    this.state = state;
    this.options = { ...parts.defaults, ...ownOptions };
    this.signal = signal;
    this.#ownOptions = ownOptions;
    this.#multicast = multicast;
  }

  /** The current client, or one that is started now. */
  async connect(): Promise<ReplClient> {
    const { client } = this.state;
    if (client === undefined) return await this.open(this.options, this.#multicast);
    if (client.matches(this.#ownOptions)) return client;
    throw new CommandError(
      `Already connected to ${client.serverText}: type disconnect first, then the command again`,
    );
  }

  /** Starts a client and makes it the current one. */
  async open(options: CommonOptions, multicast: boolean): Promise<ReplClient> {
    const { parts, state } = this;
    try {
      return state.client = await this.wait(
        (signal) => ReplClient.open(options, parts, state.output, { multicast, signal }),
        { timeout: undefined, text: () => "Starting the client" },
      );
    } catch (error) {
      throw usageErrorOf(error);
    }
  }

  /**
   * The mapping of an id.
   *
   * @throws {CommandError} If there is none.
   */
  findMapping(id: number): MapHandle {
    const { client } = this.state;
    const mapping = client?.find(id);
    if (mapping !== undefined) return mapping;
    const ids = client?.handle.mappings.map((each) => each.id) ?? [];
    throw new CommandError(
      ids.length === 0
        ? `There is no mapping ${id}: there are none, type "map 6000/tcp" to make one`
        : `There is no mapping ${id}: type one of ${ids.join(", ")}`,
    );
  }

  /** Waits with the screen, clock and signal of the command. */
  wait<T>(
    work: (signal: AbortSignal) => Promise<T>,
    options: Pick<WaitOptions, "timeout" | "text" | "onTick">,
  ): Promise<T> {
    const { parts: { screen, clock }, signal } = this;
    return waitFor(work, { screen, clock, signal, ...options });
  }

  /**
   * Waits for a response of the server.
   *
   * @throws {CommandError} If none came within the timeout.
   */
  async waitForServer<T>(
    client: ReplClient,
    work: (signal: AbortSignal) => Promise<T>,
    text = () => `Asking ${client.serverText}`,
  ): Promise<T> {
    const timeout = this.options.timeout ?? DEFAULT_TIMEOUT;
    try {
      return await this.wait(work, { timeout, text });
    } catch (error) {
      throw error instanceof TimeoutError ? noAnswerError(client, timeout) : error;
    }
  }

  /** Prints the value as one JSON object with `--json`, the lines otherwise. */
  print(value: unknown, ...lines: readonly string[]): void {
    this.parts.screen.print(...(this.options.json === true ? [printableJson(value)] : lines));
  }

  /** Prints lines that have no counterpart in JSON. */
  printText(...lines: readonly string[]): void {
    if (this.options.json !== true) this.parts.screen.print(...lines);
  }
}

function noAnswerError(client: ReplClient, seconds: number): CommandError {
  const { server, port } = client.handle;
  return new CommandError(
    `No answer from ${client.serverText} within ${seconds} s`,
    adviceForNoAnswer(server, port),
  );
}

/** Seconds: four transmissions, at 0, 3, 9 and 21 s (RFC 6887 section 8.1.1). */
const DEFAULT_TIMEOUT = 30;
