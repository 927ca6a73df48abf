import type { Client, Clock, discover, Protocol } from "../../mod.ts";
import type { ServerHost } from "../testing/mod.ts";
import type { CommonOptions } from "./command.ts";
import type { RunProgram } from "./hook.ts";
import type { ServiceManager } from "./service_manager.ts";
import type { Screen } from "./screen.ts";

/** The terminal, clock, sockets and programs that a session works with. */
export interface SessionParts {
  readonly screen: Screen;
  /** `once` for one command of the command line. */
  readonly mode: "once" | "prompt" | "script";
  /** Options of every command that does not set them itself. */
  readonly defaults: CommonOptions;
  readonly clock: Clock;
  readonly date: () => Date;
  readonly startClient: typeof Client.start;
  readonly startAll: typeof Client.startAll;
  /** Starts a simulated gateway on loopback that speaks the protocols. */
  readonly startGateway: (
    protocols: readonly Protocol[],
    port: number | undefined,
  ) => Promise<ServerHost>;
  readonly discover: typeof discover;
  /** The service manager that started this program, if any. */
  readonly service?: ServiceManager | undefined;
  readonly runProgram: RunProgram;
  /** Formats a value, in colour where colours are on. */
  readonly inspect: (value: unknown) => string;
  /** The library's exports, for `js`. */
  readonly library: Readonly<Record<string, unknown>>;
}
