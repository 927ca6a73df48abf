import type { TraceEvent } from "../../mod.ts";
import type { Command, CommonOptions, Invocation } from "./command.ts";
import { addressed, ReplClient } from "./repl_client.ts";
import { timelineLines } from "./tracked_mapping.ts";
import {
  type CommandContext,
  DEFAULT_TIMEOUT,
  findMapping,
  look,
  openMapping,
  renewMapping,
  revokeMappings,
  silence,
  watchMappings,
} from "./mapping_commands.ts";
import { errorLines } from "./report.ts";
import { detailFields, fieldLines, tableLines } from "./render.ts";
import type { SessionParts } from "./session_parts.ts";
import { clockTime, printable, printableLines } from "./text.ts";
import { CancelledError, CommandError, UsageError, usageErrorOf } from "./usage_error.ts";
import { abortable, TimeoutError, waitFor } from "./wait.ts";

/** What a program says when it ends: 0 done, 1 failed, 2 not understood. */
export type ExitCode = 0 | 1 | 2;

/** Carries out commands, one at a time, and prints what becomes of them. Knows no terminal. */
export class Session {
  readonly #parts: SessionParts;
  #connection: ReplClient | undefined;
  #tracing = false;
  #leaves = false;
  #mappingsStay = false;
  #json: boolean;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#json = parts.defaults.json === true;
  }

  /** Whether a command asked to leave. */
  get leaves(): boolean {
    return this.#leaves;
  }

  /** The client of the moment. What was shut down by `js` counts as left. */
  get connection(): ReplClient | undefined {
    if (this.#connection?.handle.isShutDown === true) {
      this.#connection.gateway?.close();
      this.#connection = undefined;
    }
    return this.#connection;
  }

  /** Carries out what `read` gives; errors are printed, not thrown. */
  async execute(
    read: () => Invocation | undefined,
    signal: AbortSignal,
    where = "",
  ): Promise<ExitCode> {
    let json = this.#parts.defaults.json === true;
    try {
      const invocation = read();
      if (invocation === undefined) return 0;
      const options = { ...this.#parts.defaults, ...invocation.options };
      json = options.json === true;
      return await this.#run(invocation, options, signal);
    } catch (error) {
      this.report(error, json, where);
      return error instanceof UsageError ? 2 : 1;
    }
  }

  /**
   * Deletes every mapping, with a word about each, or leaves them where the command was to do so.
   *
   * @returns Whether everything that was to be deleted is.
   */
  async end(): Promise<boolean> {
    const connection = this.connection;
    this.#connection = undefined;
    if (connection === undefined) return true;
    if (!this.#mappingsStay) return await connection.close(this.#parts.clock);
    await connection.leave();
    return true;
  }

  /** Prints an error, and what to do about it. */
  report(error: unknown, json = this.#json, where = ""): void {
    const { screen, inspect } = this.#parts;
    screen.error(...errorLines(error, { json, paint: screen.paint, inspect, where }));
  }

  async #run(
    { command, options: own }: Invocation,
    options: CommonOptions,
    signal: AbortSignal,
  ): Promise<ExitCode> {
    const { screen } = this.#parts;
    this.#json = options.json === true;
    const circumstances = async (): Promise<CommandContext> => ({
      parts: this.#parts,
      connection: await this.#connect(own, options, command, signal),
      options,
      signal,
    });
    switch (command.name) {
      case "map":
      case "peer": {
        const outcome = await openMapping(command, await circumstances());
        this.#mappingsStay = outcome.stays;
        return outcome.done ? 0 : 1;
      }
      case "renew":
        findMapping(command.id, this.connection);
        await renewMapping(command, await circumstances());
        return 0;
      case "revoke":
        if (command.id !== "all") findMapping(command.id, this.connection);
        // An earlier run may have left some in the state file.
        if (this.connection === undefined && options.state === undefined) {
          return this.#say("No mappings to delete", options);
        }
        await revokeMappings(command, await circumstances());
        return 0;
      case "watch":
        if (this.connection === undefined) return this.#list(options);
        await watchMappings(await circumstances());
        return 0;
      case "list":
        if (options.state !== undefined) await circumstances(); // tells what an earlier run left
        return this.#list(options);
      case "show":
        return this.#show(command.id, options);
      case "connect":
      case "simulate":
        return await this.#reconnect(command, options, signal);
      case "disconnect":
        return await this.#disconnect(options);
      case "discover":
        return await this.#discover(options, signal);
      case "announce":
        return await this.#announce(await circumstances());
      case "external":
        return await this.#external(await circumstances());
      case "diagnose":
        return await this.#diagnose(await circumstances());
      case "trace":
        this.#tracing = command.on;
        return this.#say(`Datagrams are ${command.on ? "" : "not "}printed from now on`, options);
      case "js":
        return await this.#js(command.code, own, options, signal);
      case "help":
        screen.print(...(await import("./help.ts")).helpLines(command.topic));
        return 0;
      case "version":
        screen.print((await import("./help.ts")).versionLine(this.#json));
        return 0;
      case "exit":
        this.#leaves = true;
        return 0;
    }
  }

  /** The connection there is, or a new one. */
  async #connect(
    own: CommonOptions,
    options: CommonOptions,
    command: Command,
    signal: AbortSignal,
  ): Promise<ReplClient> {
    const existing = this.connection;
    if (existing !== undefined) {
      if (existing.fits(own)) return existing;
      throw new CommandError(
        `Already connected to ${existing.place}: type disconnect first, then the command again`,
      );
    }
    const isQuick = this.#parts.mode === "once" &&
      ("requestType" in command ? command.requestType === "once" : command.name !== "connect");
    return this.#connection = await this.#open(options, !isQuick, signal);
  }

  async #open(
    options: CommonOptions,
    multicast: boolean,
    signal: AbortSignal,
  ): Promise<ReplClient> {
    const { screen, clock } = this.#parts;
    const opening = (ending: AbortSignal): Promise<ReplClient> =>
      ReplClient.open(options, this.#parts, {
        json: () => this.#json,
        onTrace: this.#parts.mode === "once" ? undefined : (event) => this.#trace(event),
        multicast,
        signal: ending,
      });
    try {
      return await waitFor(opening, {
        screen,
        clock,
        signal,
        timeout: undefined,
        text: () => "Starting the client",
      });
    } catch (error) {
      throw usageErrorOf(error);
    }
  }

  async #reconnect(
    command: Command,
    options: CommonOptions,
    signal: AbortSignal,
  ): Promise<ExitCode> {
    const { screen, mode } = this.#parts;
    const existing = this.connection;
    if (existing !== undefined) {
      throw new CommandError(`Already connected to ${existing.place}: type disconnect first`);
    }
    const connection = this.#connection = await this.#open(
      addressed(command, options),
      true,
      signal,
    );
    const { client, server, port } = connection.handle;
    if (options.json === true) screen.print(JSON.stringify({ client, server, port }));
    else screen.print(`Connected to ${connection.place} as ${client}`);
    if (mode === "once" && command.name === "simulate") {
      if (options.json !== true) screen.print(screen.paint.dim("Ctrl-C ends it"));
      await abortable(new Promise<never>(() => {}), signal).catch(() => {
        // The only way to end is the one that was asked for.
      });
    }
    return 0;
  }

  async #disconnect(options: CommonOptions): Promise<ExitCode> {
    const connection = this.connection;
    if (connection === undefined) return this.#say("Not connected", options);
    this.#connection = undefined;
    const complete = await connection.close(this.#parts.clock);
    this.#say(`Disconnected from ${connection.place}`, options);
    return complete ? 0 : 1;
  }

  #list(options: CommonOptions): ExitCode {
    const { screen, date } = this.#parts;
    const mappings = (this.connection?.handle.mappings ?? []).map((each) => each.toJSON());
    if (options.json === true) {
      for (const mapping of mappings) screen.print(JSON.stringify(mapping));
    } else screen.print(...tableLines(mappings, date(), look(this.#parts)));
    return 0;
  }

  #show(id: number, options: CommonOptions): ExitCode {
    const { screen, date } = this.#parts;
    const mapping = findMapping(id, this.connection);
    const followed = this.connection?.followed.get(id);
    const { timeline = [], hook = undefined } = followed ?? {};
    if (options.json === true) {
      screen.print(JSON.stringify({ ...mapping.toJSON(), timeline }));
      return 0;
    }
    const fields = detailFields(mapping.toJSON(), date(), screen.paint);
    screen.print(
      ...fieldLines(hook === undefined ? fields : [...fields, hook.field], look(this.#parts)),
      ...(timeline.length === 0 ? [] : [screen.paint.dim("history")]),
      ...timelineLines(timeline, date()).map((line) => `  ${line}`),
    );
    return 0;
  }

  async #discover(options: CommonOptions, signal: AbortSignal): Promise<ExitCode> {
    const { screen, clock } = this.#parts;
    const found = await waitFor(() => this.#parts.discover(), {
      screen,
      clock,
      signal,
      timeout: options.timeout,
      text: () => "Looking for gateways",
    });
    if (found.length === 0) {
      throw new CommandError(
        "This host has no default gateway",
        "Connect to a network, or use --simulate to go without a router",
      );
    }
    for (const { family, gateway, interface: name, client } of found) {
      screen.print(
        options.json === true
          ? JSON.stringify({ family, gateway, interface: name, client })
          : `${family}  gateway ${gateway}  interface ${printable(name)}  this host ${client}`,
      );
    }
    return 0;
  }

  async #announce(circumstances: CommandContext): Promise<ExitCode> {
    const { screen, date } = this.#parts;
    const { connection, options } = circumstances;
    const answer = await this.#ask(
      circumstances,
      (signal) => connection.handle.announce({ signal }),
    );
    const now = date();
    const since = clockTime(new Date(now.getTime() - answer.epoch * 1000), now);
    screen.print(
      options.json === true
        ? JSON.stringify(answer)
        : `${connection.place} is alive: it has known its mappings since ${since}, and answered in ${
          answer.roundTrip.toFixed(1)
        } ms`,
    );
    return 0;
  }

  async #external(circumstances: CommandContext): Promise<ExitCode> {
    const { connection, options } = circumstances;
    const externalAddress = await this.#ask(
      circumstances,
      (signal) => connection.handle.externalAddress({ signal }),
    );
    this.#parts.screen.print(
      options.json === true ? JSON.stringify({ externalAddress }) : externalAddress,
    );
    return 0;
  }

  async #diagnose(circumstances: CommandContext): Promise<ExitCode> {
    const { connection: { handle }, options } = circumstances;
    const diagnosis = await this.#ask(circumstances, (signal) => handle.diagnose({ signal }));
    if (options.json === true) this.#parts.screen.print(JSON.stringify(diagnosis));
    else {
      const { diagnosisLines } = await import("./diagnosis_lines.ts");
      this.#parts.screen.print(...diagnosisLines(diagnosis, look(this.#parts)));
    }
    return diagnosis.findings.some(({ level }) => level === "problem") ? 1 : 0;
  }

  async #ask<T>(
    { connection, options, signal }: CommandContext,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { screen, clock } = this.#parts;
    const timeout = options.timeout ?? DEFAULT_TIMEOUT;
    try {
      const text = (): string => `Asking ${connection.place}`;
      return await waitFor(work, { screen, clock, signal, timeout, text });
    } catch (error) {
      throw error instanceof TimeoutError ? silence(connection, timeout) : error;
    }
  }

  async #js(
    code: string,
    own: CommonOptions,
    options: CommonOptions,
    signal: AbortSignal,
  ): Promise<ExitCode> {
    const { screen, library, inspect } = this.#parts;
    if (/\b(handle|mappings|gateway)\b/.test(code)) {
      await this.#connect(own, options, { name: "js", code }, signal);
    }
    const { evaluate } = await import("./javascript.ts");
    const handle = this.connection?.handle;
    const value = await abortable(
      evaluate(code, {
        ...library,
        handle,
        mappings: handle?.mappings ?? [],
        gateway: this.connection?.gateway,
      }),
      signal,
    ).catch((error: unknown) => {
      if (signal.aborted) throw new CancelledError();
      throw error;
    });
    if (options.json === true) screen.print(JSON.stringify(value) ?? "null");
    else if (value !== undefined) screen.print(...printableLines(inspect(value)));
    return 0;
  }

  #trace({ direction, remote, text, ignored }: TraceEvent): void {
    const { screen } = this.#parts;
    if (!this.#tracing) return;
    if (this.#json) {
      const event = { direction, remote, text, ...(ignored === undefined ? {} : { ignored }) };
      return screen.print(JSON.stringify(event));
    }
    const arrow = direction === "sent" ? "->" : "<-";
    const reason = ignored === undefined ? "" : screen.paint.yellow(` ignored: ${ignored}`);
    screen.print(`${screen.paint.dim(`${arrow} ${printable(text)}`)}${reason}`);
  }

  #say(text: string, { json }: CommonOptions): ExitCode {
    if (json !== true) this.#parts.screen.print(text);
    return 0;
  }
}
