import type { Asked } from "./advice.ts";
import type { Command, ExitCode, Invocation } from "./command.ts";
import { CommandContext, SessionState } from "./command_context.ts";
import { connect, disconnect, trace } from "./commands/connection.ts";
import { leftovers, list, show, watch } from "./commands/list.ts";
import { renewMapping, requestMappings, revokeMappings } from "./commands/mapping.ts";
import { announce, diagnose, discover, external, prefix64, stats } from "./commands/server.ts";
import type { ReplClient } from "./repl_client.ts";
import { errorLines } from "./report.ts";
import type { Screen } from "./screen.ts";
import type { SessionParts } from "./session_parts.ts";
import { printable } from "./text.ts";
import { UsageError } from "./usage_error.ts";

/** What the prompt and scripts run their commands with. */
export interface CommandLoop {
  readonly session: CommandSession;
  readonly screen: Screen;
  /** Creates the signal that cancels the next command. */
  readonly nextSignal: () => AbortSignal;
  /** Aborted to end the program. */
  readonly exitSignal: AbortSignal;
}

/** Runs commands, one at a time, and prints their results. */
export class CommandSession {
  readonly #parts: SessionParts;
  readonly #state: SessionState;
  /** Those of the other clients of `--all`. */
  readonly #others: SessionState[] = [];

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#state = new SessionState({ json: parts.defaults.json === true, trace: false });
  }

  /** Whether `exit` was run. */
  get exitRequested(): boolean {
    return this.#state.exitRequested;
  }

  /** The current client. */
  get client(): ReplClient | undefined {
    return this.#state.client;
  }

  /** `pcp 192.168.1.1 [2]> `: the server and the number of mappings. */
  get prompt(): string {
    const { paint } = this.#parts.screen;
    if (this.client === undefined) return `${paint.bold("pcp")}> `;
    const { label, handle } = this.client;
    return `${paint.bold("pcp")} ${paint.cyan(printable(label))} [${handle.mappings.length}]> `;
  }

  /**
   * Runs the command that `parse` returns; prints its errors instead of throwing them.
   *
   * @param signal Aborted to cancel the command.
   * @param where Printed in front of errors: the line of a script.
   */
  async execute(
    parse: () => Invocation | undefined,
    signal: AbortSignal,
    where = "",
  ): Promise<ExitCode> {
    let json = this.#parts.defaults.json === true;
    let asked: Asked | undefined;
    try {
      const invocation = parse();
      if (invocation === undefined) return 0;
      const { command } = invocation;
      asked = this.#askedBy(invocation);
      const context = this.#contextOf(invocation, this.#state, signal, asked);
      this.#state.output.json = json = context.options.json === true;
      if (context.options.trace === true) this.#state.output.trace = true;
      return context.options.all === true
        ? await this.#executeOnAll(invocation, context)
        : await dispatch(command, context);
    } catch (error) {
      this.report(error, json, where, asked);
      return error instanceof UsageError ? 2 : 1;
    }
  }

  /** Runs the command with a client of every gateway at once. */
  async #executeOnAll(invocation: Invocation, context: CommandContext): Promise<ExitCode> {
    const { command } = invocation;
    if (this.#parts.mode !== "once") {
      throw new UsageError("--all works on the command line only, type it after repl.ts");
    }
    const isHeld = "requestType" in command && command.requestType !== "once";
    const clients = await context.openAll(isHeld);
    const codes = await Promise.all(clients.map(async (client) => {
      const state = new SessionState(this.#state.output);
      state.client = client;
      this.#others.push(state);
      const own = this.#contextOf(invocation, state, context.signal, context.asked);
      try {
        return await dispatch(command, own);
      } catch (error) {
        own.reportTrouble(error);
        return 1;
      }
    }));
    return codes.some((code) => code !== 0) ? 1 : 0;
  }

  #contextOf(
    { command, options }: Invocation,
    state: SessionState,
    signal: AbortSignal,
    asked: Asked | undefined,
  ): CommandContext {
    const isLong = this.#isLongRunning(command);
    return new CommandContext(this.#parts, state, options, isLong, signal, asked);
  }

  /**
   * Shuts the client down and deletes every mapping, unless the command was to leave them open.
   *
   * @returns Whether every deletion was confirmed.
   */
  async end(): Promise<boolean> {
    const ended = await Promise.all([this.#state, ...this.#others].map(endState));
    return ended.every((isComplete) => isComplete);
  }

  /** Prints an error, and what to do about it. */
  report(
    error: unknown,
    json = this.#state.output.json,
    where = "",
    asked: Asked | undefined = undefined,
  ): void {
    const { screen, inspect } = this.#parts;
    const { paint, columns } = screen;
    screen.error(...errorLines(error, { json, paint, columns, inspect, where, asked }));
  }

  #askedBy({ command, options }: Invocation): Asked {
    const { mode, defaults } = this.#parts;
    const maps = "maps" in command ? command.maps : [];
    return {
      ports: maps.map(({ internalPort }) => internalPort),
      flags: "flags" in command ? command.flags : [],
      isPcpOnly: command.name === "announce" || command.name === "prefix64",
      forgetsNonce: mode === "once" && (options.state ?? defaults.state) === undefined,
    };
  }

  #isLongRunning(command: Command): boolean {
    return this.#parts.mode !== "once" || command.name === "diagnose" ||
      ("requestType" in command && command.requestType !== "once");
  }
}

async function endState(state: SessionState): Promise<boolean> {
  const { client, keepsMappings } = state;
  state.client = undefined;
  if (client === undefined) return true;
  if (!keepsMappings) return await client.close();
  await client.closeKeepingMappings();
  return true;
}

/** Commands that most runs do not use are loaded when they are run, so that the others start faster. */
async function dispatch(command: Command, context: CommandContext): Promise<ExitCode> {
  switch (command.name) {
    case "map":
    case "peer":
      return await requestMappings(command, context);
    case "renew":
      return await renewMapping(command, context);
    case "revoke":
      return await revokeMappings(command, context);
    case "leftovers":
      return await leftovers(context);
    case "list":
      return await list(context);
    case "show":
      return show(command, context);
    case "watch":
      return await watch(context);
    case "connect":
    case "simulate":
      return await connect(command, context);
    case "disconnect":
      return await disconnect(context);
    case "trace":
      return trace(command, context);
    case "discover":
      return await discover(context);
    case "announce":
      return await announce(context);
    case "external":
      return await external(context);
    case "prefix64":
      return await prefix64(context);
    case "stats":
      return await stats(context);
    case "diagnose":
      return await diagnose(context);
    case "js":
      return await (await import("./commands/js.ts")).evaluateCode(command, context);
    case "completions": {
      const { completionScript } = await import("./completions.ts");
      context.parts.screen.print(...completionScript(command.shell, command.program));
      return 0;
    }
    case "help":
      context.parts.screen.print(...(await import("./help.ts")).helpLines(command.topic));
      return 0;
    case "version": {
      const { versionLine } = await import("./help.ts");
      context.parts.screen.print(versionLine(context.options.json === true));
      return 0;
    }
    case "exit":
      context.state.exitRequested = true;
      return 0;
  }
}
