import {
  type Alert,
  type ClientOptions,
  GatewayError,
  type Handle,
  type MapHandle,
  type TraceEvent,
} from "../../mod.ts";
import type { ServerHost } from "../testing/mod.ts";
import { clientOptionsOf, fits, SHUTDOWN_TIMEOUT } from "./client_settings.ts";
import type { CommonOptions } from "./command.ts";
import { Hook, type HookFailure } from "./hook.ts";
import { internalText } from "./render.ts";
import type { Leftover } from "./leftover.ts";
import { errorLines } from "./report.ts";
import type { SessionParts } from "./session_parts.ts";
import { clockTime, endpoint, printable, printableJson } from "./text.ts";
import { TrackedMapping } from "./tracked_mapping.ts";

/** How the client prints what arrives between commands: alerts, errors, datagrams. */
export interface BackgroundOutput {
  /** One JSON object a line. */
  json: boolean;
  /** Print every datagram. */
  trace: boolean;
}

/** A client, the simulated gateway that it may own, and the mappings requested at the prompt. */
export class ReplClient {
  readonly handle: Handle;
  /** The simulated gateway of `--simulate`. */
  readonly gateway: ServerHost | undefined;
  /** By mapping id; ended mappings stay while there is room ({@linkcode MAX_TRACKED}). */
  readonly tracked = new Map<number, TrackedMapping>();
  readonly #parts: SessionParts;
  readonly #output: BackgroundOutput;
  readonly #options: CommonOptions;
  /** Called with verdicts on the gateway. */
  readonly #judges = new Set<(verdict: GatewayError) => void>();
  #verdict: GatewayError | undefined;
  readonly #leftoverIds = new Map<string, Leftover["id"]>();

  private constructor(
    handle: Handle,
    gateway: ServerHost | undefined,
    parts: SessionParts,
    output: BackgroundOutput,
    options: CommonOptions,
  ) {
    this.handle = handle;
    this.gateway = gateway;
    this.#parts = parts;
    this.#output = output;
    this.#options = options;
    void this.#printErrors();
    if (parts.mode !== "once") this.printLeftovers();
  }

  /** Starts a client, with `--simulate` after a simulated gateway. */
  static async open(
    options: CommonOptions,
    parts: SessionParts,
    output: BackgroundOutput,
    more: ClientOptions,
  ): Promise<ReplClient> {
    const { client, server, port, simulate } = options;
    const settings = { ...clientOptionsOf(options), ...tracing(options, parts, output), ...more };
    const gateway = simulate === undefined ? undefined : await parts.startGateway(simulate, port);
    try {
      const handle = gateway === undefined
        ? await parts.startClient(client, server, settings)
        : await parts.startClient(gateway.local.hostname, gateway.local.hostname, {
          ...settings,
          port: gateway.local.port,
        });
      return new ReplClient(handle, gateway, parts, output, options);
    } catch (error) {
      gateway?.close();
      throw error;
    }
  }

  /** Starts a client of every gateway of this host. */
  static async openAll(
    options: CommonOptions,
    parts: SessionParts,
    output: BackgroundOutput,
    more: ClientOptions,
  ): Promise<ReplClient[]> {
    const settings = { ...clientOptionsOf(options), ...tracing(options, parts, output), ...more };
    const handles = await parts.startAll(settings);
    return handles.map((handle) => new ReplClient(handle, undefined, parts, output, options));
  }

  /** The server as the prompt shows it. */
  get label(): string {
    return this.gateway === undefined ? this.handle.server : "simulated";
  }

  /** The server and its port as messages show them. */
  get serverText(): string {
    const text = this.#withPort(this.handle.server);
    return this.gateway === undefined ? text : `the simulated gateway at ${text}`;
  }

  /** All servers that are asked in turn, as messages show them. */
  get serversText(): string {
    const { server = [] } = this.#options;
    return server.length < 2 ? this.serverText : this.#withPort(server.join(" or "));
  }

  /** The same within a sentence. */
  get gatewayText(): string {
    return this.gateway === undefined ? `the gateway at ${this.serverText}` : this.serverText;
  }

  /** Whether the client has the addresses, port and other settings of the options; missing ones match. */
  matches(options: CommonOptions): boolean {
    const { server, client, port, simulate } = options;
    return (server === undefined || server.includes(this.handle.server) ||
      String(server) === String(this.#options.server)) &&
      (client ?? this.handle.client) === this.handle.client &&
      (simulate === undefined || this.gateway !== undefined) &&
      (port ?? this.handle.port) === this.handle.port &&
      fits(options, this.#options);
  }

  /** How many addresses are asked after the first, while that is silent (RFC 7488, RFC 7723 section 2.1). */
  get otherServers(): number {
    const { server, anycast = false } = this.#options;
    if (this.gateway !== undefined) return 0;
    return server === undefined ? Number(anycast) : server.length - 1;
  }

  /** Records the alerts of a mapping, and runs a program for it. */
  track(mapping: MapHandle, program: readonly string[] | undefined): TrackedMapping {
    const { runProgram: run, clock, date } = this.#parts;
    const onFailure = (failure: HookFailure): void =>
      this.#printFailure(mapping, program ?? [], failure);
    const hook = program === undefined ? undefined : new Hook(program, { run, clock, onFailure });
    for (const [id, { mapping: old }] of this.tracked) {
      if (this.tracked.size >= MAX_TRACKED && old.isOver) this.tracked.delete(id);
    }
    const tracked = new TrackedMapping(mapping, hook, date);
    this.tracked.set(mapping.id, tracked);
    return tracked;
  }

  /** Prints the alerts of a mapping from now on. Resolves when the mapping is over. */
  async printAlerts(tracked: TrackedMapping): Promise<void> {
    for await (const alert of tracked.alerts()) this.printAlert(tracked, alert);
  }

  /** Prints one alert, if it is worth a line. */
  printAlert(tracked: TrackedMapping, alert: Alert): void {
    const { screen } = this.#parts;
    if (this.#output.json) {
      return screen.print(printableJson({ mappingId: tracked.mapping.id, alert }));
    }
    const line = tracked.describe(alert, screen.paint);
    if (line !== undefined) screen.print(line);
  }

  /** A mapping as `--json` prints it: with what is known of its gateway. */
  json(mapping: MapHandle): object {
    const { gateway, server } = this.handle;
    return {
      ...mapping.toJSON(),
      gateway,
      ...(this.#options.all === true ? { server } : {}),
    };
  }

  /** The mappings that an earlier run left, by ids that stay the same in this session. */
  get leftovers(): readonly Leftover[] {
    return this.handle.leftovers.map((mapping) => {
      const id = this.#leftoverIds.get(mapping.nonce) ?? `L${this.#leftoverIds.size + 1}` as const;
      this.#leftoverIds.set(mapping.nonce, id);
      return { id, mapping };
    });
  }

  /** The last verdict on the gateway, unless it has answered since. */
  get verdict(): GatewayError | undefined {
    const { state } = this.handle.gateway;
    return state === "silent" || state === "refuses" ? this.#verdict : undefined;
  }

  /** Passes verdicts on the gateway to `onVerdict` instead of printing them, until the result is called. */
  takeVerdicts(onVerdict: (verdict: GatewayError) => void): () => void {
    this.#judges.add(onVerdict);
    return () => this.#judges.delete(onVerdict);
  }

  /** The mapping of an id, whether `map`, `peer` or `js` requested it. */
  find(id: number): MapHandle | undefined {
    return this.tracked.get(id)?.mapping ??
      this.handle.mappings.find((mapping) => mapping.id === id);
  }

  /**
   * Deletes every mapping, prints a line about each, and shuts the client down.
   *
   * @returns Whether every deletion was confirmed.
   */
  async close(): Promise<boolean> {
    const { screen, clock } = this.#parts;
    const open = this.handle.mappings.map((mapping) => ({ mapping, before: mapping.toJSON() }));
    const late = new Set<MapHandle>();
    // shutdown() ends every mapping at its timeout, so the unconfirmed ones are collected just before.
    const cancel = clock.alarm(clock.now() + SHUTDOWN_TIMEOUT - 50, () => {
      for (const { mapping } of open) if (!mapping.isOver) late.add(mapping);
    });
    if (open.length > 0) screen.live(["Releasing the mappings"]);
    const hooksEnded = this.#endHooks();
    const { unconfirmed } = await this.handle.shutdown();
    // A gateway that has never answered has most likely mapped nothing.
    const isSilent = this.handle.protocol === undefined;
    cancel();
    screen.live();
    await hooksEnded;
    if (!this.#output.json && !isSilent) {
      for (const { mapping, before } of open) {
        screen.print(this.#releaseText(mapping, before, late.has(mapping)));
      }
    }
    this.gateway?.close();
    return isSilent || unconfirmed === 0;
  }

  #withPort(text: string): string {
    const { port } = this.handle;
    return port === STANDARD_PORT ? text : `${text} port ${port}`;
  }

  /** Shuts the client down and leaves the mappings open. */
  async closeKeepingMappings(): Promise<void> {
    await this.#endHooks();
    await this.handle.shutdown({ keep: true });
    this.gateway?.close();
  }

  #releaseText(
    mapping: MapHandle,
    before: ReturnType<MapHandle["toJSON"]>,
    isLate: boolean,
  ): string {
    const { assigned, expiresAt } = before;
    const { screen, date } = this.#parts;
    const external = assigned === null
      ? ""
      : ` at ${endpoint(assigned.externalAddress, assigned.externalPort)}`;
    const name = `mapping ${mapping.id} (${internalText(before)}${external})`;
    const end = expiresAt === null ? "soon" : `at ${clockTime(new Date(expiresAt), date())}`;
    if (isLate) return screen.paint.yellow(`Not confirmed: ${name} ends by itself ${end}`);
    return mapping.kind === "outbound"
      ? `Released ${name}, it expires by itself ${end}`
      : `Released ${name}`;
  }

  /** The mappings are released meanwhile. */
  async #endHooks(): Promise<void> {
    await Promise.all([...this.tracked.values()].map(({ hook }) => hook?.end()));
  }

  #printFailure(
    mapping: MapHandle,
    program: readonly string[],
    { reason, isLoss, isStopped }: HookFailure,
  ): void {
    const name = `the program of mapping ${mapping.id}: "${printable(program.join(" "))}"`;
    const end = isLoss ? "" : "; the mapping stays open";
    this.#parts.screen.error(
      isStopped
        ? `Stopped ${name} did not end by itself`
        : `Cannot run ${name} ended with ${printable(reason)}${end}`,
    );
  }

  async #printErrors(): Promise<void> {
    const { screen, inspect } = this.#parts;
    for await (const error of this.handle.errors()) {
      if (error instanceof GatewayError) {
        this.#verdict = error;
        for (const judge of this.#judges) judge(error);
        if (this.#judges.size > 0) continue;
      }
      const { paint, columns } = screen;
      const json = this.#output.json;
      const options = { json, paint, columns, inspect, where: "", colour: "yellow" } as const;
      screen.error(...errorLines(error, options));
    }
  }

  /** Mentions what an earlier run left. */
  printLeftovers(): void {
    const { length } = this.leftovers;
    if (length === 0 || this.#output.json) return;
    const which = length === 1 ? "1 mapping is" : `${length} mappings are`;
    // Not on standard output, whose first line is the external address.
    this.#parts.screen.error(
      `${which} left from an earlier run, see "leftovers": request the same to continue, or revoke it`,
    );
  }
}

/** Decoding every datagram takes time, and a command that runs once cannot turn the trace on later. */
function tracing(
  { trace }: CommonOptions,
  parts: SessionParts,
  output: BackgroundOutput,
): Pick<ClientOptions, "onTrace"> {
  if (parts.mode === "once" && trace !== true) return {};
  return { onTrace: (event) => printTrace(event, parts, output) };
}

/** On standard error for a command that runs once, whose standard output has the result only. */
function printTrace(
  event: TraceEvent,
  { screen, mode }: SessionParts,
  output: BackgroundOutput,
): void {
  if (!output.trace) return;
  const { direction, remote, text, ignored } = event;
  const print = (line: string): void => mode === "once" ? screen.error(line) : screen.print(line);
  if (output.json) {
    return print(
      printableJson({ direction, remote, text, ...(ignored === undefined ? {} : { ignored }) }),
    );
  }
  const arrow = direction === "sent" ? "->" : "<-";
  const reason = ignored === undefined ? "" : screen.paint.yellow(` ignored: ${ignored}`);
  print(`${screen.paint.dim(`${arrow} ${printable(text)}`)}${reason}`);
}

/** RFC 6887 section 19.1. */
const STANDARD_PORT = 5351;

/** Ended mappings are kept for `show` up to this many mappings in all. */
const MAX_TRACKED = 100;
