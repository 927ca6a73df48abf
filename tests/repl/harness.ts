/** A session without a terminal, with a client and a simulated router in virtual time. Its output is kept as lines. */

import { Client, type Network } from "../../mod.ts";
import * as library from "../../mod.ts";
// Loaded now, because loading takes real time and the clock is virtual.
import "../../src/client/trace.ts";
import "../../src/repl/help.ts";
import "../../src/repl/commands/js.ts";
import { resolveAddresses } from "../../src/client/network/addresses.ts";
import type { HostSurvey } from "../../src/client/network/network_watcher.ts";
import { loadUpnp } from "../../src/client/network/load_upnp.ts";
import { loadDiagnosis } from "../../src/client/diagnosis/load_diagnosis.ts";
import type { CommonOptions, ExitCode } from "../../src/repl/command.ts";
import type { HookResult } from "../../src/repl/hook.ts";
import { parseLine } from "../../src/repl/parse.ts";
import { Screen } from "../../src/repl/screen.ts";
import { CommandSession } from "../../src/repl/session.ts";
import { marksFor } from "../../src/repl/vscode.ts";
import {
  ManualClock,
  ServerHost,
  type ServerOptions,
  SimulatedServer,
} from "../../src/testing/mod.ts";
import { MemoryNetwork } from "../../src/transport/memory.ts";

export interface HarnessOptions {
  readonly mode?: "once" | "prompt" | "script";
  readonly defaults?: CommonOptions;
  readonly server?: ServerOptions;
  readonly live?: boolean;
  readonly colours?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** Whether the terminal shows block characters; it does by default. */
  readonly blocks?: boolean;
  /** The gateways that `--all` finds; the first one is that of a command without a server. */
  readonly gateways?: readonly string[];
  /** The machine whose network is watched. */
  readonly machine?: HostSurvey;
  readonly runProgram?: (
    program: readonly string[],
    variables: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ) => Promise<HookResult>;
}

/** Starts a router at 192.168.1.1, a host at 192.168.1.20, and a session on it. */
export async function startHarness(options: HarnessOptions = {}): Promise<Harness> {
  await Promise.all([loadDiagnosis(), loadUpnp()]);
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, latency: 1 });
  const server = new SimulatedServer({ assignPort: "same", ...options.server });
  const host = await ServerHost.start(network, clock, server, {
    hostname: "192.168.1.1",
    port: 5351,
  });
  return new Harness(clock, network, server, host, options);
}

export class Harness implements AsyncDisposable {
  readonly session: CommandSession;
  /** The output so far, without live lines. */
  readonly out: string[] = [];
  readonly errors: string[] = [];
  /** The output so far, with live lines and marks. */
  raw = "";
  /** The programs that were run. */
  readonly runs: { program: readonly string[]; variables: Readonly<Record<string, string>> }[] = [];

  /** Whether this host has no network yet: no socket can be opened on its address. */
  isOffline = false;

  readonly #network: Network = {
    name: "memory",
    open: (...args) =>
      this.isOffline
        ? Promise.reject(new Error("Cannot assign requested address"))
        : this.network.open(...args),
  };

  constructor(
    readonly clock: ManualClock,
    readonly network: MemoryNetwork,
    readonly server: SimulatedServer,
    readonly host: ServerHost,
    options: HarnessOptions,
  ) {
    const screen = new Screen({
      write: (text) => {
        this.raw += text;
        if (options.live !== true) this.out.push(...lines(text));
      },
      writeError: (text) => {
        this.raw += text;
        this.errors.push(...lines(text));
      },
      columns: () => options.columns ?? Infinity,
      rows: () => options.rows ?? Infinity,
      blocks: options.blocks ?? true,
      widthOf: (text) => [...text].length,
      live: options.live ?? false,
      colours: options.colours ?? false,
      marks: marksFor({ marks: false, progress: options.live ?? false }),
    });
    const gateways = (options.gateways ?? ["192.168.1.1"]).map((gateway) => ({
      family: "IPv4" as const,
      gateway,
      interface: "eth0\x1b[31m",
      client: "192.168.1.20",
      reason: "first: metric 100 precedes metric 600\x1b[2J",
    }));
    const runProgram = options.runProgram ??
      (() => Promise.resolve({ success: true, reason: "exit code 0" }));
    this.session = new CommandSession({
      screen,
      mode: options.mode ?? "script",
      defaults: {
        client: "192.168.1.20",
        ...(options.gateways === undefined ? { server: ["192.168.1.1"] } : {}),
        ...options.defaults,
      },
      clock,
      date: () => new Date(),
      startClient: async (client, server, more = {}) => {
        const { anycast = false, watch = {} } = more;
        const { clientAddress, serverAddresses } = await resolveAddresses(
          client,
          server,
          anycast,
          () => Promise.resolve(gateways),
        );
        const { machine: surveyor } = options;
        return await Client.start(String(clientAddress), serverAddresses.map(String), {
          ...more,
          ...(watch && surveyor !== undefined ? { watch: { ...watch, surveyor } } : {}),
          clock,
          network: this.#network,
        });
      },
      startAll: (more) =>
        Promise.all(
          gateways.map(({ client, gateway }) =>
            Client.start(client, gateway, { ...more, clock, network: this.#network })
          ),
        ),
      startGateway: (protocols, port) => {
        const gateway = new SimulatedServer({ assignPort: "same", protocols });
        return ServerHost.start(network, clock, gateway, {
          hostname: "127.0.0.1",
          port: port ?? 0,
        });
      },
      discover: () => Promise.resolve(gateways),
      runProgram: (program, variables, signal) => {
        this.runs.push({ program, variables });
        return runProgram(program, variables, signal);
      },
      inspect: (value) => Deno.inspect(value),
      library,
    });
  }

  /** Runs a line; the caller lets time pass. */
  start(line: string, signal = new AbortController().signal): Promise<ExitCode> {
    return this.session.execute(() => parseLine(line), signal);
  }

  /** Runs a line while so many seconds pass; returns its exit code. */
  async run(line: string, seconds = 2, signal = new AbortController().signal): Promise<ExitCode> {
    const done = this.start(line, signal);
    await this.clock.advance(seconds * 1000);
    return await done;
  }

  /** The output since the last call. */
  take(): string[] {
    return [...this.errors.splice(0), ...this.out.splice(0)];
  }

  /** Ends the session while ten seconds pass. */
  async end(): Promise<boolean> {
    const done = this.session.end();
    await this.clock.advance(10_000);
    return await done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    this.host.close();
  }
}

function lines(text: string): string[] {
  return text.split("\n").slice(0, -1);
}
