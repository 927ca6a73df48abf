import type { ClientOptions, MapHandle } from "../../mod.ts";
import { abortable } from "../abortable.ts";
import { type Asked, OTHER_GATEWAY } from "./advice.ts";
import type { CommonOptions } from "./command.ts";
import { type BackgroundOutput, ReplClient } from "./repl_client.ts";
import { errorLines } from "./report.ts";
import type { SessionParts } from "./session_parts.ts";
import { printableJson } from "./text.ts";
import { CommandError, usageErrorOf } from "./usage_error.ts";
import { FIRST_WORD, TimeoutError, VERDICT, waitFor, type WaitOptions } from "./wait.ts";

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
  /** What the command asks for, for advice. */
  readonly asked: Asked | undefined;
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
    asked?: Asked,
  ) {
    this.asked = asked;
    this.parts = parts;
    this.state = state;
    this.options = { ...parts.defaults, ...ownOptions };
    this.signal = signal;
    this.#ownOptions = ownOptions;
    this.#multicast = multicast;
  }

  /**
   * The current client, or one that is started now.
   *
   * @param waits Whether it is waited for until this host has a network.
   */
  async connect(waits = false): Promise<ReplClient> {
    const { client } = this.state;
    if (client === undefined) return await this.open(this.options, this.#multicast, waits);
    if (client.matches(this.#ownOptions)) return client;
    throw new CommandError(
      `Already connected to ${client.serverText}: type disconnect first, then the command again`,
    );
  }

  /**
   * Starts a client and makes it the current one.
   *
   * @param mayWait Whether it is waited for until this host has a network.
   */
  async open(
    options: CommonOptions,
    multicast: boolean,
    mayWait = false,
  ): Promise<ReplClient> {
    const { parts, state } = this;
    const waits = mayWait || options.waitForNetwork === true;
    const text = (): string => waits ? NO_NETWORK : "Starting the client";
    const more = this.#settings(multicast, waits);
    const cancelWord = this.#sayLater(text);
    try {
      return state.client = await this.wait(
        (signal) => ReplClient.open(options, parts, state.output, { ...more, signal }),
        { timeout: waits ? options.timeout : undefined, text },
      );
    } catch (error) {
      throw usageErrorOf(error);
    } finally {
      cancelWord();
    }
  }

  /** Starts a client of every gateway. */
  async openAll(mayWait: boolean): Promise<ReplClient[]> {
    const { parts, state, options } = this;
    const waits = mayWait || options.waitForNetwork === true;
    const text = (): string => waits ? NO_NETWORK : "Starting the clients";
    const more = this.#settings(this.#multicast, waits);
    const cancelWord = this.#sayLater(text);
    try {
      return await this.wait(
        (signal) => ReplClient.openAll(options, parts, state.output, { ...more, signal }),
        { timeout: waits ? options.timeout : undefined, text },
      );
    } finally {
      cancelWord();
    }
  }

  #settings(multicast: boolean, waits: boolean): ClientOptions {
    return {
      ...(multicast ? {} : { multicast: false }),
      ...(waits ? { waitForNetwork: true } : {}),
    };
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
   * Waits for a response of the gateway. There is a word after 3 s of silence. The verdict on the gateway, after 8 s, ends the
   * wait; where `--timeout` says how long to wait, or another address is left to ask, it is printed.
   *
   * @param isJudged Whether the command fails at the verdict.
   * @throws {GatewayError} If the gateway is silent, or refuses every protocol.
   * @throws {CommandError} If no response came within the timeout.
   */
  async waitForServer<T>(
    client: ReplClient,
    work: (signal: AbortSignal) => Promise<T>,
    text = () => `Waiting for ${client.gatewayText}`,
    isJudged = true,
  ): Promise<T> {
    const { parts: { clock }, options } = this;
    const others = client.otherServers;
    const timeout = options.timeout ?? DEFAULT_TIMEOUT + others * NEXT_SERVER;
    const isPatient = options.timeout !== undefined || others > 0;
    const judged = new AbortController();
    let isConcluded = false;
    const conclude = (verdict: Error): void => {
      if (!isJudged || isConcluded) return;
      isConcluded = true;
      if (!isPatient) return judged.abort(verdict);
      this.reportTrouble(verdict);
      if (others > 0) {
        this.notice("The next address is asked after four requests without an answer");
      }
    };
    const cancelVerdicts = client.takeVerdicts(conclude);
    // Of a gateway that was silent before no other verdict comes, and none after a question of PCP alone.
    const cancelVerdict = clock.alarm(clock.now() + VERDICT, () => {
      if (client.handle.gateway.state !== "answers") {
        conclude(client.verdict ?? silentInPcp(client));
      }
    });
    const cancelWord = this.#sayLater(text);
    try {
      return await this.wait((signal) => {
        const ending = AbortSignal.any([signal, judged.signal]);
        return abortable(work(ending), ending);
      }, { timeout, text });
    } catch (error) {
      throw error instanceof TimeoutError ? noAnswerError(client, timeout, isConcluded) : error;
    } finally {
      cancelVerdicts();
      cancelVerdict();
      cancelWord();
    }
  }

  /** Prints trouble that does not end the command, and what to do about it. */
  reportTrouble(error: unknown): void {
    const { screen, inspect } = this.parts;
    const json = this.options.json === true;
    const { paint, columns } = screen;
    const { asked } = this;
    screen.error(...errorLines(error, { json, paint, columns, inspect, where: "", asked }));
  }

  /** Prints a line about what is waited for on standard error. */
  notice(text: string): void {
    const { screen } = this.parts;
    screen.error(this.options.json === true ? printableJson({ notice: text }) : text);
  }

  /** Where no live line shows what is waited for, it is printed after the first seconds. */
  #sayLater(text: () => string): () => void {
    const { screen, clock } = this.parts;
    if (screen.isLive) return () => {};
    return clock.alarm(clock.now() + FIRST_WORD, () => this.notice(text()));
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

function silentInPcp({ handle: { server } }: ReplClient): CommandError {
  return new CommandError(
    `Nothing at ${server} answers in PCP: if that is the router, switch on UPnP, NAT-PMP or PCP in its settings`,
    `"diagnose" asks in every protocol; ${OTHER_GATEWAY}`,
  );
}

/** @param isExplained Whether the verdict on the gateway was printed. */
function noAnswerError(client: ReplClient, seconds: number, isExplained: boolean): CommandError {
  return new CommandError(
    `No answer from ${client.serversText} within ${seconds} s`,
    isExplained ? undefined : OTHER_GATEWAY,
  );
}

const NO_NETWORK = "Waiting for a network: this host has no route, or no address yet";

/** Seconds, of a gateway that answers but not this: four transmissions, at 0, 3, 9 and 21 s (RFC 6887 section 8.1.1). */
const DEFAULT_TIMEOUT = 30;

/** Seconds until the next address is asked, at the latest: four transmissions and their waits (RFC 7488 section 3). */
const NEXT_SERVER = 55;
